import type { TunnelKind } from '../flow.ts';
import type { Packet } from '../packet/packet.ts';

/** The protocols that flow records and packet samples are exported by. */
export type ExportProtocol = 'netflow-v5' | 'netflow-v9' | 'ipfix' | 'sflow';

/** Bits of {@link ExportRecord.present}: what the exporter told. What it did not tell is 0 (-1, empty) in the record. */
export const Told = {
  /** Addresses of both ends, or of one; without this bit the record is no flow. */
  Addresses: 1 << 0,
  /** Port fields; also where they were 0. */
  Ports: 1 << 1,
  Protocol: 1 << 2,
  Packets: 1 << 3,
  Bytes: 1 << 4,
  /** A time of its own for the first packet; without it `start` is the next best time. */
  Start: 1 << 5,
  End: 1 << 6,
  TcpFlags: 1 << 7,
  Icmp: 1 << 8,
  Input: 1 << 9,
  Output: 1 << 10,
  Direction: 1 << 11,
  /** The rate came from the exporter, in the record or beside it; without it `samplingRate` is configured or 1. */
  Sampling: 1 << 12,
  NatSource: 1 << 13,
  NatDestination: 1 << 14,
  ReversePackets: 1 << 15,
  ReverseBytes: 1 << 16,
  ReverseTcpFlags: 1 << 17,
  EndReason: 1 << 18,
  /** What happened (NAT or firewall events). */
  Event: 1 << 19,
  ForwardingStatus: 1 << 20,
  /** The counters are of this packet, which was sampled; not of a flow. */
  PacketSample: 1 << 21,
} as const;

/** {@link ExportRecord.direction}: where the exporter looked at the flow (IPFIX element 61). */
export const Direction = { Unknown: -1, Ingress: 0, Egress: 1 } as const;

/** {@link ExportRecord.event}: what an event record, which need not count anything, tells. */
export const ExportEvent = {
  None: 0,
  Created: 1,
  Deleted: 2,
  Denied: 3,
  Alert: 4,
  Updated: 5,
  Other: 6,
} as const;

/**
 * One record of an export, as a decoder leaves it. One object is filled again and again, so that nothing is allocated for a record;
 * whoever keeps something of it copies it. Addresses are 32-bit lanes as in `net/address.ts` (IPv4 in lane 3).
 */
export class ExportRecord {
  by: ExportProtocol = 'ipfix';
  /** Canonical text of the address that the datagram came from. */
  exporter = '';
  /** v5 engine, v9 source id, IPFIX observation domain, sFlow sub-agent. */
  domain = 0;
  /** When the datagram arrived, milliseconds since the epoch. */
  arrival = 0;
  /** Bits of {@link Told}. */
  present = 0;

  /** 4 or 6; 0 where the record has no addresses. */
  family = 0;
  readonly source = new Uint32Array(4);
  readonly destination = new Uint32Array(4);
  protocol = 0;
  /** For ICMP 0: see {@link icmpType}. */
  sourcePort = 0;
  destinationPort = 0;

  /** What the exporter counted: `raw` as it told, the other multiplied by the sampling rate. Numbers end at 2^53. */
  packets = 0;
  bytes = 0;
  rawPackets = 0;
  rawBytes = 0;
  /** One packet in so many was looked at; 1 where all were. It need not be whole. */
  samplingRate = 1;
  /** The way back, where the exporter joins both (RFC 5103); multiplied as well. */
  reversePackets = 0;
  reverseBytes = 0;
  rawReversePackets = 0;
  rawReverseBytes = 0;

  /** Of the first and last packet, milliseconds since the epoch, with a fraction where the exporter is that exact. `end` >= `start`. */
  start = 0;
  end = 0;

  /** All flags together, the low nine bits as they stand in the header. */
  tcpFlags = 0;
  reverseTcpFlags = 0;
  /** -1 for others than ICMP and ICMPv6, or when not told. */
  icmpType = -1;
  icmpCode = 0;
  /** Traffic class, the former type of service. */
  tos = 0;

  /** SNMP indexes of interfaces. */
  input = 0;
  output = 0;
  /** Names of these interfaces, where the exporter told them; else undefined. */
  inputName: string | undefined = undefined;
  outputName: string | undefined = undefined;
  /** One of {@link Direction}. */
  direction: number = Direction.Unknown;
  /** VLAN ids on the way in, the outermost first; as many as {@link vlanCount} says count. 0 is no VLAN and not in the list. */
  readonly vlans = new Uint16Array(4);
  vlanCount = 0;
  /** VLAN id on the way out; 0 for none. */
  outputVlan = 0;
  /** VRF ids (elements 234, 235). */
  inputVrf = 0;
  outputVrf = 0;
  /** The topmost MPLS label; -1 for none. */
  mplsLabel = -1;
  /** The innermost tunnel, of sampled packets; undefined where there is none. */
  tunnel: TunnelKind | undefined = undefined;
  /** Key, VNI, TEID, session or label; -1 where there is none. */
  tunnelId = -1;
  /** Family of the outer addresses; 0 where the tunnel has none. */
  outerFamily = 0;
  readonly outerSource = new Uint32Array(4);
  readonly outerDestination = new Uint32Array(4);

  /** Family of what NAT put in the place of the ends; 0 where nothing was told. */
  natFamily = 0;
  readonly natSource = new Uint32Array(4);
  readonly natDestination = new Uint32Array(4);
  natSourcePort = 0;
  natDestinationPort = 0;

  /** IPFIX element 136, 1 idle to 5 no room; 0 unknown. */
  endReason = 0;
  /** One of {@link ExportEvent}. */
  event: number = ExportEvent.None;
  /** IPFIX element 89: the top two bits say 1 forwarded, 2 dropped, 3 consumed. */
  forwardingStatus = 0;

  /** Makes the record empty, but for who told it: `by`, `exporter`, `domain` and `arrival` stay. */
  clear(): void {
    this.present = 0;
    this.family = 0;
    this.source.fill(0);
    this.destination.fill(0);
    this.protocol = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.packets = 0;
    this.bytes = 0;
    this.rawPackets = 0;
    this.rawBytes = 0;
    this.samplingRate = 1;
    this.reversePackets = 0;
    this.reverseBytes = 0;
    this.rawReversePackets = 0;
    this.rawReverseBytes = 0;
    this.start = 0;
    this.end = 0;
    this.tcpFlags = 0;
    this.reverseTcpFlags = 0;
    this.icmpType = -1;
    this.icmpCode = 0;
    this.tos = 0;
    this.input = 0;
    this.output = 0;
    this.inputName = undefined;
    this.outputName = undefined;
    this.direction = Direction.Unknown;
    this.vlanCount = 0;
    this.outputVlan = 0;
    this.inputVrf = 0;
    this.outputVrf = 0;
    this.mplsLabel = -1;
    this.tunnel = undefined;
    this.tunnelId = -1;
    this.outerFamily = 0;
    this.natFamily = 0;
    this.natSource.fill(0);
    this.natDestination.fill(0);
    this.natSourcePort = 0;
    this.natDestinationPort = 0;
    this.endReason = 0;
    this.event = ExportEvent.None;
    this.forwardingStatus = 0;
  }

  /** Whether the exporter told all of the given bits of {@link Told}. */
  told(bits: number): boolean {
    return (this.present & bits) === bits;
  }

  /** Sets the counters from what the exporter counted and the rate. `Told` bits are the caller's. */
  count(packets: number, bytes: number, reversePackets: number, reverseBytes: number, rate: number): void {
    this.samplingRate = rate;
    this.rawPackets = packets;
    this.rawBytes = bytes;
    this.packets = packets * rate;
    this.bytes = bytes * rate;
    this.rawReversePackets = reversePackets;
    this.rawReverseBytes = reverseBytes;
    this.reversePackets = reversePackets * rate;
    this.reverseBytes = reverseBytes * rate;
  }

  /**
   * Takes the conversation, flags, VLANs and tunnel of a sampled packet into the record, and one packet of its length as raw
   * counters times `rate`. Times, interfaces and all else are the caller's.
   */
  takePacket(packet: Packet, rate: number): void {
    this.present |= Told.Packets | Told.Bytes | Told.PacketSample;
    this.count(1, packet.ipLength, 0, 0, rate);
    if (packet.family !== 0) this.present |= Told.Addresses | Told.Protocol;
    this.family = packet.family;
    this.source.set(packet.source);
    this.destination.set(packet.destination);
    this.protocol = packet.protocol;
    this.sourcePort = packet.sourcePort;
    this.destinationPort = packet.destinationPort;
    this.tcpFlags = packet.tcpFlags;
    this.icmpType = packet.icmpType;
    this.icmpCode = packet.icmpCode;
    if (packet.protocol === 6) this.present |= Told.Ports | Told.TcpFlags;
    else if (packet.sourcePort !== 0 || packet.destinationPort !== 0) this.present |= Told.Ports;
    if (packet.icmpType >= 0) this.present |= Told.Icmp;
    this.vlans.set(packet.vlans);
    this.vlanCount = packet.vlanCount;
    this.tunnel = packet.tunnel;
    this.tunnelId = packet.tunnelId;
    this.outerFamily = packet.outerFamily;
    this.outerSource.set(packet.outerSource);
    this.outerDestination.set(packet.outerDestination);
  }
}

/** Takes records. The record is valid during the call only. */
export type RecordSink = (record: ExportRecord) => void;
