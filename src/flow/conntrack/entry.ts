/** What a message tells of an entry of the connection tracking table. */
export const EntryKind = {
  /** It has been made: an event. */
  New: 0,
  /** Something of it has changed: an event. */
  Update: 1,
  /** It has been removed: an event. */
  Destroy: 2,
  /** It is there: part of the answer to a request for the whole table. */
  Dump: 3,
} as const;

/** Bits of {@link ConntrackEntry.status} (`enum ip_conntrack_status`, linux/netfilter/nf_conntrack_common.h). */
export const Status = {
  Expected: 1,
  SeenReply: 2,
  Assured: 4,
  Confirmed: 8,
  SourceNat: 16,
  DestinationNat: 32,
  Dying: 512,
  Offload: 16_384,
} as const;

/** States of TCP as the tracker of connections has them (`enum tcp_conntrack`, linux/netfilter/nf_conntrack_tcp.h). */
export const TcpTrack = {
  None: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait: 4,
  CloseWait: 5,
  LastAck: 6,
  TimeWait: 7,
  Close: 8,
  /** Both ends have sent a SYN. */
  SynSent2: 9,
} as const;

/** States of SCTP (`enum sctp_conntrack`, linux/netfilter/nf_conntrack_sctp.h). */
export const SctpTrack = {
  None: 0,
  Closed: 1,
  CookieWait: 2,
  CookieEchoed: 3,
  Established: 4,
  ShutdownSent: 5,
  ShutdownReceived: 6,
  ShutdownAckSent: 7,
  HeartbeatSent: 8,
} as const;

/** Ends of a conversation as packets of one direction have them. Addresses are 32-bit lanes as in `net/address.ts`, IPv4 in lane 3. */
export class ConntrackTuple {
  readonly source = new Uint32Array(4);
  readonly destination = new Uint32Array(4);
  protocol = 0;
  /** 0 where the protocol has none. For GRE the key. */
  sourcePort = 0;
  destinationPort = 0;
  /** -1 for others than ICMP and ICMPv6. */
  icmpType = -1;
  icmpCode = 0;
  icmpId = 0;
  /** Zone of this direction alone; -1 where there is none. */
  zone = -1;

  clear(): void {
    this.source.fill(0);
    this.destination.fill(0);
    this.protocol = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.icmpType = -1;
    this.icmpCode = 0;
    this.icmpId = 0;
    this.zone = -1;
  }
}

/**
 * One message about an entry of the kernel's connection tracking. One object is filled again and again; whoever keeps something of it
 * copies it. What the message does not tell is -1. Times are milliseconds since the epoch by the kernel's wall clock.
 */
export class ConntrackEntry {
  /** One of {@link EntryKind}. */
  kind = 0;
  /** 4 or 6. */
  family = 0;
  /** As the packets of the initiator have the ends before NAT, and as those of the answer have them. */
  readonly original = new ConntrackTuple();
  readonly reply = new ConntrackTuple();
  /** Whether the message had the tuple of the answer. */
  hasReply = false;
  /** Bits of {@link Status}. */
  status = -1;
  /** One of {@link TcpTrack}. */
  tcpState = -1;
  /** What the tracker knows of either side (`IP_CT_TCP_FLAG_…`): these are not flags of segments. */
  tcpOriginal = -1;
  tcpReply = -1;
  /** One of {@link SctpTrack}. */
  sctpState = -1;
  /** Seconds until it expires if nothing comes. */
  timeout = -1;
  mark = -1;
  zone = -1;
  /** The kernel's own number of the entry: the same as long as it lives. */
  id = 0;
  /** Bytes from the IP header on, as in `Traffic`. Saturate at 2^53. */
  originalPackets = -1;
  originalBytes = -1;
  replyPackets = -1;
  replyBytes = -1;
  /** When the entry was made and when it ended; with nf_conntrack_timestamp=1 alone. */
  start = -1;
  stop = -1;
  /** When what the event tells happened; Linux 6.14 and newer. */
  eventAt = -1;
  /** Name of the helper that follows the protocol, e.g. `ftp`. */
  helper: string | undefined = undefined;

  clear(): void {
    this.original.clear();
    this.reply.clear();
    this.hasReply = false;
    this.family = 0;
    this.status = -1;
    this.tcpState = -1;
    this.tcpOriginal = -1;
    this.tcpReply = -1;
    this.sctpState = -1;
    this.timeout = -1;
    this.mark = -1;
    this.zone = -1;
    this.id = 0;
    this.originalPackets = -1;
    this.originalBytes = -1;
    this.replyPackets = -1;
    this.replyBytes = -1;
    this.start = -1;
    this.stop = -1;
    this.eventAt = -1;
    this.helper = undefined;
  }
}
