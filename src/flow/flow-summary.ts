import { protocolName } from '../net/protocol.ts';
import type { End, Flow, FlowState } from './flow.ts';
import { type Amount, addTo, TopTalkers } from './top-talkers.ts';
import type { Outcome } from './verdict.ts';

/** Reasons of other tools for a denial that are told apart. */
const maxReasons = 64;
const otherReasons = 'other reasons';

/**
 * Sums over flows, each added once. Bytes and packets are those of both ways. All tables are bounded: protocols, verdicts and states by
 * how many there are, reasons and addresses by a limit.
 */
export class FlowSummary {
  readonly total: Amount = { flows: 0, packets: 0, bytes: 0 };
  readonly byProtocol = new Map<string, Amount>();
  readonly byVerdict = new Map<Outcome, Amount>();
  readonly byState = new Map<FlowState, Amount>();
  /** What the tool that told of the flow says it refused, by its reason. */
  readonly denied = new Map<string, Amount>();
  readonly sources = new TopTalkers();
  readonly destinations = new TopTalkers();
  /** First and last packet of all, ms since the epoch. */
  from = Number.POSITIVE_INFINITY;
  until = Number.NEGATIVE_INFINITY;

  /** Adds a flow as it was told, and what the posture says of it. */
  add(flow: Flow, judged: Flow): void {
    const packets = (flow.sent?.packets ?? 0) + (flow.received?.packets ?? 0);
    const bytes = (flow.sent?.bytes ?? 0) + (flow.received?.bytes ?? 0);
    // A flow that is told in parts is one all the same.
    const amount = { flows: (flow.part ?? 1) === 1 ? 1 : 0, packets, bytes };
    addTo(this.total, amount);
    count(this.byProtocol, protocolName(flow.protocol), amount);
    count(this.byVerdict, judged.verdict?.outcome ?? 'unknown', amount);
    count(this.byState, flow.state, amount);
    if (flow.verdict?.outcome === 'deny') this.#deny(flow.verdict.reasons[0]?.text ?? '', amount);
    this.sources.add(flow.source.address, nameOf(judged.source), amount);
    this.destinations.add(flow.destination.address, nameOf(judged.destination), amount);
    this.from = Math.min(this.from, flow.openedAt);
    this.until = Math.max(this.until, endOf(flow));
  }

  #deny(reason: string, amount: Amount): void {
    const isKnown = this.denied.has(reason) || this.denied.size < maxReasons;
    count(this.denied, isKnown ? reason : otherReasons, amount);
  }
}

/** When the last of it was seen. */
export function endOf({ lastAt, closedAt, establishedAt, openedAt }: Flow): number {
  return Math.max(openedAt, lastAt ?? closedAt ?? establishedAt ?? openedAt);
}

function nameOf({ identity }: End): string | undefined {
  return identity === undefined || identity.kind === 'unknown' || identity.kind === 'loopback'
    ? undefined
    : identity.name;
}

function count<K>(amounts: Map<K, Amount>, key: K, more: Amount): void {
  const amount = amounts.get(key);
  if (amount === undefined) amounts.set(key, { ...more });
  else addTo(amount, more);
}
