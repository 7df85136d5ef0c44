import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { ChainedIndex, finish, mix } from '../chained-index.ts';
import { communityId } from '../community-id.ts';
import type { Flow, FlowState, Traffic, TranslatedEnd } from '../flow.ts';
import { SlotLists } from '../slot-lists.ts';
import { type ConntrackEntry, type ConntrackTuple, Status } from './entry.ts';

/** The lists that entries are in. */
export const EntryList = {
  Free: 0,
  /** Not handed on yet: a moment's wait for the answer. In order of deadline. */
  Held: 1,
  /** Handed on as attempted; waiting for an answer. In order of deadline. */
  Attempted: 2,
  /** No answer within the grace time, or a handshake that nobody completes. */
  Unanswered: 3,
  /** The one that was longest not heard of comes first. */
  Established: 4,
} as const;

/** Bits of {@link ConntrackTable.flags}. */
export const EntryFlag = {
  Preexisting: 1,
  /** Its fate has been handed on. */
  Decided: 2,
  /** The connection was complete at some time. */
  Established: 4,
  /** {@link ConntrackTable.refresh} is known. */
  Refresh: 8,
  /** Somebody counts packets and bytes. */
  Counted: 16,
  /** The tuple of the answer is known. */
  Reply: 32,
} as const;

const constant = { by: 'conntrack' } as const;

/**
 * Entries of the kernel's connection tracking, one column per field, found by number and original tuple. Nothing is allocated per entry
 * but the id of its flow; a {@link Flow} object is built only by {@link ConntrackTable.flow}.
 */
export class ConntrackTable {
  readonly lists: SlotLists;
  readonly capacity: number;
  readonly family: Uint8Array;
  readonly protocol: Uint8Array;
  readonly kernelId: Uint32Array;
  readonly zone: Int32Array;
  readonly status: Int32Array;
  readonly tcpState: Int8Array;
  readonly sctpState: Int8Array;
  readonly flags: Uint8Array;
  /** Milliseconds since the epoch, like all times here; NaN when not known. */
  readonly openedAt: Float64Array;
  readonly establishedAt: Float64Array;
  readonly lastAt: Float64Array;
  /** When TCP said that it is over: long before the kernel removes the entry. */
  readonly endedAt: Float64Array;
  /** When the part began of which nothing has been told. */
  readonly partAt: Float64Array;
  readonly deadline: Float64Array;
  /** Seconds to which the kernel sets the entry's time to live with each packet, in the state that it is in. */
  readonly refresh: Float64Array;
  /** The dump, by number, during or since which it was last heard of. */
  readonly generation: Uint32Array;
  /** Parts that have been told. */
  readonly parts: Uint32Array;
  readonly id: (string | undefined)[];
  /** What the kernel said last: packets and bytes of the original direction, and of the reply. */
  readonly #raw: Float64Array;
  /** The same of this part alone, also when somebody has set the kernel's counters to 0. */
  readonly #counts: Float64Array;
  /** Four times four lanes: source and destination, original and reply. */
  readonly #addresses: Uint32Array;
  /** The same four ports. Of ICMP: identifier, and type · 256 + code. */
  readonly #ports: Uint16Array;
  readonly #index: ChainedIndex;
  readonly #seed: number;

  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    this.lists = new SlotLists(capacity, 5);
    this.family = new Uint8Array(capacity);
    this.protocol = new Uint8Array(capacity);
    this.kernelId = new Uint32Array(capacity);
    this.zone = new Int32Array(capacity);
    this.status = new Int32Array(capacity);
    this.tcpState = new Int8Array(capacity);
    this.sctpState = new Int8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.openedAt = new Float64Array(capacity);
    this.establishedAt = new Float64Array(capacity);
    this.lastAt = new Float64Array(capacity);
    this.endedAt = new Float64Array(capacity);
    this.partAt = new Float64Array(capacity);
    this.deadline = new Float64Array(capacity);
    this.refresh = new Float64Array(capacity);
    this.generation = new Uint32Array(capacity);
    this.parts = new Uint32Array(capacity);
    this.id = new Array<string | undefined>(capacity).fill(undefined);
    this.#raw = new Float64Array(capacity * 4);
    this.#counts = new Float64Array(capacity * 4);
    this.#addresses = new Uint32Array(capacity * 16);
    this.#ports = new Uint16Array(capacity * 4);
    this.#index = new ChainedIndex(capacity);
    this.#seed = seed;
  }

  get size(): number {
    return this.#index.size;
  }

  has(slot: number, flag: number): boolean {
    return (this.flags[slot]! & flag) !== 0;
  }

  set(slot: number, flag: number): void {
    this.flags[slot]! |= flag;
  }

  /** The slot of the entry with the number, zone and original tuple that the message has, or -1. */
  find(entry: ConntrackEntry): number {
    const hash = this.#hash(entry);
    let slot = this.#index.first(hash);
    while (slot >= 0 && !this.#same(slot, entry)) slot = this.#index.after(slot);
    return slot;
  }

  /**
   * Takes a free slot for the entry and returns it; it is left in the list of free slots, from which the caller moves it. The caller has
   * made sure that there is one.
   */
  allocate(entry: ConntrackEntry, openedAt: number): number {
    // The one that was freed last: its columns are still near.
    const slot = this.lists.tail(EntryList.Free);
    const { original } = entry;
    this.family[slot] = entry.family;
    this.protocol[slot] = original.protocol;
    this.kernelId[slot] = entry.id;
    this.zone[slot] = zoneOf(entry);
    this.#addresses.set(original.source, slot * 16);
    this.#addresses.set(original.destination, slot * 16 + 4);
    this.#ports[slot * 4] = firstPort(original);
    this.#ports[slot * 4 + 1] = secondPort(original);
    this.status[slot] = 0;
    this.tcpState[slot] = -1;
    this.sctpState[slot] = -1;
    this.flags[slot] = 0;
    this.openedAt[slot] = openedAt;
    this.establishedAt[slot] = Number.NaN;
    this.lastAt[slot] = openedAt;
    this.endedAt[slot] = Number.NaN;
    this.partAt[slot] = openedAt;
    this.deadline[slot] = Number.POSITIVE_INFINITY;
    this.refresh[slot] = 0;
    this.parts[slot] = 0;
    this.#raw.fill(0, slot * 4, slot * 4 + 4);
    this.#counts.fill(0, slot * 4, slot * 4 + 4);
    this.#index.insert(this.#hash(entry), slot);
    return slot;
  }

  /** Gives the slot back. */
  release(slot: number): void {
    this.#index.remove(this.#hashSlot(slot), slot);
    this.id[slot] = undefined;
    this.lists.move(slot, EntryList.Free);
  }

  /** Takes over what the message says of answer, status, states and counters. Returns whether packets have been counted since. */
  update(slot: number, entry: ConntrackEntry): boolean {
    if (entry.hasReply && !this.has(slot, EntryFlag.Reply)) {
      const { reply } = entry;
      this.#addresses.set(reply.source, slot * 16 + 8);
      this.#addresses.set(reply.destination, slot * 16 + 12);
      this.#ports[slot * 4 + 2] = firstPort(reply);
      this.#ports[slot * 4 + 3] = secondPort(reply);
      this.set(slot, EntryFlag.Reply);
    }
    if (entry.status >= 0) this.status[slot] = entry.status;
    if (entry.tcpState >= 0) this.tcpState[slot] = entry.tcpState;
    if (entry.sctpState >= 0) this.sctpState[slot] = entry.sctpState;
    if (entry.originalPackets < 0) return false;
    const moved =
      this.#count(slot * 4, entry.originalPackets) + this.#count(slot * 4 + 2, entry.replyPackets);
    this.#count(slot * 4 + 1, entry.originalBytes);
    this.#count(slot * 4 + 3, entry.replyBytes);
    this.set(slot, EntryFlag.Counted);
    return moved > 0;
  }

  /** Packets of the answer in this part; -1 when nobody counts. */
  replyPackets(slot: number): number {
    return this.has(slot, EntryFlag.Counted) ? this.#counts[slot * 4 + 2]! : -1;
  }

  /** Whether packets were counted in this part. */
  hasTraffic(slot: number): boolean {
    return this.#counts[slot * 4]! + this.#counts[slot * 4 + 2]! > 0;
  }

  /** The part has been told; the next one begins at `now`. */
  beginPart(slot: number, now: number): void {
    this.parts[slot]!++;
    this.partAt[slot] = now;
    this.#counts.fill(0, slot * 4, slot * 4 + 4);
  }

  /** The flow, or with `isPart` its part, as it is now; counters and `openedAt` are those of the part. */
  flow(slot: number, id: string, state: FlowState, closedAt: number, isPart: boolean): Flow {
    const parts = this.parts[slot]!;
    const establishedAt = this.establishedAt[slot]!;
    const source = this.#end(slot, 0);
    const destination = this.#end(slot, 1);
    const translated = this.#translated(slot, source, destination);
    const counted = this.has(slot, EntryFlag.Counted);
    const kind = this.#ports[slot * 4 + 1]!;
    const { Icmp, Icmpv6 } = Protocol;
    const icmp = this.protocol[slot] === Icmp || this.protocol[slot] === Icmpv6;
    return {
      id,
      protocol: this.protocol[slot]!,
      source,
      destination,
      state,
      seenBy: 'network',
      openedAt: parts > 0 ? this.partAt[slot]! : this.openedAt[slot]!,
      ...(Number.isNaN(establishedAt) ? {} : { establishedAt }),
      ...(Number.isNaN(closedAt) ? {} : { closedAt }),
      reachedDestination: (this.status[slot]! & Status.SeenReply) !== 0,
      preexisting: this.has(slot, EntryFlag.Preexisting),
      lastAt: parts > 0 ? Math.max(this.partAt[slot]!, this.lastAt[slot]!) : this.lastAt[slot]!,
      ...(counted && { sent: this.#traffic(slot * 4), received: this.#traffic(slot * 4 + 2) }),
      ...(icmp && { icmp: { type: kind >>> 8, code: kind & 0xff } }),
      ...(translated && { translated }),
      observation: constant,
      communityId: communityId(
        this.protocol[slot]!,
        source,
        destination,
        icmp ? { type: kind >>> 8, code: kind & 0xff } : undefined,
      ),
      ...((isPart || parts > 0) && { part: parts + 1 }),
    };
  }

  /** Adds what was counted since the last time; less than then means that somebody has set the counter to 0. Returns how much. */
  #count(at: number, now: number): number {
    const before = this.#raw[at]!;
    const more = now >= before ? now - before : now;
    this.#raw[at] = now;
    this.#counts[at]! += more;
    return more;
  }

  #traffic(at: number): Traffic {
    return { packets: this.#counts[at]!, bytes: this.#counts[at + 1]! };
  }

  /** One of the four ends: 0 and 1 of the original tuple, 2 and 3 of the reply. */
  #end(slot: number, which: number): TranslatedEnd {
    return { address: this.#address(slot, which), port: this.#port(slot, which) };
  }

  #address(slot: number, which: number): Address {
    const at = slot * 16 + which * 4;
    const lanes = this.#addresses;
    return this.family[slot] === 4
      ? ipv4(lanes[at + 3]!)
      : ipv6(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
  }

  #port(slot: number, which: number): number {
    switch (this.protocol[slot]!) {
      case Protocol.Icmp:
      case Protocol.Icmpv6:
        // From identifier to type and code, as NetFlow has it; the answer's own type is no port.
        return which === 0
          ? this.#ports[slot * 4]!
          : which === 3
            ? this.#ports[slot * 4 + 2]!
            : this.#ports[slot * 4 + 1]!;
      case gre:
        return 0;
      default:
        return this.#ports[slot * 4 + which]!;
    }
  }

  /** What NAT made of the ends: the answer comes from where the packets went to, and goes to where they seemed to come from. */
  #translated(
    slot: number,
    source: TranslatedEnd,
    destination: TranslatedEnd,
  ): { source?: TranslatedEnd; destination?: TranslatedEnd } | undefined {
    if (!this.has(slot, EntryFlag.Reply)) return undefined;
    const at = slot * 16;
    const from = !this.#sameEnd(slot, at, at + 12, source.port, this.#port(slot, 3));
    const to = !this.#sameEnd(slot, at + 4, at + 8, destination.port, this.#port(slot, 2));
    if (!from && !to) return undefined;
    return { ...(from && { source: this.#end(slot, 3) }), ...(to && { destination: this.#end(slot, 2) }) };
  }

  #sameEnd(slot: number, i: number, j: number, port: number, other: number): boolean {
    const lanes = this.#addresses;
    return (
      port === other &&
      lanes[i + 3] === lanes[j + 3] &&
      (this.family[slot] === 4 ||
        (lanes[i] === lanes[j] && lanes[i + 1] === lanes[j + 1] && lanes[i + 2] === lanes[j + 2]))
    );
  }

  #same(slot: number, entry: ConntrackEntry): boolean {
    const { original } = entry;
    return (
      this.kernelId[slot] === entry.id &&
      this.#ports[slot * 4] === firstPort(original) &&
      this.#ports[slot * 4 + 1] === secondPort(original) &&
      this.protocol[slot] === original.protocol &&
      this.family[slot] === entry.family &&
      this.zone[slot] === zoneOf(entry) &&
      sameLanes(this.#addresses, slot * 16, original.source) &&
      sameLanes(this.#addresses, slot * 16 + 4, original.destination)
    );
  }

  #hash(entry: ConntrackEntry): number {
    const { source, destination } = entry.original;
    const hash = mix(
      mix(this.#seed, entry.id),
      (firstPort(entry.original) << 16) | secondPort(entry.original),
    );
    if (entry.family === 4) return finish(mix(mix(hash, source[3]!), destination[3]!));
    let all = hash;
    for (let lane = 0; lane < 4; lane++) all = mix(mix(all, source[lane]!), destination[lane]!);
    return finish(all);
  }

  #hashSlot(slot: number): number {
    const at = slot * 16;
    const lanes = this.#addresses;
    const ports = (this.#ports[slot * 4]! << 16) | this.#ports[slot * 4 + 1]!;
    const hash = mix(mix(this.#seed, this.kernelId[slot]!), ports);
    if (this.family[slot] === 4) return finish(mix(mix(hash, lanes[at + 3]!), lanes[at + 7]!));
    let all = hash;
    for (let lane = at; lane < at + 4; lane++) all = mix(mix(all, lanes[lane]!), lanes[lane + 4]!);
    return finish(all);
  }
}

const gre = 47;

function firstPort(tuple: ConntrackTuple): number {
  return tuple.icmpType >= 0 ? tuple.icmpId : tuple.sourcePort;
}

function secondPort(tuple: ConntrackTuple): number {
  return tuple.icmpType >= 0 ? (tuple.icmpType << 8) | tuple.icmpCode : tuple.destinationPort;
}

/** The zone of both directions, or that of the original one. */
function zoneOf(entry: ConntrackEntry): number {
  return entry.zone >= 0 ? entry.zone : entry.original.zone;
}

function sameLanes(x: Uint32Array, at: number, y: Uint32Array): boolean {
  return x[at + 3] === y[3] && x[at + 2] === y[2] && x[at + 1] === y[1] && x[at] === y[0];
}
