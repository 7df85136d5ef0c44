import { isMulticast } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type { Flow, FlowChange } from './flow.ts';

/** A flow and why it is handed on. */
export interface FlowStep {
  readonly flow: Flow;
  readonly change: FlowChange;
}

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
      { flow: asOpen({ ...flow, state: 'established' }), change: 'decided' },
      { flow, change },
    ];
  if (change === 'part') return [{ flow, change }];
  return [{ flow: { ...flow, closedAt: flow.closedAt ?? flow.lastAt ?? flow.openedAt }, change: 'decided' }];
}

/** Returns the flow as it was while it went on: whoever counts what is over does not count it. */
export function asOpen({ closedAt: _closedAt, endReason: _endReason, ...flow }: Flow): Flow {
  return flow;
}

/** Whether what is handed on is over, or a part that is: what it counted is told then, or as `counted` later, and only then. */
export function isOver({ closedAt }: Flow, change: FlowChange): boolean {
  return change === 'closed' || change === 'part' || (change === 'decided' && closedAt !== undefined);
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
