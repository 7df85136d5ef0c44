import { type Address, ipv4, ipv6 } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { DnsMessage } from '../dns-message.ts';
import type { EndReason, Flow, FlowNames } from '../flow.ts';
import { readDnsQuestion, readDnsQuestionSegment } from '../names/dns.ts';
import type { Packet } from '../packet/packet.ts';
import { ExpiryWheel } from './expiry-wheel.ts';
import { FlowIndex } from './flow-index.ts';
import { defaultNameLimits, FlowNameBook, type NameLimits } from './flow-name-book.ts';
import {
  Bit,
  classMask,
  classShift,
  FirstLane,
  FlowClass,
  FlowRows,
  firstLanesPerFlow,
  Lane,
  lanesPerFlow,
  looksShift,
  numbersPerFlow,
  Place,
  State,
  stateMask,
  timeouts,
} from './flow-rows.ts';
import { FlowTeller, type FlowTellerOptions } from './flow-teller.ts';
import { LinkedSlots } from './linked-slots.ts';
import { IcmpRole, PacketKey } from './packet-key.ts';
import { afterSegment, Tcp, withState } from './tcp-state.ts';

/** Sizes, times and the things that a pure room is given from outside. All times are milliseconds of packet time. */
export interface PacketFlowsOptions extends FlowTellerOptions {
  /** Flows that are held at once; default 1,048,576, for which about 200 MB are reserved and used as far as there are flows. */
  readonly maxFlows?: number;
  /** A flow without a packet for so long is over. Default 60 s. */
  readonly idleMs?: number;
  /** The same for established TCP. Default 300 s. */
  readonly tcpIdleMs?: number;
  /** The same for a single packet that nobody answers. Default 15 s. */
  readonly singleIdleMs?: number;
  /** How long a TCP flow that has ended waits for late packets. Default 5 s. */
  readonly lingerMs?: number;
  /** A part of a flow is told after so long, and the next part begins; 0 for never. Default 60 s. */
  readonly activeMs?: number;
  /** Packets that lie further back than this are not late ones: the clock was set back, when there are many. Default 60 s. */
  readonly lateMs?: number;
  /** What bytes are: of the IP packet, or of the frame on the wire. Default `ip`. */
  readonly bytes?: 'ip' | 'frame';
  /** Secret start value of the hashes, so that nobody can choose ends that collide. */
  readonly hashSeed?: number;
  /** Limits of names of DNS, TLS and HTTP; false to look for none. */
  readonly names?: Partial<NameLimits> | false;
}

/** Takes what becomes of flows. A slot says something only during the call; {@link PacketFlows.flow} makes an object of it. */
export interface PacketFlowsSink {
  /** A first packet was seen and counted. */
  opened?(flows: PacketFlows, slot: number): void;
  /** The state has changed. */
  updated?(flows: PacketFlows, slot: number): void;
  /** A flow, or with the reason `active` a part of it, is told. */
  ended(flows: PacketFlows, slot: number, reason: EndReason): void;
  /** A question or answer of DNS was seen; only those whose payload is whole in its packet, over UDP or at the beginning of a segment. */
  dns?(message: DnsMessage): void;
}

/** How full the table is and what it has seen. `packets` = counted in flows + `ignored`. */
export interface PacketFlowsStats {
  readonly packets: number;
  /** Packets that are neither IPv4 nor IPv6. */
  readonly ignored: number;
  /** Packets with a time before that of an earlier one. */
  readonly late: number;
  /** Times that the clock was found to be set back: all flows were told. */
  readonly clockSteps: number;
  readonly active: number;
  readonly opened: number;
  /** Records told, by reason; their sum is that of all calls of `ended`. */
  readonly ended: Readonly<Record<EndReason, number>>;
  /** Of `ended` for `no-room`: by class of {@link FlowClass}, from the first that has to go. */
  readonly evicted: readonly number[];
  /** ICMP errors that quote a flow that is in the table, and other ones. */
  readonly quotesFound: number;
  readonly quotesUnknown: number;
  /** Names for which there was no room; names that were looked up and dropped before their time. */
  readonly namesDropped: number;
  readonly lookupsEvicted: number;
  /** Bytes reserved. */
  readonly bytes: number;
}

const dnsPort = 53;
/** Payloads of one flow that are looked at for names. */
const maxLooks = 4;
/** Packets until a flow that was answered is a conversation: a TCP handshake and one more. */
const conversationPackets = 4;
/** Conversations that eviction passes by since they have gone on, before it takes one all the same. */
const secondChances = 16;
/** Packets in a row that lie far back until the clock counts as set back. */
const packetsBeforeStep = 100;
const noReason = -1;
/** Most keys of {@link PacketFlows.touch} at a time. */
export const mostTouched = 32;

// What is constant in this module is compiled into the loop; what is imported would be looked up for every packet.
const [laneStride, numberStride] = [lanesPerFlow, numbersPerFlow];
const { Flags: flagsLane, TcpFlags: tcpFlagsLane, SentPackets: sent, ReceivedPackets: received } = Lane;
const { Last: last, Opened: openedAt, SentBytes: sentBytes, ReceivedBytes: receivedBytes } = Place;
const [shiftOfClass, maskOfClass, maskOfState] = [classShift, classMask, stateMask];
const { SourceIsHigh: sourceIsHigh, Used: used } = Bit;
const { FirstFromSource: firstFromSource, FirstFromDestination: firstFromDestination } = Bit;
const tcpProtocol = Protocol.Tcp;
const conversation = FlowClass.Conversation << classShift;
/** Flags of TCP that change something at any time, and bits of a flow after which no others do. */
const changing = Tcp.Syn | Tcp.Fin | Tcp.Rst;
const settled = Bit.TcpEstablished | Bit.Asked | Bit.Answered;

/**
 * Makes flows of packets: both directions of a conversation are one flow, in a table of fixed size.
 *
 * A conversation is its two ends, protocol, innermost VLAN and innermost tunnel's kind and id ({@link PacketKey}).
 *
 * The source is the sender of a SYN without ACK, or the receiver of a SYN+ACK or of a RST that answers a SYN; else the end with the
 * higher port where the other port is below 1024 (for TCP picked up midway also where the other is below 32768 and its own is not);
 * else the sender of the first packet. TCP of which no handshake was seen is marked preexisting. Questions of ICMP and their answers
 * are one flow from id to type · 256 + code of the question; other messages of ICMP have port 0 as their source. An ICMP error
 * that says that the destination cannot be reached makes the flow that it quotes `unreachable` until an answer comes.
 *
 * A flow ends (`ended`) when it is idle; some time after TCP was closed, refused or aborted, or at the next SYN that is no
 * repetition (`end`); at {@link PacketFlows.end} (`forced`); when there is no room (`no-room`). A flow that lasts is told in parts
 * (`active`), each with its own counters, times and TCP flags and the same id. Its end is told even when nothing came since its last
 * part. Timeouts are checked before a packet is counted, and about once a second of packet time for all others.
 *
 * When there is no room, the oldest of the first class that has any makes it: ended flows; single packets without an answer;
 * several packets without an answer; answered ones of a few packets or, for TCP, without a whole handshake; conversations. So a
 * flood of SYN, or one that is answered by SYN+ACK only, costs attempts, and never an established conversation while there are others.
 * Conversations that have gone on since eviction last passed by are passed by once more.
 */
export class PacketFlows {
  readonly #sink: PacketFlowsSink;
  readonly #rows: FlowRows;
  readonly #index = new FlowIndex();
  readonly #classes: LinkedSlots;
  readonly #wheel: ExpiryWheel;
  readonly #key: PacketKey;
  readonly #names: FlowNameBook | undefined;
  readonly #teller: FlowTeller;
  readonly #hashSeed: number;
  readonly #capacity: number;
  /** Idle time by class and {@link Bit.TcpEstablished}. */
  readonly #idle = new Float64Array(timeouts);
  readonly #activeMs: number;
  readonly #lateMs: number;
  readonly #ofFrame: boolean;
  readonly #look = (slot: number): void => this.#expire(slot);
  /** Slots that were given back, the last first; those from `#used` on were never used. */
  readonly #free: Int32Array;
  #freeCount = 0;
  #used = 0;
  #now = Number.NEGATIVE_INFINITY;
  #farBack = 0;
  readonly #likely = new Int32Array(mostTouched);
  #ending = noReason;
  #endReason: EndReason = 'end';

  #packets = 0;
  #ignored = 0;
  #late = 0;
  #clockSteps = 0;
  #opened = 0;
  #quotesFound = 0;
  #quotesUnknown = 0;
  readonly #ended: Record<EndReason, number> = { idle: 0, active: 0, end: 0, forced: 0, 'no-room': 0 };
  readonly #evicted = [0, 0, 0, 0, 0];

  constructor(options: PacketFlowsOptions, sink: PacketFlowsSink) {
    const seed = options.hashSeed ?? 0;
    const capacity = options.maxFlows ?? 1_048_576;
    this.#sink = sink;
    this.#hashSeed = seed;
    this.#capacity = capacity;
    this.#rows = new FlowRows(capacity);
    this.#classes = new LinkedSlots(capacity, 5);
    this.#wheel = new ExpiryWheel(capacity);
    this.#free = new Int32Array(capacity);
    this.#key = new PacketKey(seed);
    this.#names =
      options.names === false
        ? undefined
        : new FlowNameBook({ ...defaultNameLimits, ...options.names }, seed);
    this.#teller = new FlowTeller(this.#rows, this.#names, options);
    this.#idle.fill(options.idleMs ?? 60_000);
    this.#idle[FlowClass.Single] = options.singleIdleMs ?? 15_000;
    this.#idle.fill(options.tcpIdleMs ?? 300_000, timeouts / 2);
    this.#idle[FlowClass.Ended] = this.#idle[timeouts / 2] = options.lingerMs ?? 5000;
    this.#activeMs = (options.activeMs ?? 60_000) || Number.POSITIVE_INFINITY;
    this.#lateMs = options.lateMs ?? 60_000;
    this.#ofFrame = options.bytes === 'frame';
  }

  /** Counts a packet. `bytes` is the buffer that its payload stands in; without it no names are found. */
  add(packet: Packet, bytes: Uint8Array = noBytes): void {
    if (packet.family === 4 || packet.family === 6) this.#key.ofPacket(packet);
    this.addWithKey(packet, this.#key, bytes);
  }

  /** As {@link add}, with the key of the packet, which {@link newKey} made. */
  addWithKey(packet: Packet, key: PacketKey, bytes: Uint8Array): void {
    this.#packets++;
    if (packet.family !== 4 && packet.family !== 6) {
      this.#ignored++;
      return;
    }
    const time = packet.seconds * 1000 + packet.nanoseconds / 1e6;
    if (time >= this.#now) {
      this.#farBack = 0;
      this.#advance(time);
    } else this.#isLate(time);
    const now = this.#now;

    const { lanes, numbers } = this.#rows;
    const isSegment = packet.protocol === tcpProtocol && packet.transportWhole && packet.fragmentOffset === 0;
    let slot = this.#index.find(key.hash, this.#rows, key);
    if (slot >= 0) {
      const flags = lanes[slot * laneStride + flagsLane]!;
      if (now >= numbers[slot * numberStride + last]! + this.#idle[(flags >>> shiftOfClass) & 15]!) {
        this.#end(slot, 'idle', true);
        slot = -1;
      } else if (isSegment && (flags & maskOfClass) === 0 && this.#isNewAttempt(slot, packet)) {
        this.#end(slot, 'end', true);
        slot = -1;
      }
    }
    const isNew = slot < 0;
    if (isNew) slot = this.#open(packet, key, isSegment, time);

    const at = slot * laneStride;
    const place = slot * numberStride;
    // False too where the part has no packet yet.
    if (!(now - numbers[place + openedAt]! < this.#activeMs)) this.#beginPart(slot, time);
    if (time > numbers[place + last]!) numbers[place + last] = time;

    const before = lanes[at + flagsLane]!;
    const bySource = key.fromLow === ((before & sourceIsHigh) === 0);
    const packets = at + (bySource ? sent : received);
    lanes[packets]!++;
    if (lanes[packets] === 0) lanes[packets] = -1;
    numbers[place + (bySource ? sentBytes : receivedBytes)]! += this.#ofFrame
      ? packet.wireLength
      : packet.ipLength;

    let flags = before | used;
    if (isSegment) {
      const tcp = packet.tcpFlags & 0x1ff;
      const shift = bySource ? 16 : 0;
      lanes[at + tcpFlagsLane]! |= tcp << shift;
      if ((flags & (bySource ? firstFromSource : firstFromDestination)) === 0) {
        flags |= bySource ? firstFromSource : firstFromDestination;
        lanes[at + Lane.FirstTcpFlags]! |= tcp << shift;
      }
      // Most segments are of established conversations and change nothing.
      const changes = (tcp & changing) | (~flags & settled);
      if (changes !== 0) {
        flags = afterSegment(flags, tcp, bySource, packet.payloadLength > 0);
        if (bySource && (tcp & Tcp.Syn) !== 0 && (flags & Bit.HasInitialSequence) === 0) {
          lanes[at + Lane.InitialSequence] = packet.tcpSequence;
          flags |= Bit.HasInitialSequence;
        }
      }
    } else if ((flags & (bySource ? Bit.Asked : Bit.Answered)) === 0) {
      flags |= bySource ? Bit.Asked : Bit.Answered;
      const isOpening =
        (flags & maskOfState) === State.Attempted || (flags & maskOfState) === State.Unreachable;
      const both = (flags & Bit.Asked) !== 0 && (flags & Bit.Answered) !== 0;
      // Later fragments of TCP say nothing of its state.
      if (both && isOpening && packet.protocol !== tcpProtocol) flags = withState(flags, State.Established);
    }
    lanes[at + flagsLane] = flags;
    if ((flags & maskOfClass) !== conversation || ((before ^ flags) & maskOfState) !== 0)
      this.#classify(slot, before, flags, time);

    if (this.#names !== undefined && packet.payloadEnd > packet.payloadStart)
      this.#learnNames(this.#names, slot, packet, bytes, bySource);
    if (isNew) this.#sink.opened?.(this, slot);
    else if (((before ^ flags) & maskOfState) !== 0) this.#sink.updated?.(this, slot);
    if (packet.hasQuote) this.#markQuoted(packet);
  }

  /** Returns a key for {@link addWithKey}. */
  newKey(): PacketKey {
    return new PacketKey(this.#hashSeed);
  }

  /**
   * Reads what will be needed to find the first `count` keys, and does nothing with it. One lookup waits for memory twice, most of its
   * time; a processor waits for many at once when nothing else stands between them.
   */
  touch(keys: readonly PacketKey[], count: number): void {
    const slots = this.#likely;
    for (let i = 0; i < count; i++) slots[i] = this.#index.likely(keys[i]!.hash);
    const { lanes } = this.#rows;
    let sum = 0;
    // With nothing found, the first row is as good as any.
    for (let i = 0; i < count; i++) sum ^= lanes[slots[i]! * laneStride]!;
    // Kept, so that the reading is not taken for needless.
    slots[0] = sum;
  }

  /** Lets time go on without a packet: flows that are due by then are told. Time that lies back is passed over. */
  tick(seconds: number, nanoseconds: number): void {
    const time = seconds * 1000 + nanoseconds / 1e6;
    if (time > this.#now) this.#advance(time);
  }

  /** Tells all flows that are left. */
  end(): void {
    for (let flowClass = FlowClass.Ended; flowClass <= FlowClass.Conversation; flowClass++) {
      for (let slot = this.#classes.head(flowClass); slot >= 0; slot = this.#classes.head(flowClass)) {
        if (this.#isPartDue(slot)) this.#tellPart(slot);
        this.#end(slot, 'forced', true);
      }
    }
  }

  /** The flow, or its part, as it is now; all counters are of this part, `openedAt` and `lastAt` are its first and last packet. */
  flow(slot: number): Flow {
    return this.#teller.flow(slot, this.#ending === slot ? this.#endReason : undefined);
  }

  /** Id of the flow, the same for all its parts. */
  id(slot: number): string {
    return this.#teller.id(slot);
  }

  /** Copies the row of a flow, or its part, as it is now, to a row of others; returns its names, which do not stand there. */
  copy(slot: number, rows: FlowRows, to: number): FlowNames | undefined {
    rows.copy(this.#rows, slot, to);
    return (this.#rows.flags(slot) & Bit.Named) === 0 ? undefined : this.#names?.of(slot);
  }

  /** TCP flags of the first segment that one end sent: of the source, or of the destination; 0 where there was none. */
  firstTcpFlags(slot: number, ofSource: boolean): number {
    return this.#rows.tcpFlags(slot, ofSource, Lane.FirstTcpFlags);
  }

  /** The counters as they are now. */
  stats(): PacketFlowsStats {
    return {
      packets: this.#packets,
      ignored: this.#ignored,
      late: this.#late,
      clockSteps: this.#clockSteps,
      active: this.#index.size,
      opened: this.#opened,
      ended: { ...this.#ended },
      evicted: [...this.#evicted],
      quotesFound: this.#quotesFound,
      quotesUnknown: this.#quotesUnknown,
      namesDropped: this.#names?.dropped ?? 0,
      lookupsEvicted: this.#names?.evictedLookups ?? 0,
      bytes:
        this.#rows.bytes +
        this.#index.bytes +
        this.#classes.bytes +
        this.#wheel.bytes +
        this.#free.byteLength,
    };
  }

  #advance(time: number): void {
    if (this.#now === Number.NEGATIVE_INFINITY) this.#wheel.start(time);
    this.#now = time;
    if (this.#wheel.isDue(time)) this.#wheel.advance(time, this.#look);
  }

  /** A packet before the last one is late. Many that lie far back mean that the clock was set back: then all begins anew. */
  #isLate(time: number): void {
    this.#late++;
    if (this.#now - time <= this.#lateMs) this.#farBack = 0;
    else if (++this.#farBack >= packetsBeforeStep) {
      this.#farBack = 0;
      this.#clockSteps++;
      this.end();
      this.#wheel.start(time);
      this.#now = time;
    }
  }

  /** Whether a segment for a flow that is over begins another one: a SYN that is not the first one sent again. */
  #isNewAttempt(slot: number, packet: Packet): boolean {
    if ((packet.tcpFlags & (Tcp.Syn | Tcp.Ack | Tcp.Rst)) !== Tcp.Syn) return false;
    const { lanes } = this.#rows;
    const at = slot * lanesPerFlow;
    return (
      (lanes[at + Lane.Flags]! & Bit.HasInitialSequence) === 0 ||
      lanes[at + Lane.InitialSequence] !== (packet.tcpSequence | 0)
    );
  }

  /** Takes a slot for the flow of a first packet, which is not counted yet. */
  #open(packet: Packet, key: PacketKey, isSegment: boolean, time: number): number {
    if (this.#freeCount === 0 && this.#used === this.#capacity) this.#makeRoom();
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#used++;
    const now = this.#now;
    this.#opened++;
    const flags = firstFlags(packet, key, isSegment) | (FlowClass.Single << classShift);
    const isNamed = this.#names?.open(slot, packet.family, packet.source, packet.destination, now) === true;
    this.#rows.open(slot, key, packet, isNamed ? flags | Bit.Named : flags, this.#opened);
    this.#rows.numbers[slot * numbersPerFlow + Place.Opened] = time;
    this.#index.insert(key.hash, slot);
    this.#classes.append(FlowClass.Single, slot);
    this.#wheel.add(slot, time + Math.min(this.#idle[FlowClass.Single]!, this.#activeMs));
    return slot;
  }

  /** The part before this packet is told if there is one; the next begins. */
  #beginPart(slot: number, time: number): void {
    const { numbers } = this.#rows;
    const place = slot * numbersPerFlow + Place.Opened;
    if (!Number.isNaN(numbers[place]!)) this.#tellPart(slot);
    numbers[place] = time;
    this.#wheel.remove(slot);
    this.#wheel.add(slot, this.#deadline(slot));
  }

  #tellPart(slot: number): void {
    const { numbers, lanes, firstLanes } = this.#rows;
    this.#tell(slot, 'active');
    const place = slot * numbersPerFlow;
    firstLanes[slot * firstLanesPerFlow + FirstLane.Parts]!++;
    lanes.fill(0, slot * lanesPerFlow + Lane.TcpFlags, slot * lanesPerFlow + Lane.ReceivedPackets + 1);
    numbers[place + Place.SentBytes] = 0;
    numbers[place + Place.ReceivedBytes] = 0;
    numbers[place + Place.Opened] = Number.NaN;
  }

  /** When a flow is to be looked at. */
  #deadline(slot: number): number {
    const { numbers } = this.#rows;
    const place = slot * numbersPerFlow;
    const active = numbers[place + Place.Opened]! + this.#activeMs;
    const idle = this.#idleAt(slot);
    return Number.isNaN(active) ? idle : Math.min(active, idle);
  }

  #idleAt(slot: number): number {
    const timeout = (this.#rows.flags(slot) >>> classShift) & 15;
    return this.#rows.numbers[slot * numbersPerFlow + Place.Last]! + this.#idle[timeout]!;
  }

  #isPartDue(slot: number): boolean {
    if (this.#idleAt(slot) <= this.#now) return false;
    return this.#now - this.#rows.numbers[slot * numbersPerFlow + Place.Opened]! >= this.#activeMs;
  }

  /** Whether the second is over in which its part was due: it does not hang on when else a flow is looked at. */
  #isPartOverdue(slot: number): boolean {
    const due = this.#rows.numbers[slot * numbersPerFlow + Place.Opened]! + this.#activeMs;
    return this.#now >= (Math.floor(due / 1000) + 1) * 1000;
  }

  /** Looks at a flow that the wheel has let go of. */
  #expire(slot: number): void {
    if (this.#idleAt(slot) <= this.#now) this.#end(slot, 'idle', false);
    else {
      if (this.#isPartOverdue(slot)) this.#tellPart(slot);
      this.#wheel.add(slot, this.#deadline(slot));
    }
  }

  /** Moves a flow to the class that it belongs to. */
  #classify(slot: number, before: number, flags: number, time: number): void {
    const { numbers, lanes } = this.#rows;
    const place = slot * numbersPerFlow;
    const from = (flags & classMask) >>> classShift;
    const state = flags & stateMask;
    if (((before ^ flags) & stateMask) !== 0) {
      if (state === State.Established && (flags & Bit.Preexisting) === 0)
        numbers[place + Place.Established] = time;
      else if (state === State.Closed || state === State.Refused || state === State.Aborted)
        numbers[place + Place.Closed] = time;
    }
    const packets = this.#rows.packets(slot, true) + this.#rows.packets(slot, false);
    const isTcp = this.#rows.protocol(slot) === Protocol.Tcp;
    let to: number;
    if (state === State.Closed || state === State.Refused || state === State.Aborted) to = FlowClass.Ended;
    else if ((flags & Bit.Asked) === 0 || (flags & Bit.Answered) === 0) {
      to =
        from === FlowClass.Single && packets === 1 && this.#rows.parts(slot) === 0
          ? FlowClass.Single
          : FlowClass.Unanswered;
    } else if (from === FlowClass.Conversation) to = from;
    else if (packets >= conversationPackets && (!isTcp || state === State.Established))
      to = FlowClass.Conversation;
    else to = FlowClass.Answered;
    if (to === from) return;
    this.#classes.remove(slot);
    this.#classes.append(to, slot);
    lanes[slot * lanesPerFlow + Lane.Flags] = (flags & ~classMask) | (to << classShift);
    if (to === FlowClass.Ended) {
      this.#wheel.remove(slot);
      this.#wheel.add(slot, this.#deadline(slot));
    }
  }

  #makeRoom(): void {
    for (let flowClass = FlowClass.Ended; flowClass <= FlowClass.Conversation; flowClass++) {
      let slot = this.#classes.head(flowClass);
      if (slot < 0) continue;
      if (flowClass === FlowClass.Ended) {
        this.#end(slot, 'end', true);
        return;
      }
      for (let chance = 0; flowClass === FlowClass.Conversation && chance < secondChances; chance++) {
        const at = slot * lanesPerFlow + Lane.Flags;
        if ((this.#rows.lanes[at]! & Bit.Used) === 0) break;
        this.#rows.lanes[at]! &= ~Bit.Used;
        this.#classes.remove(slot);
        this.#classes.append(flowClass, slot);
        slot = this.#classes.head(flowClass);
      }
      this.#end(slot, 'no-room', true);
      return;
    }
  }

  /** Tells a flow and gives its slot back. */
  #end(slot: number, why: EndReason, isScheduled: boolean): void {
    const { lanes } = this.#rows;
    const at = slot * lanesPerFlow;
    let flags = lanes[at + Lane.Flags]!;
    let reason = why;
    // The wheel may not have come to it yet.
    if (this.#idleAt(slot) <= this.#now) reason = 'idle';
    if ((flags & classMask) === 0) reason = 'end';
    else if (reason === 'no-room') this.#evicted[(flags & classMask) >>> classShift]!++;
    else if (reason === 'idle' && (flags & stateMask) === State.Attempted) {
      const state = this.#rows.protocol(slot) === Protocol.Tcp ? State.TimedOut : State.Unanswered;
      flags = withState(flags, state);
      lanes[at + Lane.Flags] = flags;
    }
    if ((flags & Bit.Named) !== 0) this.#names?.finish(slot);
    this.#tell(slot, reason);
    if ((flags & Bit.Named) !== 0) this.#names?.close(slot);
    if (isScheduled) this.#wheel.remove(slot);
    this.#classes.remove(slot);
    this.#index.remove(lanes[at + Lane.Hash]!, slot);
    this.#free[this.#freeCount++] = slot;
  }

  #tell(slot: number, reason: EndReason): void {
    this.#ended[reason]++;
    this.#ending = slot;
    this.#endReason = reason;
    this.#sink.ended(this, slot, reason);
    this.#ending = noReason;
  }

  #learnNames(names: FlowNameBook, slot: number, packet: Packet, bytes: Uint8Array, bySource: boolean): void {
    if (bytes.length < packet.payloadEnd) return;
    const { lanes } = this.#rows;
    const at = slot * lanesPerFlow + Lane.Flags;
    const flags = lanes[at]!;
    if (packet.fragmentOffset !== 0) return;
    if (this.#sink.dns !== undefined && (bySource ? packet.destinationPort : packet.sourcePort) === dnsPort)
      this.#tellDns(packet, bytes, bySource);
    const isUdp = packet.protocol === Protocol.Udp;
    if (!bySource && packet.sourcePort === dnsPort && (flags & Bit.Asked) !== 0) {
      if (isUdp || packet.protocol === tcpProtocol) names.learn(packet, bytes, this.#now);
      return;
    }
    if (isUdp || (flags & Bit.Looking) === 0 || !bySource) return;
    const looks = (flags >>> looksShift) + 1;
    const goesOn = names.look(slot, packet, bytes) && looks < maxLooks;
    lanes[at] =
      (flags & ~Bit.Looking & ~(7 << looksShift)) |
      (looks << looksShift) |
      (goesOn ? Bit.Looking : 0) |
      Bit.Named;
  }

  #tellDns(packet: Packet, bytes: Uint8Array, bySource: boolean): void {
    const isTcp = packet.protocol === tcpProtocol;
    if (!isTcp && packet.protocol !== Protocol.Udp) return;
    const read = isTcp ? readDnsQuestionSegment : readDnsQuestion;
    const question = read(bytes, packet.payloadStart, packet.payloadEnd);
    if (question === undefined || question.isResponse === bySource) return;
    const source = addressOf(packet.family, packet.source);
    const destination = addressOf(packet.family, packet.destination);
    this.#sink.dns?.({
      at: this.#now,
      client: bySource ? source : destination,
      server: bySource ? destination : source,
      ...question,
      // What a capture cut off was on the wire.
      bytes: isTcp ? question.bytes : packet.payloadLength,
    });
  }

  /** An ICMP error says something of another flow. */
  #markQuoted(packet: Packet): void {
    const key = this.#key;
    const { quoted } = packet;
    key.ofQuote(packet, quoted);
    const slot = this.#index.find(key.hash, this.#rows, key);
    if (slot < 0 || this.#idleAt(slot) <= this.#now) {
      this.#quotesUnknown++;
      return;
    }
    this.#quotesFound++;
    const { lanes } = this.#rows;
    const at = slot * lanesPerFlow + Lane.Flags;
    const flags = lanes[at]!;
    const isOfSource = key.fromLow === ((flags & Bit.SourceIsHigh) === 0);
    // Of what is established or was answered, such messages are hints only (RFC 1122 §4.2.3.9, RFC 5461).
    if (!isOfSource || (flags & stateMask) !== State.Attempted || (flags & Bit.Answered) !== 0) return;
    if (!saysUnreachable(packet)) return;
    if (this.#isPartDue(slot)) this.#tellPart(slot);
    lanes[at] = withState(flags, State.Unreachable);
    this.#sink.updated?.(this, slot);
  }
}

const noBytes = new Uint8Array(0);
const firstRegisteredPort = 1024;
/** Least port from which most systems take the ports of their own connections. */
const firstEphemeralPort = 32_768;

/** Returns what the first packet says of the flow: who its source is, and whether it began before. */
function firstFlags(packet: Packet, key: PacketKey, isSegment: boolean): number {
  let bits = isSegment ? Bit.Looking : 0;
  let sourceSent: boolean;
  if (packet.icmpType >= 0) sourceSent = key.icmpRole !== IcmpRole.Answer;
  else if (isSegment) {
    const tcp = packet.tcpFlags & (Tcp.Syn | Tcp.Ack | Tcp.Rst);
    if (tcp === Tcp.Syn || tcp === (Tcp.Syn | Tcp.Ack)) {
      bits |= Bit.Handshake;
      sourceSent = tcp === Tcp.Syn;
    } else if (tcp === (Tcp.Rst | Tcp.Ack) && packet.tcpSequence === 0) {
      // The answer to a SYN that was not seen (RFC 9293 §3.5.2, group 1).
      bits |= Bit.Handshake;
      sourceSent = false;
    } else {
      bits |= Bit.Preexisting;
      sourceSent = sourceByPorts(packet.sourcePort, packet.destinationPort, true);
    }
  } else {
    if (packet.protocol === Protocol.Tcp) bits |= Bit.Preexisting;
    sourceSent = sourceByPorts(packet.sourcePort, packet.destinationPort, false);
  }
  return key.fromLow === sourceSent ? bits : bits | Bit.SourceIsHigh;
}

/** Whether the ports say that the sender is the source of the conversation, or nothing. */
function sourceByPorts(from: number, to: number, isMidway: boolean): boolean {
  if (from === to || from === 0 || to === 0) return true;
  if (Math.min(from, to) < firstRegisteredPort) return to < from;
  return !(isMidway && from < firstEphemeralPort && to >= firstEphemeralPort);
}

function addressOf(family: number, lanes: Uint32Array): Address {
  return family === 4 ? ipv4(lanes[3]!) : ipv6(lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!);
}

/** Destination Unreachable but for "fragmentation needed" (RFC 792, RFC 1191), and its like of ICMPv6 (RFC 4443 §3.1). */
function saysUnreachable(packet: Packet): boolean {
  if (packet.protocol === Protocol.Icmpv6) return packet.icmpType === 1;
  return packet.icmpType === 3 && packet.icmpCode !== 4;
}
