import type { Outcome } from '../../flow/verdict.ts';
import { AddressSet } from '../../net/address-set.ts';
import type { Workload } from '../../segmentation/model.ts';
import type { Declared } from '../posture.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import type { ReachRow } from '../reach/matrix.ts';
import { declaredAddresses } from './example.ts';
import { compareOutside } from './outside.ts';
import { reachRows } from './rows.ts';
import { EndNumbers, endsOf, Side } from './side.ts';
import { closed, type PortsOf, type Transition, TransitionCache } from './transitions.ts';

/** One end as each of the two sets declares it; absent where it does not; never absent in both. */
export interface ChangedEnd {
  readonly before?: ReachEnd;
  readonly after?: ReachEnd;
}

/** Ports between two ends on which the answer changed. */
export interface ConnectionChange {
  readonly source: ChangedEnd;
  readonly destination: ChangedEnd;
  readonly from: Outcome;
  readonly to: Outcome;
  /** Protocols with at least one such port. */
  readonly ports: readonly PortsOf[];
}

/** gained: now allowed, and was denied; lost: the reverse; unknown: it became or ceased to be unknown. */
export type ChangeClass = 'gained' | 'lost' | 'unknown';

/** How what is allowed differs between two postures. */
export interface PostureDiff {
  readonly added: readonly Workload[];
  readonly removed: readonly Workload[];
  /** In the order gained, lost, unknown; then by the names of the ends. */
  readonly changes: readonly ConnectionChange[];
}

const classes: readonly ChangeClass[] = ['gained', 'lost', 'unknown'];
const ranks: Readonly<Record<Outcome, number>> = { deny: 0, unknown: 1, allow: 2 };

/** Returns what kind of change it is. */
export function changeClass({ from, to }: Pick<ConnectionChange, 'from' | 'to'>): ChangeClass {
  if (from === 'unknown' || to === 'unknown') return 'unknown';
  return to === 'allow' ? 'gained' : 'lost';
}

/** Whether more may be allowed than before, going by deny < unknown < allow; what is not known is not taken for closed. */
export function mayOpen({ from, to }: Pick<ConnectionChange, 'from' | 'to'>): boolean {
  return ranks[to] > ranks[from];
}

/** Returns the end as the later of the two sets declares it. */
export function shownEnd({ before, after }: ChangedEnd): ReachEnd {
  return (after ?? before) as ReachEnd;
}

/** Returns every connection that the two postures answer differently, with exact ports and addresses. */
export function diffPostures(before: Declared, after: Declared): PostureDiff {
  return {
    added: without(after, before),
    removed: without(before, after),
    changes: diffRows(
      reachRows(before),
      reachRows(after),
      declaredAddresses(before).union(declaredAddresses(after)),
    ),
  };
}

/** Workloads of the first set that the other lacks, in their order. */
function without({ inventory }: Declared, other: Declared): Workload[] {
  const key = ({ kind, namespace, name }: Workload) => `${kind}/${namespace.name}/${name}`;
  const known = new Set(other.inventory.workloads.map(key));
  return inventory.workloads.filter((workload) => !known.has(key(workload)));
}

/**
 * Returns how two matrices differ; a pair that one of them lacks is closed there. Addresses of `inside` belong to what is
 * declared, and are no part of the outside.
 */
export function diffRows(
  before: Iterable<ReachRow>,
  after: Iterable<ReachRow>,
  inside: AddressSet = AddressSet.empty,
): ConnectionChange[] {
  const numbers = new EndNumbers();
  const [old, now] = [new Side(before, numbers), new Side(after, numbers)];
  const cache = new TransitionCache();
  const changes: ConnectionChange[] = [];
  const end = (number: number): ChangedEnd => {
    const [was, is] = [old.ends.get(number), now.ends.get(number)];
    return { ...(was === undefined ? {} : { before: was }), ...(is === undefined ? {} : { after: is }) };
  };
  const add = (source: ChangedEnd, destination: ChangedEnd, { from, to, ports }: Transition) =>
    changes.push({ source, destination, from, to, ports });
  const compare = (pair: number, transitions: readonly Transition[]) => {
    const [source, destination] = endsOf(pair);
    for (const transition of transitions) add(end(source), end(destination), transition);
  };
  for (const [pair, ports] of now.pairs) compare(pair, cache.get(old.pairs.get(pair) ?? closed, ports));
  for (const [pair, ports] of old.pairs) if (!now.pairs.has(pair)) compare(pair, cache.get(ports, closed));
  for (const key of new Set([...old.outside.keys(), ...now.outside.keys()])) {
    const [was, is] = [old.outside.get(key), now.outside.get(key)];
    const { partner, inbound } = (is ?? was) as NonNullable<typeof is>;
    for (const { range, transition } of compareOutside(was?.pieces ?? [], is?.pieces ?? [], cache)) {
      const rest = range.subtract(inside);
      if (rest.isEmpty) continue;
      const outside: ReachEnd = { kind: 'external', range: rest };
      const addresses = { before: outside, after: outside };
      if (inbound) add(addresses, end(partner), transition);
      else add(end(partner), addresses, transition);
    }
  }
  return inOrder(changes);
}

function inOrder(changes: readonly ConnectionChange[]): ConnectionChange[] {
  const rows = changes.map((change) => ({
    change,
    rank: classes.indexOf(changeClass(change)),
    text: `${endText(change.source)}\0${endText(change.destination)}`,
  }));
  rows.sort((x, y) => x.rank - y.rank || (x.text < y.text ? -1 : x.text > y.text ? 1 : 0));
  return rows.map(({ change }) => change);
}

/** Names before addresses, so that what is inside stands together. */
function endText(end: ChangedEnd): string {
  const shown = shownEnd(end);
  return `${shown.kind === 'external' ? '\uffff' : ''}${reachEndText(shown)}`;
}
