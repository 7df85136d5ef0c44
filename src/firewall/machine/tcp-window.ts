import type { TcpHeader } from './wire-packet.ts';

/** What one end of a connection has sent, and may send (Guido van Rooij, Real Stateful TCP Packet Filtering in IP Filter, 2001). */
export interface Sender {
  /** Sequence number after the last byte that it has sent. */
  end: number;
  /** Up to which sequence number the other end lets it send. */
  limit: number;
  /** The largest window that it has offered; 0 before its first segment. */
  window: number;
  scale: number;
  offersScale: boolean;
  /** Highest acknowledgement that it has sent. */
  acknowledged: number | undefined;
  /** Its numbers are not held against it: the connection was taken up in its middle. */
  isLiberal: boolean;
}

/** Whether a segment belongs: `ignored` ones pass and change nothing. */
export type WindowVerdict = 'in' | 'ignored' | 'invalid';

/** Acknowledgements may lag by this much at least. */
const leastLag = 66_000;

/** Returns an end of which nothing was seen. */
export function unseen(isLiberal = false): Sender {
  return { end: 0, limit: 0, window: 0, scale: 0, offersScale: false, acknowledged: undefined, isLiberal };
}

/** Returns the sequence number after a segment: SYN and FIN count as a byte each (RFC 9293 §3.4). */
export function endOf({ sequence, payload, flags }: TcpHeader): number {
  return (sequence + payload + (flags & 2 ? 1 : 0) + (flags & 1 ? 1 : 0)) >>> 0;
}

/** Tells whether x comes before y on the circle of sequence numbers. */
export function isBefore(x: number, y: number): boolean {
  return ((x - y) | 0) < 0;
}

/** Begins with the first segment of a connection, or with one from its middle. */
export function begin(sender: Sender, tcp: TcpHeader): void {
  sender.end = endOf(tcp);
  sender.window = Math.max(1, tcp.window);
  if (tcp.flags & 2) {
    sender.limit = sender.end;
    readOptions(sender, tcp);
  } else sender.limit = (sender.end + sender.window) >>> 0;
}

/**
 * Holds a segment against what both ends have sent, and notes what it adds (nf_conntrack_proto_tcp.c, tcp_in_window).
 * `isAnswer` tells the direction, `isOpening` that the handshake is not over.
 */
export function holdAgainst(
  sender: Sender,
  receiver: Sender,
  tcp: TcpHeader,
  {
    isAnswer,
    isOpening,
    isAsked,
  }: { readonly isAnswer: boolean; readonly isOpening: boolean; readonly isAsked: boolean },
): WindowVerdict {
  const isSyn = (tcp.flags & 2) !== 0;
  const hasAck = (tcp.flags & 16) !== 0;
  const isReset = (tcp.flags & 4) !== 0;
  let sequence = tcp.sequence;
  let end = endOf(tcp);
  const isFirst = sender.window === 0;
  if (isFirst || (isSyn && isBefore(sender.end, end) && isOpening)) {
    meet(sender, receiver, tcp, end, isAnswer);
    // Both have sent a SYN at the same time (RFC 9293 §3.5).
    if (isSyn && !hasAck && isAnswer) return 'in';
  }
  const isBare = !hasAck || (isReset && tcp.acknowledgement === 0);
  const acknowledged = isBare ? receiver.end : tcp.acknowledgement;
  if (isReset && sequence === 0 && isAsked) sequence = end = sender.end;
  const verdict = place(sender, receiver, sequence, end, acknowledged);
  if (verdict === 'overshot') sender.end = end;
  if (verdict !== 'in') {
    // What is taken up in its middle passes, and says nothing.
    if (sender.isLiberal) return 'in';
    return verdict === 'invalid' ? 'invalid' : 'ignored';
  }
  note(sender, receiver, tcp, end, acknowledged);
  return 'in';
}

function place(
  sender: Sender,
  receiver: Sender,
  sequence: number,
  end: number,
  acknowledged: number,
): WindowVerdict | 'overshot' {
  const lag = Math.max(sender.window, leastLag);
  const acknowledgesSent = isBefore(acknowledged, receiver.end + 1);
  const isRecent = isBefore(receiver.end - lag - 1, acknowledged);
  const isAboveLower = isBefore(sender.end - receiver.window - 1, end);
  if (!isBefore(sequence, sender.limit + 1)) {
    const overshot = (end - sender.limit + 1) >>> 0;
    const isSlight = receiver.window > 0 && isAboveLower && overshot <= receiver.window;
    return isSlight && isRecent && acknowledgesSent ? 'overshot' : 'invalid';
  }
  if (!acknowledgesSent) return 'invalid';
  return (receiver.window === 0 || isAboveLower) && isRecent ? 'in' : 'ignored';
}

/** The first segment of this direction. */
function meet(sender: Sender, receiver: Sender, tcp: TcpHeader, end: number, isAnswer: boolean): void {
  sender.end = end;
  if (tcp.flags & 2) {
    sender.limit = end;
    sender.window = Math.max(1, tcp.window);
    readOptions(sender, tcp);
    if (isAnswer && !(sender.offersScale && receiver.offersScale)) sender.scale = receiver.scale = 0;
    return;
  }
  sender.window = Math.max(1, tcp.window * 2 ** sender.scale);
  sender.limit = (end + sender.window) >>> 0;
  if (receiver.window === 0) receiver.end = receiver.limit = tcp.acknowledgement;
  else if (tcp.acknowledgement === (receiver.end + 1) >>> 0) receiver.end = tcp.acknowledgement;
}

function note(sender: Sender, receiver: Sender, tcp: TcpHeader, end: number, acknowledged: number): void {
  const window = tcp.flags & 2 ? tcp.window : tcp.window * 2 ** sender.scale;
  sender.window = Math.max(sender.window, window);
  if (isBefore(sender.end, end)) sender.end = end;
  if (tcp.flags & 16) {
    const known = sender.acknowledged;
    if (known === undefined || isBefore(known, acknowledged)) sender.acknowledged = acknowledged;
  }
  if (receiver.window !== 0 && isBefore(sender.limit, end)) receiver.window += (end - sender.limit) >>> 0;
  const limit = (acknowledged + window) >>> 0;
  if (isBefore(receiver.limit - 1, limit)) receiver.limit = window === 0 ? (limit + 1) >>> 0 : limit;
}

function readOptions(sender: Sender, { scale }: TcpHeader): void {
  sender.scale = Math.min(14, scale ?? 0);
  sender.offersScale = scale !== undefined;
}
