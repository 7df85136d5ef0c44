import { type Address, type Family, ipv4, ipv6 } from '../../net/address.ts';
import type { FlowState, Traffic, Tunnel } from '../flow.ts';
import type { Packet } from '../packet/packet.ts';
import { KeyLane, keyLanes, type PacketKey, tunnelKinds } from './packet-key.ts';

/** Lanes of a flow's row of integers that packets change or are compared with, behind those of its key: 64 bytes in all. */
export const Lane = {
  Flags: keyLanes,
  /** TCP flags of the part: from the source in the upper half, from the destination in the lower. */
  TcpFlags: 12,
  /** TCP flags of the first segment each way, in the same halves. */
  FirstTcpFlags: 13,
  /** Sequence number of the source's SYN. */
  InitialSequence: 14,
  Hash: 15,
} as const;

/** Integers in a row. */
export const lanesPerFlow = 16;

/** Lanes that are written with the first packet and read with the last. */
export const FirstLane = {
  /** Type · 256 + code of the first ICMP message, and the interface of the first packet in the upper half. */
  Icmp: 0,
  /** VLAN ids of the first packet, two in a lane. */
  Vlans: 1,
  TunnelId: 3,
  /** Of the flow, counted from 1 over all flows: upper and lower half. */
  Number: 4,
  /** Parts that have been told. */
  Parts: 6,
} as const;

export const firstLanesPerFlow = 8;

/** Places in a flow's row of numbers, 64 bytes. Times are milliseconds since the epoch, NaN where there is none. */
export const Place = {
  /** When the last packet was seen. */
  Last: 0,
  /** When the first packet of this part was seen; NaN before there is one. */
  Opened: 1,
  SentPackets: 2,
  SentBytes: 3,
  ReceivedPackets: 4,
  ReceivedBytes: 5,
  Established: 6,
  Closed: 7,
} as const;

/** Numbers in a row. */
export const numbersPerFlow = 8;

/** Bits of {@link Lane.Flags}. Bits 0 to 2 are the state; bits 3 to 5 the {@link FlowClass}, which with bit 6 decides the timeout. */
export const Bit = {
  /** TCP that is established: has a longer timeout. */
  TcpEstablished: 1 << 6,
  SourceIsHigh: 1 << 7,
  Preexisting: 1 << 8,
  /** The source, and the destination, has sent something that was no RST. */
  Asked: 1 << 9,
  Answered: 1 << 10,
  /** TCP: a SYN was seen first, or the SYN+ACK that answers it. */
  Handshake: 1 << 11,
  SynAckFromSource: 1 << 12,
  SynAckFromDestination: 1 << 13,
  FinFromSource: 1 << 14,
  FinFromDestination: 1 << 15,
  /** A packet was seen since eviction passed by. */
  Used: 1 << 16,
  Named: 1 << 17,
  HasIcmp: 1 << 18,
  Outer4: 1 << 19,
  Outer6: 1 << 20,
  /** Payload was seen of a TCP flow picked up midway that is not known to be established. */
  Payload: 1 << 21,
  /** Payloads of the source are still looked at for names. */
  Looking: 1 << 22,
  HasInitialSequence: 1 << 23,
  HasTunnelId: 1 << 30,
} as const;

/** How much is lost with a flow, from the least: the order in which they have to make room. */
export const FlowClass = {
  /** Over; kept for late packets only. */
  Ended: 0,
  /** One packet without an answer. */
  Single: 1,
  /** More packets, all of one end. */
  Unanswered: 2,
  /** Both ends have sent, a few packets in all; TCP is not established. */
  Answered: 3,
  Conversation: 4,
} as const;

export const classShift = 3;
export const classMask = 7 << classShift;
/** Bits of class and {@link Bit.TcpEstablished}, shifted down: the number of a timeout. */
export const timeouts = 16;

/** The number of VLAN ids, and of payloads that were looked at, stand in these bits. */
export const vlanCountShift = 24;
export const looksShift = 27;

/** Flow states by number. */
export const State = {
  Attempted: 0,
  Unanswered: 1,
  Established: 2,
  Refused: 3,
  TimedOut: 4,
  Unreachable: 5,
  Aborted: 6,
  Closed: 7,
} as const;

export const stateMask = 7;

const stateNames: readonly FlowState[] = [
  'attempted',
  'unanswered',
  'established',
  'refused',
  'timed-out',
  'unreachable',
  'aborted',
  'closed',
];

/**
 * Flows in rows: all that one packet touches lies together: 128 bytes of the 160 for a flow. Memory is reserved for all rows and touched only as
 * far as rows are used.
 */
export class FlowRows {
  readonly lanes: Int32Array;
  readonly numbers: Float64Array;
  readonly firstLanes: Int32Array;
  readonly #capacity: number;
  /** Outer ends of tunnels, eight lanes each; there only once a packet came through a tunnel that has them. */
  #outer: Uint32Array | undefined;

  constructor(capacity: number) {
    this.lanes = new Int32Array(capacity * lanesPerFlow);
    this.numbers = new Float64Array(capacity * numbersPerFlow);
    this.firstLanes = new Int32Array(capacity * firstLanesPerFlow);
    this.#capacity = capacity;
  }

  /** Fills the row with the key and what only the first packet tells; counters are 0, flags are `flags`. */
  open(slot: number, key: PacketKey, packet: Packet, flags: number, number: number): void {
    const { lanes, numbers, firstLanes } = this;
    const at = slot * lanesPerFlow;
    lanes.set(key.lanes, at);
    lanes[at + Lane.Hash] = key.hash;
    lanes[at + Lane.TcpFlags] = 0;
    lanes[at + Lane.FirstTcpFlags] = 0;
    lanes[at + Lane.InitialSequence] = 0;
    const first = slot * firstLanesPerFlow;
    firstLanes[first + FirstLane.Icmp] = packet.interface << 16;
    firstLanes[first + FirstLane.Number] = Math.floor(number / 2 ** 32);
    firstLanes[first + FirstLane.Number + 1] = number | 0;
    firstLanes[first + FirstLane.TunnelId] = packet.tunnelId;
    firstLanes[first + FirstLane.Parts] = 0;
    let bits = flags;
    if (packet.icmpType >= 0) {
      firstLanes[first]! |= ((packet.icmpType & 0xff) << 8) | (packet.icmpCode & 0xff);
      bits |= Bit.HasIcmp;
    }
    if (packet.vlanCount > 0) {
      const { vlans } = packet;
      firstLanes[first + FirstLane.Vlans] = (vlans[0]! << 16) | vlans[1]!;
      firstLanes[first + FirstLane.Vlans + 1] = (vlans[2]! << 16) | vlans[3]!;
      bits |= Math.min(packet.vlanCount, 4) << vlanCountShift;
    }
    if (packet.tunnel !== undefined) {
      if (packet.tunnelId >= 0) bits |= Bit.HasTunnelId;
      if (packet.outerFamily !== 0) {
        bits |= packet.outerFamily === 4 ? Bit.Outer4 : Bit.Outer6;
        this.#outer ??= new Uint32Array(this.#capacity * 8);
        this.#outer.set(packet.outerSource, slot * 8);
        this.#outer.set(packet.outerDestination, slot * 8 + 4);
      }
    }
    lanes[at + Lane.Flags] = bits;
    const place = slot * numbersPerFlow;
    numbers.fill(0, place, place + Place.Established);
    numbers[place + Place.Opened] = Number.NaN;
    numbers[place + Place.Established] = Number.NaN;
    numbers[place + Place.Closed] = Number.NaN;
  }

  /** Whether the row has this key. */
  has(slot: number, key: PacketKey): boolean {
    const { lanes } = this;
    const other = key.lanes;
    const at = slot * 16;
    if (
      lanes[at + 2] !== other[2] ||
      lanes[at + 6] !== other[6] ||
      lanes[at + 10] !== other[10] ||
      lanes[at] !== other[0] ||
      lanes[at + 1] !== other[1]
    )
      return false;
    // The rest is 0 for IPv4.
    return (
      (other[0]! & 0xf00) === 0x400 ||
      (lanes[at + 3] === other[3] &&
        lanes[at + 4] === other[4] &&
        lanes[at + 5] === other[5] &&
        lanes[at + 7] === other[7] &&
        lanes[at + 8] === other[8] &&
        lanes[at + 9] === other[9])
    );
  }

  /** Counted from 1 over all flows. */
  number(slot: number): number {
    const at = slot * firstLanesPerFlow + FirstLane.Number;
    return this.firstLanes[at]! * 2 ** 32 + (this.firstLanes[at + 1]! >>> 0);
  }

  /** Parts that have been told. */
  parts(slot: number): number {
    return this.firstLanes[slot * firstLanesPerFlow + FirstLane.Parts]!;
  }

  protocol(slot: number): number {
    return this.lanes[slot * lanesPerFlow]! & 0xff;
  }

  flags(slot: number): number {
    return this.lanes[slot * lanesPerFlow + Lane.Flags]!;
  }

  state(slot: number): FlowState {
    return stateNames[this.flags(slot) & stateMask]!;
  }

  /** Address of the source, or of the destination. */
  address(slot: number, ofSource: boolean): Address {
    const at = slot * lanesPerFlow;
    const { lanes } = this;
    const start = at + (this.#isHigh(at, ofSource) ? KeyLane.High : KeyLane.Low);
    if (this.family(slot) === 4) return ipv4(lanes[start + 3]!);
    return ipv6(lanes[start]!, lanes[start + 1]!, lanes[start + 2]!, lanes[start + 3]!);
  }

  /** Copies the four lanes of an end's address. */
  copyAddress(slot: number, ofSource: boolean, into: Uint32Array): void {
    const at = slot * lanesPerFlow;
    const start = at + (this.#isHigh(at, ofSource) ? KeyLane.High : KeyLane.Low);
    for (let lane = 0; lane < 4; lane++) into[lane] = this.lanes[start + lane]!;
  }

  port(slot: number, ofSource: boolean): number {
    const at = slot * lanesPerFlow;
    const ports = this.lanes[at + KeyLane.Ports]!;
    return this.#isHigh(at, ofSource) ? ports & 0xffff : ports >>> 16;
  }

  family(slot: number): Family {
    return ((this.lanes[slot * lanesPerFlow]! >>> 8) & 15) as Family;
  }

  interface(slot: number): number {
    return this.firstLanes[slot * firstLanesPerFlow + FirstLane.Icmp]! >>> 16;
  }

  /** What this part counted one way. */
  traffic(slot: number, bySource: boolean): Traffic {
    const place = slot * numbersPerFlow + (bySource ? Place.SentPackets : Place.ReceivedPackets);
    const [packets, bytes] = [this.numbers[place]!, this.numbers[place + 1]!];
    if (this.protocol(slot) !== 6) return { packets, bytes };
    return { packets, bytes, tcpFlags: this.tcpFlags(slot, bySource, Lane.TcpFlags) };
  }

  /** The TCP flags in `lane` one way. */
  tcpFlags(slot: number, bySource: boolean, lane: number): number {
    const flags = this.lanes[slot * lanesPerFlow + lane]!;
    return bySource ? flags >>> 16 : flags & 0xffff;
  }

  icmp(slot: number): { readonly type: number; readonly code: number } | undefined {
    if ((this.flags(slot) & Bit.HasIcmp) === 0) return undefined;
    const icmp = this.firstLanes[slot * firstLanesPerFlow + FirstLane.Icmp]!;
    return { type: (icmp >>> 8) & 0xff, code: icmp & 0xff };
  }

  /** VLAN ids of the first packet, the outermost first. */
  vlans(slot: number): readonly number[] | undefined {
    const count = (this.flags(slot) >>> vlanCountShift) & 7;
    if (count === 0) return undefined;
    const at = slot * firstLanesPerFlow + FirstLane.Vlans;
    const [x, y] = [this.firstLanes[at]!, this.firstLanes[at + 1]!];
    return [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff].slice(0, count);
  }

  /** The innermost tunnel, with the outer ends of the first packet. */
  tunnel(slot: number): Tunnel | undefined {
    const kind = tunnelKinds[((this.lanes[slot * lanesPerFlow]! >>> 12) & 15) - 1];
    if (kind === undefined) return undefined;
    const id = this.firstLanes[slot * firstLanesPerFlow + FirstLane.TunnelId]! >>> 0;
    const flags = this.flags(slot);
    const outer = this.#outer;
    return {
      kind,
      ...((flags & Bit.HasTunnelId) !== 0 && { id }),
      ...(outer !== undefined &&
        (flags & (Bit.Outer4 | Bit.Outer6)) !== 0 && {
          source: outerAddress(outer, slot * 8, (flags & Bit.Outer4) !== 0),
          destination: outerAddress(outer, slot * 8 + 4, (flags & Bit.Outer4) !== 0),
        }),
    };
  }

  /** Bytes reserved. */
  get bytes(): number {
    return (
      this.lanes.byteLength +
      this.numbers.byteLength +
      this.firstLanes.byteLength +
      (this.#outer?.byteLength ?? 0)
    );
  }

  #isHigh(at: number, ofSource: boolean): boolean {
    return ((this.lanes[at + Lane.Flags]! & Bit.SourceIsHigh) !== 0) === ofSource;
  }
}

function outerAddress(lanes: Uint32Array, at: number, is4: boolean): Address {
  return is4 ? ipv4(lanes[at + 3]!) : ipv6(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
}
