import type { Packet, QuotedPacket } from './packet.ts';
import { tunnelKinds } from './tunnel-kinds.ts';

const rowLanes = 26;
const rowNumbers = rowLanes / 2;
const firstRows = 2048;

/** What 32 bits may not hold, at the beginning of a row. */
const Place = { Seconds: 0, IpLength: 1, PayloadLength: 2 } as const;
/** Lanes behind those. */
const Lane = {
  Nanoseconds: 6,
  WireLength: 7,
  Interface: 8,
  What: 9,
  Ports: 10,
  Source: 11,
  Destination: 15,
  TcpFlagsAndWindow: 19,
  TcpSequence: 20,
  TcpAcknowledgement: 21,
  /** Type, code and id, from the lowest bits on. */
  Icmp: 22,
  PayloadStart: 23,
  PayloadEnd: 24,
  /** The first two; more stand in the second row. */
  Vlans: 25,
} as const;

/** Lanes of a second row, which few packets have. */
const Wide = {
  /** The third and fourth. */
  Vlans: 0,
  /** Number of the tunnel's kind, 0 for none; from bit 8 on the family of its outer addresses, 0 for none. */
  Tunnel: 1,
  TunnelId: 2,
  OuterSource: 3,
  OuterDestination: 7,
  QuotedWhat: 11,
  QuotedPorts: 12,
  QuotedIcmp: 13,
  QuotedSource: 14,
  QuotedDestination: 18,
  FragmentId: 22,
  FragmentOffset: 23,
} as const;

/** Bits of {@link Lane.What} above the protocol; of a quoted packet as well. */
const What = {
  IsV6: 1 << 8,
  HasIcmp: 1 << 9,
  IsTransportWhole: 1 << 10,
  IsWide: 1 << 11,
  HasQuote: 1 << 12,
  MoreFragments: 1 << 13,
  HasFragmentId: 1 << 14,
  HasTunnelId: 1 << 15,
  vlanShift: 16,
  ttlShift: 24,
} as const;

/**
 * Packets in rows of one buffer, which can be handed to another thread whole. A row says all that a {@link Packet} says. Grows as it is
 * written; only packets of IPv4 and IPv6 are kept.
 */
export class PacketRows {
  #buffer: ArrayBuffer;
  #lanes: Int32Array;
  #numbers: Float64Array;
  #rows: number;

  /** Begins with the rows that `buffer` has, as {@link buffer} and {@link rows} said them; empty without. */
  constructor(buffer: ArrayBuffer = new ArrayBuffer(firstRows * rowLanes * 4), rows = 0) {
    this.#buffer = buffer;
    this.#lanes = new Int32Array(buffer);
    this.#numbers = new Float64Array(buffer);
    this.#rows = rows;
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /** Rows that have been written; a packet takes one or two. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a packet; false for one that is neither IPv4 nor IPv6. */
  write(packet: Packet): boolean {
    if (packet.family !== 4 && packet.family !== 6) return false;
    if ((this.#rows + 2) * rowLanes > this.#lanes.length) this.#grow();
    const lanes = this.#lanes;
    const at = this.#rows * rowLanes;
    const place = this.#rows * rowNumbers;
    this.#numbers[place + Place.Seconds] = packet.seconds;
    this.#numbers[place + Place.IpLength] = packet.ipLength;
    this.#numbers[place + Place.PayloadLength] = packet.payloadLength;
    lanes[at + Lane.Nanoseconds] = packet.nanoseconds;
    lanes[at + Lane.WireLength] = packet.wireLength;
    lanes[at + Lane.Interface] = packet.interface;
    lanes[at + Lane.Ports] = (packet.sourcePort << 16) | packet.destinationPort;
    copy(packet.source, lanes, at + Lane.Source);
    copy(packet.destination, lanes, at + Lane.Destination);
    lanes[at + Lane.TcpFlagsAndWindow] = (packet.tcpFlags << 16) | packet.tcpWindow;
    lanes[at + Lane.TcpSequence] = packet.tcpSequence;
    lanes[at + Lane.TcpAcknowledgement] = packet.tcpAcknowledgement;
    lanes[at + Lane.Icmp] = icmpOf(packet);
    lanes[at + Lane.PayloadStart] = packet.payloadStart;
    lanes[at + Lane.PayloadEnd] = packet.payloadEnd;
    const { vlans, vlanCount } = packet;
    lanes[at + Lane.Vlans] = (vlans[0]! << 16) | vlans[1]!;
    const isWide = vlanCount > 2 || packet.tunnel !== undefined || packet.fragmentId >= 0 || packet.hasQuote;
    lanes[at + Lane.What] =
      whatOf(packet) |
      (packet.ttl << What.ttlShift) |
      (packet.transportWhole ? What.IsTransportWhole : 0) |
      (vlanCount << What.vlanShift) |
      (isWide ? What.IsWide | wideBits(packet) : 0);
    this.#rows++;
    if (isWide) this.#writeWide(packet);
    return true;
  }

  /** Fills in the packet that begins with this row; returns the row of the next. */
  read(row: number, packet: Packet): number {
    const lanes = this.#lanes;
    const at = row * rowLanes;
    const place = row * rowNumbers;
    packet.seconds = this.#numbers[place + Place.Seconds]!;
    packet.ipLength = this.#numbers[place + Place.IpLength]!;
    packet.payloadLength = this.#numbers[place + Place.PayloadLength]!;
    packet.nanoseconds = lanes[at + Lane.Nanoseconds]!;
    packet.wireLength = lanes[at + Lane.WireLength]! >>> 0;
    packet.interface = lanes[at + Lane.Interface]!;
    const what = lanes[at + Lane.What]!;
    setWhat(packet, what);
    packet.ttl = what >>> What.ttlShift;
    packet.transportWhole = (what & What.IsTransportWhole) !== 0;
    setPorts(packet, lanes[at + Lane.Ports]!);
    copyBack(lanes, at + Lane.Source, packet.source);
    copyBack(lanes, at + Lane.Destination, packet.destination);
    const flagsAndWindow = lanes[at + Lane.TcpFlagsAndWindow]!;
    packet.tcpFlags = flagsAndWindow >>> 16;
    packet.tcpWindow = flagsAndWindow & 0xffff;
    packet.tcpSequence = lanes[at + Lane.TcpSequence]! >>> 0;
    packet.tcpAcknowledgement = lanes[at + Lane.TcpAcknowledgement]! >>> 0;
    setIcmp(packet, what, lanes[at + Lane.Icmp]!);
    packet.payloadStart = lanes[at + Lane.PayloadStart]!;
    packet.payloadEnd = lanes[at + Lane.PayloadEnd]!;
    packet.hasQuote = (what & What.HasQuote) !== 0;
    packet.moreFragments = (what & What.MoreFragments) !== 0;
    packet.vlanCount = (what >>> What.vlanShift) & 7;
    if (packet.vlanCount > 0) {
      packet.vlans[0] = lanes[at + Lane.Vlans]! >>> 16;
      packet.vlans[1] = lanes[at + Lane.Vlans]!;
    }
    if ((what & What.IsWide) !== 0) {
      this.#readWide(row + 1, what, packet);
      return row + 2;
    }
    packet.tunnel = undefined;
    packet.tunnelId = -1;
    packet.outerFamily = 0;
    packet.fragmentId = -1;
    packet.fragmentOffset = 0;
    return row + 1;
  }

  #writeWide(packet: Packet): void {
    const lanes = this.#lanes;
    const at = this.#rows++ * rowLanes;
    const { vlans, quoted } = packet;
    lanes[at + Wide.Vlans] = (vlans[2]! << 16) | vlans[3]!;
    const kind = packet.tunnel === undefined ? 0 : tunnelKinds.indexOf(packet.tunnel) + 1;
    lanes[at + Wide.Tunnel] = kind | (packet.outerFamily << 8);
    lanes[at + Wide.TunnelId] = packet.tunnelId;
    copy(packet.outerSource, lanes, at + Wide.OuterSource);
    copy(packet.outerDestination, lanes, at + Wide.OuterDestination);
    lanes[at + Wide.QuotedWhat] = whatOf(quoted);
    lanes[at + Wide.QuotedPorts] = (quoted.sourcePort << 16) | quoted.destinationPort;
    lanes[at + Wide.QuotedIcmp] = icmpOf(quoted);
    copy(quoted.source, lanes, at + Wide.QuotedSource);
    copy(quoted.destination, lanes, at + Wide.QuotedDestination);
    lanes[at + Wide.FragmentId] = packet.fragmentId;
    lanes[at + Wide.FragmentOffset] = packet.fragmentOffset;
  }

  #readWide(row: number, what: number, packet: Packet): void {
    const lanes = this.#lanes;
    const at = row * rowLanes;
    const { vlans, quoted } = packet;
    vlans[2] = lanes[at + Wide.Vlans]! >>> 16;
    vlans[3] = lanes[at + Wide.Vlans]!;
    const tunnel = lanes[at + Wide.Tunnel]!;
    packet.tunnel = tunnelKinds[(tunnel & 0xff) - 1];
    packet.tunnelId = (what & What.HasTunnelId) === 0 ? -1 : lanes[at + Wide.TunnelId]! >>> 0;
    packet.outerFamily = tunnel >>> 8;
    copyBack(lanes, at + Wide.OuterSource, packet.outerSource);
    copyBack(lanes, at + Wide.OuterDestination, packet.outerDestination);
    packet.fragmentId = (what & What.HasFragmentId) === 0 ? -1 : lanes[at + Wide.FragmentId]! >>> 0;
    packet.fragmentOffset = lanes[at + Wide.FragmentOffset]!;
    const quotedWhat = lanes[at + Wide.QuotedWhat]!;
    setWhat(quoted, quotedWhat);
    setPorts(quoted, lanes[at + Wide.QuotedPorts]!);
    setIcmp(quoted, quotedWhat, lanes[at + Wide.QuotedIcmp]!);
    copyBack(lanes, at + Wide.QuotedSource, quoted.source);
    copyBack(lanes, at + Wide.QuotedDestination, quoted.destination);
  }

  #grow(): void {
    this.#buffer = this.#buffer.transfer(this.#buffer.byteLength * 2);
    this.#lanes = new Int32Array(this.#buffer);
    this.#numbers = new Float64Array(this.#buffer);
  }
}

function whatOf(of: Packet | QuotedPacket): number {
  return of.protocol | (of.family === 6 ? What.IsV6 : 0) | (of.icmpType >= 0 ? What.HasIcmp : 0);
}

function setWhat(of: Packet | QuotedPacket, what: number): void {
  of.protocol = what & 0xff;
  of.family = (what & What.IsV6) === 0 ? 4 : 6;
}

function wideBits(packet: Packet): number {
  return (
    (packet.hasQuote ? What.HasQuote : 0) |
    (packet.moreFragments ? What.MoreFragments : 0) |
    (packet.fragmentId >= 0 ? What.HasFragmentId : 0) |
    (packet.tunnelId >= 0 ? What.HasTunnelId : 0)
  );
}

function icmpOf(of: Packet | QuotedPacket): number {
  return of.icmpType < 0 ? 0 : (of.icmpType & 0xff) | ((of.icmpCode & 0xff) << 8) | (of.icmpId << 16);
}

function setIcmp(of: Packet | QuotedPacket, what: number, icmp: number): void {
  of.icmpType = (what & What.HasIcmp) === 0 ? -1 : icmp & 0xff;
  of.icmpCode = (icmp >>> 8) & 0xff;
  of.icmpId = icmp >>> 16;
}

function setPorts(of: Packet | QuotedPacket, ports: number): void {
  of.sourcePort = ports >>> 16;
  of.destinationPort = ports & 0xffff;
}

function copy(from: Uint32Array, to: Int32Array, at: number): void {
  to[at] = from[0]!;
  to[at + 1] = from[1]!;
  to[at + 2] = from[2]!;
  to[at + 3] = from[3]!;
}

function copyBack(from: Int32Array, at: number, to: Uint32Array): void {
  to[0] = from[at]!;
  to[1] = from[at + 1]!;
  to[2] = from[at + 2]!;
  to[3] = from[at + 3]!;
}
