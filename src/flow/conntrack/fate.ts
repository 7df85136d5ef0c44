import { Protocol } from '../../net/protocol.ts';
import type { EndReason, FlowState } from '../flow.ts';
import { SctpTrack, Status, TcpTrack } from './entry.ts';

/**
 * Whether a conversation is complete, as the tracker of connections sees it: TCP and SCTP after their handshakes, which the kernel
 * marks as assured or tells by the state; anything else once an answer was seen (net/netfilter/nf_conntrack_proto_*.c).
 */
export function isEstablished(protocol: number, status: number, tcp: number, sctp: number): boolean {
  if ((status & Status.Assured) !== 0) return true;
  if (protocol === Protocol.Tcp) return tcp >= TcpTrack.Established && tcp <= TcpTrack.TimeWait;
  if (protocol === Protocol.Sctp)
    return sctp >= SctpTrack.Established && sctp <= SctpTrack.ShutdownAckSent && answered(status);
  return answered(status);
}

/** Whether TCP says that nothing more comes, although the kernel keeps the entry for a while. */
export function isOver(tcp: number): boolean {
  return tcp === TcpTrack.TimeWait || tcp === TcpTrack.Close;
}

/**
 * What became of a conversation that was never complete and whose entry is gone. A RST in answer to the first SYN ends the entry at once,
 * before it counts as answered (tcp_packet in nf_conntrack_proto_tcp.c); so does one of the initiator's own, which only the counters tell
 * apart. `replyPackets` is -1 when nobody counts.
 */
export function fateOf(protocol: number, status: number, tcp: number, replyPackets: number): FlowState {
  if (protocol !== Protocol.Tcp && protocol !== Protocol.Sctp) return 'unanswered';
  if (protocol === Protocol.Tcp && tcp === TcpTrack.Close)
    return !answered(status) && replyPackets !== 0 ? 'refused' : 'aborted';
  return 'timed-out';
}

/** Why the kernel removed an entry; `remaining` are the seconds that it still had to live, -1 for none or not told. */
export function endReasonOf(protocol: number, tcp: number, sctp: number, remaining: number): EndReason {
  if (protocol === Protocol.Tcp && tcp >= TcpTrack.FinWait && tcp <= TcpTrack.Close) return 'end';
  if (protocol === Protocol.Sctp && (sctp === SctpTrack.Closed || sctp >= SctpTrack.ShutdownSent))
    return 'end';
  return remaining > 0 ? 'forced' : 'idle';
}

function answered(status: number): boolean {
  return (status & Status.SeenReply) !== 0;
}
