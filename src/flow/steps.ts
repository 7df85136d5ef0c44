import { isMulticast } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { Flow, FlowChange, FlowState } from './flow.ts';

/** A flow and why it is handed on. */
export interface FlowStep {
  readonly flow: Flow;
  readonly change: FlowChange;
}

type Writable = { -readonly [Name in keyof Flow]: Flow[Name] };

/**
 * Returns the steps in which a flow is handed on that is told when it, or a part of it, is over: as somebody would have told it who had
 * watched it all the time. First its fate, unless that was told before (`isDecided`) or it has none, see {@link isContact}; then its
 * end or part. Of a conversation that never came about the fate is the end.
 */
export function stepsAtEnd(flow: Flow, isDecided = (flow.part ?? 1) > 1): readonly FlowStep[] {
  const change = flow.endReason === 'active' ? 'part' : 'closed';
  if (isDecided || !isContact(flow)) return [{ flow, change }];
  if (flow.state === 'closed' || flow.state === 'established')
    return [
      { flow: asOpen(flow, 'established'), change: 'decided' },
      { flow, change },
    ];
  if (change === 'part') return [{ flow, change }];
  return [{ flow: { ...flow, closedAt: flow.closedAt ?? flow.lastAt ?? flow.openedAt }, change: 'decided' }];
}

/**
 * Returns the flow as it was while it went on, without its end, so that whoever counts what is over does not count it; in another state
 * where one is given.
 */
export function asOpen(flow: Flow, state: FlowState = flow.state): Flow {
  // Field by field: this is done for each flow that ends, and a rest of an object takes several times as long.
  const open: Writable = {
    id: flow.id,
    protocol: flow.protocol,
    source: flow.source,
    destination: flow.destination,
    state,
    seenBy: flow.seenBy,
    openedAt: flow.openedAt,
    reachedDestination: flow.reachedDestination,
    preexisting: flow.preexisting,
  };
  if (flow.lastAt !== undefined) open.lastAt = flow.lastAt;
  if (flow.observation !== undefined) open.observation = flow.observation;
  if (flow.sent !== undefined) open.sent = flow.sent;
  if (flow.received !== undefined) open.received = flow.received;
  if (flow.establishedAt !== undefined) open.establishedAt = flow.establishedAt;
  if (flow.icmp !== undefined) open.icmp = flow.icmp;
  if (flow.vlans !== undefined) open.vlans = flow.vlans;
  if (flow.tunnel !== undefined) open.tunnel = flow.tunnel;
  if (flow.names !== undefined) open.names = flow.names;
  if (flow.translated !== undefined) open.translated = flow.translated;
  if (flow.verdict !== undefined) open.verdict = flow.verdict;
  if (flow.part !== undefined) open.part = flow.part;
  if (flow.awaitsCounts !== undefined) open.awaitsCounts = flow.awaitsCounts;
  if (flow.communityId !== undefined) open.communityId = flow.communityId;
  return open;
}

/** Whether what is handed on is over, or a part that is: what it counted is told then, or as `counted` later, and only then. */
export function isOver({ closedAt }: Flow, change: FlowChange): boolean {
  return change === 'closed' || change === 'part' || (change === 'decided' && closedAt !== undefined);
}

/** Whether what was counted of a flow, or of a part of it, is told with this, and not yet or once more: who sums up bytes adds these. */
export function isCounted(flow: Flow, change: FlowChange): boolean {
  return change === 'counted' || (isOver(flow, change) && flow.awaitsCounts !== true);
}

/**
 * Whether it is a contact with one end whose fate is known: not the first half of a conversation, nothing sent to many at once, which
 * nobody need answer, and of ICMP questions only.
 */
export function isContact({ state, destination, protocol, icmp }: Flow): boolean {
  if (state === 'attempted') return false;
  const { family, d } = destination.address;
  if (isMulticast(destination.address) || (family === 4 && d === 0xffffffff)) return false;
  if (protocol === Protocol.Icmp) return icmp === undefined || [8, 13, 15, 17].includes(icmp.type);
  return protocol !== Protocol.Icmpv6 || icmp === undefined || icmp.type === 128;
}

/** Returns how many flows, and parts of long ones, are over with the given steps. */
export function countOver(steps: readonly FlowStep[]): number {
  let count = 0;
  for (const { flow, change } of steps) if (isOver(flow, change)) count++;
  return count;
}
