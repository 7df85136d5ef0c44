import type { TunnelKind } from '../flow.ts';

/**
 * What fields begin with that may hold more than 31 bits. V8 keeps smaller integers in another way; the first that is wider would give all packets
 * another shape, and all that was compiled for the old one would be thrown away.
 */
const wide = 0xffff_ffff;

/**
 * One packet, as the decoder leaves it: the innermost conversation that it belongs to. One object is filled again and again, so
 * that nothing is allocated for a packet; whoever keeps something of it copies it. Addresses are 32-bit lanes as in `net/address.ts`
 * (IPv4 in lane 3).
 */
export class Packet {
  /** When it was captured: seconds since the epoch, and nanoseconds of the second. */
  seconds = wide;
  nanoseconds = 0;
  /** Bytes of the frame on the wire. */
  wireLength = 0;
  /** Interface within the capture. */
  interface = 0;

  /** 4 or 6. */
  family = 0;
  readonly source = new Uint32Array(4);
  readonly destination = new Uint32Array(4);
  protocol = 0;
  /** 0 where the protocol has none or they are not to be seen; for ICMP see {@link icmpType}. */
  sourcePort = 0;
  destinationPort = 0;
  /** Bytes from the IP header on, as the header says; from the wire where it says 0 (segmentation offload, jumbograms). */
  ipLength = 0;
  ttl = 0;

  /** The nine flag bits of TCP, NS to FIN; 0 for others. */
  tcpFlags = 0;
  tcpSequence = wide;
  tcpAcknowledgement = wide;
  tcpWindow = 0;
  /** -1 for others than ICMP and ICMPv6. */
  icmpType = -1;
  icmpCode = 0;
  /** Identifier of an echo or timestamp message, else 0. */
  icmpId = 0;
  /** Whether an ICMP error quotes a packet: its conversation is what {@link quoted} says. */
  hasQuote = false;
  readonly quoted: QuotedPacket = new QuotedPacket();

  /** Bytes of the transport's payload that were captured: places in the frame's buffer. */
  payloadStart = 0;
  payloadEnd = 0;
  /** Bytes of payload that there were on the wire. */
  payloadLength = 0;
  /**
   * Whether the fixed part of the transport's header was captured and its lengths hold. If not, what was there is filled in, the rest is
   * 0 (the flags of TCP, for one, say nothing then), and there is no payload. False for later fragments, which have no such header.
   */
  transportWhole = true;

  /** Identification of a fragmented packet; -1 for whole ones. Ports (type and identifier of ICMP) of later fragments are filled in where the first was seen. */
  fragmentId = wide;
  /** Offset of the fragment in bytes. */
  fragmentOffset = 0;
  moreFragments = false;

  /** VLAN ids, the outermost first, priority tags left out; as many as {@link vlanCount} says count, more are not kept. */
  readonly vlans = new Uint16Array(4);
  vlanCount = 0;
  /** The innermost tunnel; undefined where there is none. Labels and sessions below IP (MPLS, PPPoE) are tunnels too. */
  tunnel: TunnelKind | undefined = undefined;
  /** Key, VNI, TEID, session or label; -1 where there is none. */
  tunnelId = wide;
  /** Family of the outer addresses: those of the IP header that is next outside; 0 where there is none. */
  outerFamily = 0;
  readonly outerSource = new Uint32Array(4);
  readonly outerDestination = new Uint32Array(4);

  constructor() {
    this.seconds = 0;
    this.tcpSequence = 0;
    this.tcpAcknowledgement = 0;
    this.fragmentId = -1;
    this.tunnelId = -1;
  }
}

/** What an ICMP error says of the packet that caused it (RFC 792, RFC 4443): the ends as that packet had them. */
export class QuotedPacket {
  family = 0;
  readonly source = new Uint32Array(4);
  readonly destination = new Uint32Array(4);
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** -1 for others than ICMP and ICMPv6. */
  icmpType = -1;
  icmpCode = 0;
  /** Identifier of an echo or timestamp message, else 0. */
  icmpId = 0;
}
