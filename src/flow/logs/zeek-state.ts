import { Protocol } from '../../net/protocol.ts';
import type { FlowState } from '../flow.ts';
import { isIcmp } from './values.ts';

/**
 * What `conn_state` says of a TCP connection (Zeek's documentation of Conn::Info). Logged is a connection that has ended or
 * that Zeek has given up to watch, so that one without an answer has timed out.
 */
const tcpStates: Readonly<Record<string, FlowState>> = {
  S0: 'timed-out',
  S1: 'established',
  S2: 'established',
  S3: 'established',
  SF: 'closed',
  REJ: 'refused',
  RSTO: 'closed',
  RSTR: 'closed',
  RSTOS0: 'aborted',
  RSTRH: 'closed',
  SH: 'timed-out',
  SHR: 'closed',
  OTH: 'established',
};

/** Whether it is a state that Zeek has. */
export function isZeekState(state: string): boolean {
  return Object.hasOwn(tcpStates, state);
}

/**
 * How far a connection came by its `conn_state`; without one, by what was counted. Others than TCP have no handshake: one with packets both
 * ways is established, one without an answer is unanswered, whatever Zeek calls it.
 */
export function stateFromZeek(
  state: string | undefined,
  protocol: number,
  counts: { readonly sent: number; readonly received: number } | undefined,
): FlowState {
  if (protocol === Protocol.Tcp) {
    if (state !== undefined) return tcpStates[state] ?? 'attempted';
    return counts !== undefined && counts.received > 0 ? 'established' : 'attempted';
  }
  if (counts !== undefined) return counts.received > 0 ? 'established' : 'unanswered';
  if (state === undefined) return 'attempted';
  return state === 'SF' || state === 'SHR' ? 'established' : 'unanswered';
}

/** Returns the `conn_state` that comes next to what a flow says. */
export function stateToZeek(
  state: FlowState,
  protocol: number,
  isPreexisting: boolean,
): keyof typeof tcpStates {
  if (isIcmp(protocol)) return 'OTH';
  if (protocol !== Protocol.Tcp) return state === 'established' || state === 'closed' ? 'SF' : 'S0';
  if (state === 'established') return isPreexisting ? 'OTH' : 'S1';
  if (state === 'closed') return 'SF';
  if (state === 'refused') return 'REJ';
  return state === 'aborted' ? 'RSTOS0' : 'S0';
}
