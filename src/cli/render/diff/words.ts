import type { Outcome, Reason } from '../../../flow/verdict.ts';
import type { AddressSet } from '../../../net/address-set.ts';
import { formatPrefix } from '../../../net/prefix.ts';
import { type ChangeClass, type ChangedEnd, changeClass, shownEnd } from '../../../posture/diff/diff.ts';
import type { ExplainedChange, Packet } from '../../../posture/diff/explain.ts';
import type { PortsOf } from '../../../posture/diff/transitions.ts';
import { type ReachEnd, reachEndText } from '../../../posture/reach/end.ts';
import type { workloadName } from '../../../segmentation/model.ts';

/** Prefixes of a range of addresses that are told one by one. */
const maxPrefixes = 4;

/** Returns the end in a few words: a name, or the addresses. */
export function endWords(end: ChangedEnd): string {
  const shown = shownEnd(end);
  return shown.kind === 'external' ? rangeWords(shown.range) : reachEndText(shown);
}

function rangeWords(range: AddressSet): string {
  const prefixes = range.prefixes().map(formatPrefix);
  const ranges = prefixes.slice(0, maxPrefixes).join(', ');
  return prefixes.length > maxPrefixes
    ? `${ranges} and ${prefixes.length - maxPrefixes} more ranges`
    : ranges;
}

/** Returns e.g. `TCP 80,443, UDP 53`, or `everything`. */
export function portsWords(ports: readonly PortsOf[]): string {
  if (ports.length === 3 && ports.every((one) => one.ports.isAll)) return 'everything';
  return ports.map(({ protocol, ports: set }) => `${protocol} ${set.isAll ? 'all ports' : set}`).join(', ');
}

/** Returns e.g. `shop/web → shop/api TCP 8080`. */
export function packetWords({ source, destination, protocol, port }: Packet): string {
  return `${source} → ${destination} ${protocol} ${port}`;
}

/** What a person reads of one side of a change: the outcome, why, and where that stands. */
export interface SideWords {
  readonly outcome: Outcome;
  readonly text: string;
  readonly place: string | undefined;
}

/** Returns why the example fares as it does in one of the two sets. */
export function sideWords(change: ExplainedChange, side: 'before' | 'after'): SideWords {
  const outcome = side === 'before' ? change.from : change.to;
  const reason = change.why[side];
  // The verdict on the one example may know more than the matrix, e.g. of the host's firewall.
  if (reason !== undefined) return { outcome: reason.outcome, text: reason.text, place: placeOf(reason) };
  const absent = [change.source, change.destination].find((end) => end[side] === undefined);
  if (absent !== undefined) {
    const named = endWords(absent);
    const text = side === 'before' ? `${named} was not declared` : `${named} is not declared any more`;
    const { place } = declaredAt(shownEnd(absent));
    return { outcome, text, place };
  }
  return { outcome, text: 'by the declared controls as a whole', place: entryPlace(change, side) };
}

function placeOf({ span }: Reason): string | undefined {
  return span && `${span.file}:${span.start.line}:${span.start.column}`;
}

function entryPlace(change: ExplainedChange, side: 'before' | 'after'): string | undefined {
  const end = change.source[side];
  return end && declaredAt(end).place;
}

function declaredAt(end: ReachEnd): { readonly place: string | undefined } {
  const span =
    end.kind === 'workload' ? end.workload.source.span : end.kind === 'entry' ? end.span : undefined;
  return { place: span && `${span.file}:${span.start.line}:${span.start.column}` };
}

/** Returns e.g. `2 connections gained, 1 lost, none unknown; 1 workload added`. */
export function summaryWords(
  changes: readonly Pick<ExplainedChange, 'from' | 'to'>[],
  added: readonly Parameters<typeof workloadName>[0][],
  removed: readonly Parameters<typeof workloadName>[0][],
): string {
  const counts: Record<ChangeClass, number> = { gained: 0, lost: 0, unknown: 0 };
  for (const change of changes) counts[changeClass(change)]++;
  const workloads = [
    ...(added.length > 0 ? [`${added.length} added`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ];
  const also = workloads.length > 0 ? `; workloads: ${workloads.join(', ')}` : '';
  if (changes.length === 0) return `no connection differs${also}`;
  const { gained, lost, unknown } = counts;
  const parts = [
    `${gained} gained`,
    `${lost} lost`,
    ...(unknown > 0 ? [`${unknown} became or ceased to be unknown`] : []),
  ];
  return `connections: ${parts.join(', ')}${also}`;
}
