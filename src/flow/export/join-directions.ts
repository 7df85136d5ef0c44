import { ChainedIndex, finish, mix } from '../chained-index.ts';
import { SlotLists } from '../slot-lists.ts';
import { initiatorOfBoth, initiatorOfJoined } from './join-directions/initiator.ts';
import { addReverse, addTraffic, turn } from './join-directions/merge.ts';
import { ExportRecord, type RecordSink, Told } from './record.ts';
import { RecordRows } from './record-rows.ts';

/** How directions are joined. */
export interface JoinOptions {
  /** For the hash; one that a sender cannot guess. */
  readonly seed: number;
  /** How long one direction waits for the other, ms by arrival; default 5000. Sampled packets of a conversation are added up that long. */
  readonly windowMs?: number;
  /** Directions that wait at most; default 16384. The oldest goes on alone to make room. */
  readonly capacity?: number;
}

/**
 * What a joiner has counted: `records` = `passed` + `doubles` + `added` + `joined` + `flows` + `held`.
 */
export interface JoinCounters {
  readonly records: number;
  /** Not for joining: both directions already, events, or no addresses. */
  readonly passed: number;
  /** Told twice, as it came in and as it went out, and counted once. */
  readonly doubles: number;
  /** Sampled packets added to another one of their direction. */
  readonly added: number;
  /** Directions joined to the other one that was there. */
  readonly joined: number;
  /** Handed on, joined or alone. */
  readonly flows: number;
  /** Of `flows`: without the other direction. */
  readonly alone: number;
  /** Of `flows`: handed on before their time, to make room. */
  readonly noRoom: number;
  /** Of `flows`: turned around, since their destination opened the conversation. */
  readonly turned: number;
  readonly held: number;
  readonly capacity: number;
}

const [free, waiting] = [0, 1];
/** Bits of what is known of a slot. */
const Flag = {
  /** The source of the record that came first is the greater end. */
  Swapped: 1,
  /** Both directions are in it. */
  Both: 2,
  /** Handed on; kept only to know what is told twice. */
  Done: 4,
} as const;

/**
 * Joins the records of the two directions of a conversation, as one exporter tells them, into one with traffic both ways, from who
 * opened it (RFC 5103 §2 calls that a biflow). What waits in vain goes on alone, the other way round where it is plain that its
 * destination opened the conversation. What an exporter tells both as it came in and as it went out by the same interfaces
 * (element 61) is counted once. Directions that NAT changed are known by the addresses before source and behind destination NAT.
 */
export class DirectionJoiner {
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #seed: number;
  readonly #sink: RecordSink;
  readonly #rows: RecordRows;
  readonly #lists: SlotLists;
  readonly #index: ChainedIndex;
  readonly #hash: Int32Array;
  readonly #flags: Uint8Array;
  /** When the slot's first record came. */
  readonly #since: Float64Array;
  /** Of the way back: direction of observation and interfaces, to know it when it is told twice. */
  readonly #backDirection: Int8Array;
  readonly #backInput: Uint32Array;
  readonly #backOutput: Uint32Array;
  readonly #held = new ExportRecord();
  readonly #own = new ExportRecord();
  /** The ends of the record at hand, the lesser one first: eight lanes, and both ports in one. */
  readonly #ends = new Uint32Array(9);
  /** The same of each slot. */
  readonly #slotEnds: Uint32Array;
  #records = 0;
  #passed = 0;
  #doubles = 0;
  #added = 0;
  #joined = 0;
  #flows = 0;
  #alone = 0;
  #noRoom = 0;
  #turned = 0;
  #done = 0;

  /** `sink` gets each record when it is joined or its time is over; it is valid during the call only. */
  constructor({ seed, windowMs = 5000, capacity = 16_384 }: JoinOptions, sink: RecordSink) {
    this.#windowMs = windowMs;
    this.#capacity = Math.max(1, capacity);
    this.#seed = seed;
    this.#sink = sink;
    this.#rows = new RecordRows(this.#capacity);
    this.#lists = new SlotLists(this.#capacity, 2);
    this.#index = new ChainedIndex(this.#capacity);
    this.#hash = new Int32Array(this.#capacity);
    this.#flags = new Uint8Array(this.#capacity);
    this.#since = new Float64Array(this.#capacity);
    this.#backDirection = new Int8Array(this.#capacity);
    this.#backInput = new Uint32Array(this.#capacity);
    this.#backOutput = new Uint32Array(this.#capacity);
    this.#slotEnds = new Uint32Array(this.#capacity * 9);
  }

  get counters(): JoinCounters {
    return {
      records: this.#records,
      passed: this.#passed,
      doubles: this.#doubles,
      added: this.#added,
      joined: this.#joined,
      flows: this.#flows,
      alone: this.#alone,
      noRoom: this.#noRoom,
      turned: this.#turned,
      held: this.#lists.count(waiting) - this.#done,
      capacity: this.#capacity,
    };
  }

  /** Takes a record. Its arrival is the time that the window runs on. */
  add(record: ExportRecord): void {
    this.#records++;
    this.expire(record.arrival);
    const isOneWay = (record.present & (Told.ReversePackets | Told.ReverseBytes | Told.Event)) === 0;
    if (!isOneWay || !record.told(Told.Addresses)) {
      this.#passed++;
      this.#sink(record);
      return;
    }
    const swapped = endsOf(record, this.#ends);
    const hash = this.#hashOf(record);
    const slot = this.#find(record, hash);
    if (slot < 0) this.#hold(record, hash, swapped);
    else if (((this.#flags[slot]! & Flag.Swapped) !== 0) === swapped) this.#same(slot, record, hash, swapped);
    else this.#opposite(slot, record, hash, swapped);
  }

  /** Hands on what has waited long enough by `now`, milliseconds since the epoch. */
  expire(now: number): void {
    for (let slot = this.#lists.head(waiting); slot >= 0; slot = this.#lists.head(waiting)) {
      const age = now - this.#since[slot]!;
      // A clock that was set back makes nobody wait longer.
      if (age < this.#windowMs && age > -this.#windowMs) return;
      this.#release(slot);
    }
  }

  /** Hands on all that waits. */
  flush(): void {
    for (let slot = this.#lists.head(waiting); slot >= 0; slot = this.#lists.head(waiting))
      this.#release(slot);
  }

  #hashOf(record: ExportRecord): number {
    const ends = this.#ends;
    let hash = mix(mix(this.#seed, record.protocol), record.domain);
    if (record.family === 4) hash = mix(mix(hash, ends[3]!), ends[7]!);
    else for (let lane = 0; lane < 8; lane++) hash = mix(hash, ends[lane]!);
    return finish(mix(hash, ends[8]!));
  }

  /** Returns the slot of this conversation, read into `#held`, or -1. */
  #find(record: ExportRecord, hash: number): number {
    for (let slot = this.#index.first(hash); slot >= 0; slot = this.#index.after(slot)) {
      if (this.#hash[slot] !== hash || !this.#isOfEnds(slot)) continue;
      if (this.#rows.exporters[slot] !== record.exporter) continue;
      const held = this.#held;
      this.#rows.read(slot, held);
      const isSame =
        held.family === record.family &&
        held.protocol === record.protocol &&
        held.domain === record.domain &&
        held.by === record.by &&
        held.tunnel === record.tunnel &&
        held.told(Told.PacketSample) === record.told(Told.PacketSample);
      if (isSame) return slot;
    }
    return -1;
  }

  #isOfEnds(slot: number): boolean {
    for (let lane = 8; lane >= 0; lane--)
      if (this.#slotEnds[slot * 9 + lane] !== this.#ends[lane]) return false;
    return true;
  }

  #hold(record: ExportRecord, hash: number, swapped: boolean): void {
    if (this.#lists.count(free) === 0) {
      const oldest = this.#lists.head(waiting);
      if ((this.#flags[oldest]! & Flag.Done) === 0) this.#noRoom++;
      this.#release(oldest);
    }
    const slot = this.#lists.head(free);
    this.#lists.move(slot, waiting);
    this.#index.insert(hash, slot);
    this.#rows.write(slot, record);
    for (let lane = 0; lane < 9; lane++) this.#slotEnds[slot * 9 + lane] = this.#ends[lane]!;
    this.#hash[slot] = hash;
    this.#flags[slot] = swapped ? Flag.Swapped : 0;
    this.#since[slot] = record.arrival;
  }

  /** Another record of the direction that came first. */
  #same(slot: number, record: ExportRecord, hash: number, swapped: boolean): void {
    const held = this.#held;
    const isDouble =
      record.told(Told.Direction) &&
      held.told(Told.Direction) &&
      record.direction !== held.direction &&
      record.input === held.input &&
      record.output === held.output;
    if (isDouble && this.#overlaps(held, record)) this.#doubles++;
    else if (record.told(Told.PacketSample)) {
      this.#added++;
      addTraffic(held, record);
      this.#rows.write(slot, held);
    } else {
      this.#release(slot);
      this.#hold(record, hash, swapped);
    }
  }

  /** A record of the other direction. */
  #opposite(slot: number, record: ExportRecord, hash: number, swapped: boolean): void {
    const held = this.#held;
    const flags = this.#flags[slot]!;
    const hasBoth = (flags & Flag.Both) !== 0;
    const isSample = record.told(Told.PacketSample);
    if (hasBoth) {
      const isDouble =
        record.told(Told.Direction) &&
        this.#backDirection[slot] !== -1 &&
        record.direction !== this.#backDirection[slot] &&
        record.input === this.#backInput[slot] &&
        record.output === this.#backOutput[slot];
      if (isDouble && this.#overlaps(held, record)) {
        this.#doubles++;
        return;
      }
      if (isSample) {
        this.#added++;
        addReverse(held, record);
        this.#rows.write(slot, held);
        return;
      }
    }
    if (hasBoth || !this.#overlaps(held, record)) {
      this.#release(slot);
      this.#hold(record, hash, swapped);
      return;
    }
    this.#joined++;
    this.#flags[slot] = flags | Flag.Both;
    this.#backDirection[slot] = record.told(Told.Direction) ? record.direction : -1;
    this.#backInput[slot] = record.input;
    this.#backOutput[slot] = record.output;
    if (isSample) {
      addReverse(held, record);
      this.#rows.write(slot, held);
      return;
    }
    // What is told twice comes in any order: it is waited for.
    if (record.told(Told.Direction) || held.told(Told.Direction)) {
      this.#flags[slot]! |= Flag.Done;
      this.#done++;
    } else this.#free(slot);
    this.#handBoth(held, record);
  }

  /** Whether both can be of one conversation: ports come again. */
  #overlaps(one: ExportRecord, other: ExportRecord): boolean {
    return one.start <= other.end + this.#windowMs && other.start <= one.end + this.#windowMs;
  }

  #handBoth(forth: ExportRecord, back: ExportRecord): void {
    this.#flows++;
    if (initiatorOfBoth(forth, back) !== 'destination') {
      addReverse(forth, back);
      this.#sink(forth);
      return;
    }
    // The record that goes on is of the direction that opened it, with its NAT, VLANs and type of ICMP.
    this.#turned++;
    const own = this.#own;
    copyRecord(back, own);
    addReverse(own, forth);
    this.#sink(own);
  }

  /** Hands on what is in the slot, and frees it. */
  #release(slot: number): void {
    const flags = this.#flags[slot]!;
    if ((flags & Flag.Done) !== 0) {
      this.#done--;
      this.#free(slot);
      return;
    }
    const record = this.#own;
    this.#rows.read(slot, record);
    this.#free(slot);
    this.#flows++;
    const hasBoth = (flags & Flag.Both) !== 0;
    if (!hasBoth) this.#alone++;
    const isNat = (record.present & (Told.NatSource | Told.NatDestination)) !== 0;
    if (!isNat && initiatorOfJoined(record) === 'destination') {
      this.#turned++;
      turn(record);
    }
    this.#sink(record);
  }

  #free(slot: number): void {
    this.#index.remove(this.#hash[slot]!, slot);
    this.#lists.move(slot, free);
  }
}

/**
 * Writes both ends, the lesser one first, and tells whether they had to change places. The source is as it was before NAT, the
 * destination as it is behind: so both directions have the same two, whichever NAT changes.
 */
function endsOf(record: ExportRecord, ends: Uint32Array): boolean {
  const isTranslated =
    record.told(Told.NatDestination) && record.natFamily === record.family && isAny(record.natDestination);
  const { source, sourcePort } = record;
  const destination = isTranslated ? record.natDestination : record.destination;
  const destinationPort =
    isTranslated && record.natDestinationPort !== 0 ? record.natDestinationPort : record.destinationPort;
  let order = sourcePort - destinationPort;
  for (let lane = 3; lane >= 0; lane--)
    if (source[lane] !== destination[lane]) order = source[lane]! - destination[lane]!;
  const swapped = order > 0;
  const lesser = swapped ? destination : source;
  const greater = swapped ? source : destination;
  for (let lane = 0; lane < 4; lane++) {
    ends[lane] = lesser[lane]!;
    ends[lane + 4] = greater[lane]!;
  }
  ends[8] = swapped ? destinationPort * 65_536 + sourcePort : sourcePort * 65_536 + destinationPort;
  return swapped;
}

function isAny(lanes: Uint32Array): boolean {
  return (lanes[0]! | lanes[1]! | lanes[2]! | lanes[3]!) !== 0;
}

const oneRow = new RecordRows(1);

function copyRecord(from: ExportRecord, to: ExportRecord): void {
  oneRow.write(0, from);
  oneRow.read(0, to);
}
