import { Bit, State, stateMask } from './flow-rows.ts';

/** Flags of a TCP header (RFC 9293 §3.1). */
export const Tcp = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16 } as const;

const bothFins = Bit.FinFromSource | Bit.FinFromDestination;
const bothSynAcks = Bit.SynAckFromSource | Bit.SynAckFromDestination;
const bothSent = Bit.Asked | Bit.Answered;

/**
 * Returns the bits of a TCP flow after one more segment with the flags `tcp` (RFC 9293 §3.3.2, as far as somebody between the ends can
 * tell; sequence numbers are not checked).
 *
 * - established: the source has acknowledged the answer to its SYN (which need not have been seen itself), or got data; both have
 *   acknowledged a simultaneous open. Without a SYN: both ends have sent, or one has sent data twice.
 * - refused: RST from the destination before that. aborted: RST from the source before that.
 * - closed: FIN from both ends, or RST, of what was established.
 */
export function afterSegment(bits: number, tcp: number, bySource: boolean, hasPayload: boolean): number {
  const state = bits & stateMask;
  const isOpening = state === State.Attempted || state === State.Unreachable;
  if ((tcp & Tcp.Rst) !== 0) {
    if (state === State.Established) return withState(bits, State.Closed);
    if (!isOpening) return bits;
    if (!bySource)
      return withState(bits, (bits & (Bit.Asked | Bit.Handshake)) === 0 ? State.Closed : State.Refused);
    return withState(bits, (bits & Bit.Handshake) === 0 ? State.Closed : State.Aborted);
  }
  let next = bits | (bySource ? Bit.Asked : Bit.Answered);
  if ((tcp & Tcp.Fin) !== 0) next |= bySource ? Bit.FinFromSource : Bit.FinFromDestination;
  const isSyn = (tcp & Tcp.Syn) !== 0;
  const isAck = (tcp & Tcp.Ack) !== 0;
  if (isSyn && isAck) next |= bySource ? Bit.SynAckFromSource : Bit.SynAckFromDestination;
  if (isOpening) {
    let established: boolean;
    if ((next & Bit.Handshake) !== 0) {
      const acknowledged = bySource ? isAck && !isSyn : hasPayload && !isSyn;
      established = acknowledged || (next & bothSynAcks) === bothSynAcks;
    } else {
      established = (next & bothSent) === bothSent || (hasPayload && (bits & Bit.Payload) !== 0);
      if (hasPayload) next |= Bit.Payload;
    }
    if (established) next = withState(next, State.Established) | Bit.TcpEstablished;
  }
  if ((next & bothFins) === bothFins && (next & stateMask) === State.Established)
    next = withState(next, State.Closed);
  return next;
}

/** Returns the bits with another state. */
export function withState(bits: number, state: number): number {
  return (bits & ~stateMask) | state;
}
