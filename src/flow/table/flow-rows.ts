import { type Address, type Family, ipv4, ipv6 } from '../../net/address.ts';
import type { FlowState, Traffic, Tunnel } from '../flow.ts';
import type { Packet } from '../packet/packet.ts';
import { tunnelKinds } from '../tunnel-kinds.ts';
import { KeyLane, keyLanes, type PacketKey } from './packet-key.ts';

/**
 * Integers of a flow's row. A row is 128 bytes; packets of IPv4 outside tunnels touch the first 64 of them only, lanes 0 to 7 and places
 * 4 to 7. Lanes 0 to 3 are the first of the key.
 */
export const Lane = {
  Flags: 4,
  /** TCP flags of the part: from the source in the upper half, from the destination in the lower. */
  TcpFlags: 5,
  /** Unsigned, each way. */
  SentPackets: 6,
  ReceivedPackets: 7,
  /** The rest of the key. */
  Key: 16,
  /** TCP flags of the first segment each way, in the same halves. */
  FirstTcpFlags: 23,
  /** Sequence number of the source's SYN. */
  InitialSequence: 24,
  Hash: 25,
} as const;

/** Numbers of a flow's row, in the same bytes. Times are milliseconds since the epoch, NaN where there is none. */
export const Place = {
  /** When the last packet was seen. */
  Last: 4,
  /** When the first packet of this part was seen; NaN before there is one. */
  Opened: 5,
  SentBytes: 6,
  ReceivedBytes: 7,
  Established: 13,
  Closed: 14,
  /** Of the flow, counted from 1 over all flows. */
  Number: 15,
} as const;

/** Lanes and numbers in a row. */
export const lanesPerFlow = 32;
export const numbersPerFlow = 16;

/** Keys stand in lanes 0 to 3 and from {@link Lane.Key} on. */
const keyInFront = 4;

/** Lanes that are written with the first packet and read with the last, in a row of their own. */
export const FirstLane = {
  /** Type · 256 + code of the first ICMP message, and the interface of the first packet in the upper half. */
  Icmp: 0,
  /** VLAN ids of the first packet, two in a lane. */
  Vlans: 1,
  VlanCount: 3,
  TunnelId: 4,
  /** Parts that have been told. */
  Parts: 5,
} as const;

export const firstLanesPerFlow = 6;

/**
 * Bytes before the first row. Large blocks of memory begin 16 bytes behind the start of a page (malloc of glibc); with these, rows begin
 * where lines of the cache do.
 */
const padding = 48;

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
  HasTunnelId: 1 << 24,
  /** {@link Lane.FirstTcpFlags} has those of the source, and of the destination. */
  FirstFromSource: 1 << 25,
  FirstFromDestination: 1 << 26,
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

/** The number of payloads that were looked at stands in the bits from this on. */
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

/** The memory of {@link FlowRows}, to be handed to another thread. */
export interface FlowRowBuffers {
  readonly rows: ArrayBuffer;
  readonly first: ArrayBuffer;
  /** There only where a flow came through a tunnel that has outer ends. */
  readonly outer: ArrayBuffer | undefined;
}

/**
 * Flows in rows: all that one packet touches lies together: 64 bytes of the 152 for a flow. Memory is reserved for all rows and touched only as
 * far as rows are used.
 */
export class FlowRows {
  readonly lanes: Int32Array;
  readonly numbers: Float64Array;
  readonly firstLanes: Int32Array;
  readonly #capacity: number;
  /** Outer ends of tunnels, eight lanes each; there only once a packet came through a tunnel that has them. */
  #outer: Uint32Array | undefined;

  /** `buffers` are those that rows of the same capacity gave away; without them all is new. */
  constructor(capacity: number, buffers?: FlowRowBuffers) {
    const rows = buffers?.rows ?? new ArrayBuffer(padding + capacity * lanesPerFlow * 4);
    this.lanes = new Int32Array(rows, padding);
    this.numbers = new Float64Array(rows, padding);
    this.firstLanes = new Int32Array(buffers?.first ?? new ArrayBuffer(capacity * firstLanesPerFlow * 4));
    if (buffers?.outer !== undefined) this.#outer = new Uint32Array(buffers.outer);
    this.#capacity = capacity;
  }

  /** The memory that all rows are in; with it another thread sees the same rows. */
  get buffers(): FlowRowBuffers {
    const { lanes, firstLanes } = this;
    return {
      rows: lanes.buffer as ArrayBuffer,
      first: firstLanes.buffer as ArrayBuffer,
      outer: this.#outer?.buffer as ArrayBuffer | undefined,
    };
  }

  /** Copies a row of others to the row `to`. */
  copy(from: FlowRows, slot: number, to: number): void {
    const at = slot * lanesPerFlow;
    const first = slot * firstLanesPerFlow;
    this.lanes.set(from.lanes.subarray(at, at + lanesPerFlow), to * lanesPerFlow);
    this.firstLanes.set(from.firstLanes.subarray(first, first + firstLanesPerFlow), to * firstLanesPerFlow);
    if (from.#outer === undefined || (from.flags(slot) & (Bit.Outer4 | Bit.Outer6)) === 0) return;
    this.#outer ??= new Uint32Array(this.#capacity * 8);
    this.#outer.set(from.#outer.subarray(slot * 8, slot * 8 + 8), to * 8);
  }

  /** Fills the row with the key and what only the first packet tells; counters are 0, flags are `flags`. */
  open(slot: number, key: PacketKey, packet: Packet, flags: number, number: number): void {
    const { lanes, numbers, firstLanes } = this;
    const at = slot * lanesPerFlow;
    for (let lane = 0; lane < keyInFront; lane++) lanes[at + lane] = key.lanes[lane]!;
    for (let lane = keyInFront; lane < keyLanes; lane++)
      lanes[at + Lane.Key + lane - keyInFront] = key.lanes[lane]!;
    lanes[at + Lane.TcpFlags] = 0;
    lanes[at + Lane.SentPackets] = 0;
    lanes[at + Lane.ReceivedPackets] = 0;
    lanes[at + Lane.FirstTcpFlags] = 0;
    lanes[at + Lane.InitialSequence] = 0;
    lanes[at + Lane.Hash] = key.hash;
    const first = slot * firstLanesPerFlow;
    firstLanes[first + FirstLane.Icmp] = packet.interface << 16;
    firstLanes[first + FirstLane.VlanCount] = Math.min(packet.vlanCount, 4);
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
    numbers[place + Place.Last] = 0;
    numbers[place + Place.Opened] = Number.NaN;
    numbers[place + Place.SentBytes] = 0;
    numbers[place + Place.ReceivedBytes] = 0;
    numbers[place + Place.Established] = Number.NaN;
    numbers[place + Place.Closed] = Number.NaN;
    numbers[place + Place.Number] = number;
  }

  /** Whether the row has this key. */
  has(slot: number, key: PacketKey): boolean {
    const { lanes } = this;
    const other = key.lanes;
    const at = slot * 32;
    if (
      lanes[at + 1] !== other[1] ||
      lanes[at + 2] !== other[2] ||
      lanes[at + 3] !== other[3] ||
      lanes[at] !== other[0]
    )
      return false;
    // The rest is 0 for IPv4 outside tunnels.
    if ((other[0]! & 0xff00) === 0x400) return true;
    return (
      lanes[at + 16] === other[4] &&
      lanes[at + 17] === other[5] &&
      lanes[at + 18] === other[6] &&
      lanes[at + 19] === other[7] &&
      lanes[at + 20] === other[8] &&
      lanes[at + 21] === other[9] &&
      lanes[at + 22] === other[10]
    );
  }

  /** Counted from 1 over all flows. */
  number(slot: number): number {
    return this.numbers[slot * numbersPerFlow + Place.Number]!;
  }

  /** Packets of this part one way; at most 4,294,967,295 are counted. */
  packets(slot: number, bySource: boolean): number {
    return this.lanes[slot * lanesPerFlow + (bySource ? Lane.SentPackets : Lane.ReceivedPackets)]! >>> 0;
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
    const isHigh = this.#isHigh(at, ofSource);
    const last = lanes[at + (isHigh ? KeyLane.HighLast : KeyLane.LowLast)]!;
    if (this.family(slot) === 4) return ipv4(last);
    const start = at + Lane.Key - keyInFront + (isHigh ? KeyLane.HighFirst : KeyLane.LowFirst);
    return ipv6(lanes[start]!, lanes[start + 1]!, lanes[start + 2]!, last);
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
    const packets = this.packets(slot, bySource);
    const bytes = this.numbers[slot * numbersPerFlow + (bySource ? Place.SentBytes : Place.ReceivedBytes)]!;
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
    const count = this.firstLanes[slot * firstLanesPerFlow + FirstLane.VlanCount]!;
    if (count === 0) return undefined;
    const at = slot * firstLanesPerFlow + FirstLane.Vlans;
    const [x, y] = [this.firstLanes[at]!, this.firstLanes[at + 1]!];
    return [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff].slice(0, count);
  }

  /** The innermost tunnel, with the outer ends of the first packet. */
  tunnel(slot: number): Tunnel | undefined {
    const number = (this.lanes[slot * lanesPerFlow]! >>> 12) & 15;
    if (number === 0) return undefined;
    const kind = tunnelKinds[number - 1]!;
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
    return this.lanes.byteLength + this.firstLanes.byteLength + (this.#outer?.byteLength ?? 0);
  }

  #isHigh(at: number, ofSource: boolean): boolean {
    return ((this.lanes[at + Lane.Flags]! & Bit.SourceIsHigh) !== 0) === ofSource;
  }
}

function outerAddress(lanes: Uint32Array, at: number, is4: boolean): Address {
  return is4 ? ipv4(lanes[at + 3]!) : ipv6(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
}
