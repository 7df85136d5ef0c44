import type { FlowState, Traffic } from './flow.ts';

const rst = 4;

/**
 * Whether the destination itself was heard to answer, as far as counts tell that somebody between the ends has made: what
 * `Flow.reachedDestination` is for such flows. A RST is no answer: a filter on the way sends it as well.
 */
export function isAnswered(state: FlowState, received: Traffic | undefined): boolean {
  if (received === undefined || state === 'refused' || state === 'unreachable') return false;
  const { packets, bytes, tcpFlags = 0 } = received;
  return packets > 1 || ((packets === 1 || bytes > 0) && (tcpFlags & rst) === 0);
}
