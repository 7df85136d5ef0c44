import { finish, mix } from '../flow/chained-index.ts';
import { SlotLists } from '../flow/slot-lists.ts';
import type { Address } from '../net/address.ts';

/** The share of the slots that the highest rank may hold before it gives its own oldest away. */
const highestShare = 3 / 4;
/** Moving an entry costs more than finding it: one is as good as newest as long as not more than this part of the table has come since. */
const slackShare = 16;
/** Lanes that an address takes in a key. */
export const addressLanes = 4;
/** In the third lane of IPv4 addresses, which stand in keys as they are mapped into IPv6 (RFC 4291 §2.5.5.2). */
const mappedLane = 0xffff;
/** Before the key in the record of a slot: the next slot of its chain and one, its hash, and how many entries had come when it was touched. */
const chainAt = 0;
const hashAt = 1;
const touchedAt = 2;
const before = 3;

/**
 * A table of fixed size whose entries have ranks, 0 for the least suspicious. When it is full, the entry goes that was not
 * touched for longest (about) in the lowest rank that has any; but where the highest rank holds three quarters of the slots, the
 * oldest of that one, so that a flood of suspects cannot keep everybody else out. Each step costs O(1); nothing is
 * allocated but the values.
 */
export class RankedTable<T> {
  /** The key that {@link find} and {@link insert} mean; to be filled in before. */
  readonly key: Uint32Array;
  readonly #capacity: number;
  readonly #ranks: number;
  /** By hash, the first slot of a chain and one. */
  readonly #heads: Int32Array;
  readonly #lists: SlotLists;
  /** What is looked at together lies together: one record of a few lanes for each slot. */
  readonly #records: Uint32Array;
  readonly #stride: number;
  readonly #values: (T | undefined)[];
  readonly #dropped: ((value: T) => void) | undefined;
  #seed: number | undefined;
  #evicted = 0;
  #size = 0;
  /** Entries that have come, by modulo 2 ** 32. */
  #inserts = 0;
  readonly #slack: number;

  /** For `capacity` entries with keys of `lanes` 32-bit lanes; `dropped` is told of each value that had to go. */
  constructor(capacity: number, lanes: number, ranks: number, dropped?: (value: T) => void) {
    this.key = new Uint32Array(lanes);
    this.#capacity = capacity;
    this.#ranks = ranks;
    this.#stride = lanes + before;
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(capacity, 2))));
    this.#lists = new SlotLists(capacity, ranks + 1);
    this.#records = new Uint32Array(capacity * this.#stride);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    this.#dropped = dropped;
    this.#slack = Math.floor(capacity / slackShare);
  }

  get size(): number {
    return this.#size;
  }

  /** Entries that had to go for want of room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Bytes held beside the values. */
  get bytes(): number {
    return this.#heads.byteLength + this.#lists.bytes + this.#records.byteLength + this.#capacity * 8;
  }

  /**
   * Sets, once, what hashes begin with: a number that differs from run to run and is the same for the same records, such as
   * the time of the first of them, so that nobody can choose keys that fall together.
   */
  seed(value: number): void {
    this.#seed ??= mix(mix(0, value | 0), Math.trunc(value / 2 ** 32) ^ Math.trunc((value % 1) * 2 ** 30));
  }

  /** Writes an address into the key, beginning with `lane`. */
  setAddress(lane: number, { family, a, b, c, d }: Address): void {
    const key = this.key;
    const is4 = family === 4;
    key[lane] = is4 ? 0 : a;
    key[lane + 1] = is4 ? 0 : b;
    key[lane + 2] = is4 ? mappedLane : c;
    key[lane + 3] = d;
  }

  /** The slot of the key, or -1. */
  find(): number {
    const { key } = this;
    const records = this.#records;
    const stride = this.#stride;
    const hash = this.#hash();
    for (let one = this.#heads[hash & (this.#heads.length - 1)]!; one > 0; ) {
      const at = (one - 1) * stride;
      if (records[at + hashAt] === hash) {
        let lane = key.length - 1;
        while (lane >= 0 && records[at + before + lane] === key[lane]) lane--;
        if (lane < 0) return one - 1;
      }
      one = records[at + chainAt]!;
    }
    return -1;
  }

  /** Enters a value under the key, which must not be there, with rank 0, and returns its slot. */
  insert(value: T): number {
    if (this.#size === this.#capacity) this.#evict();
    const { key } = this;
    const records = this.#records;
    const slot = this.#lists.head(0);
    const hash = this.#hash();
    const bucket = hash & (this.#heads.length - 1);
    const at = slot * this.#stride;
    this.#inserts = (this.#inserts + 1) >>> 0;
    records[at + chainAt] = this.#heads[bucket]!;
    records[at + hashAt] = hash;
    records[at + touchedAt] = this.#inserts;
    // One by one: of so few, setting them all at once costs more.
    for (let lane = 0; lane < key.length; lane++) records[at + before + lane] = key[lane]!;
    this.#heads[bucket] = slot + 1;
    this.#values[slot] = value;
    this.#lists.move(slot, 1);
    this.#size++;
    return slot;
  }

  value(slot: number): T {
    return this.#values[slot]!;
  }

  /** Puts another value in the place of that of an entry. */
  replace(slot: number, value: T): void {
    this.#values[slot] = value;
  }

  /** Counts as touched just now, with this rank. Age is counted in entries that came since, and rounded to a sixteenth of the table. */
  touch(slot: number, rank: number): void {
    const list = Math.min(rank, this.#ranks - 1) + 1;
    const records = this.#records;
    const at = slot * this.#stride + touchedAt;
    const isNew = (this.#inserts - records[at]!) >>> 0 < this.#slack;
    if (isNew && this.#lists.of(slot) === list) return;
    records[at] = this.#inserts;
    this.#lists.move(slot, list);
  }

  rank(slot: number): number {
    return this.#lists.of(slot) - 1;
  }

  /** Takes an entry out. */
  remove(slot: number): void {
    this.#unchain(slot);
    this.#size--;
    this.#values[slot] = undefined;
    this.#lists.move(slot, 0);
  }

  /** Whether the slot holds an entry. */
  has(slot: number): boolean {
    return this.#lists.of(slot) > 0;
  }

  /** All values, in no order that means anything. */
  *values(): Generator<T> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #unchain(slot: number): void {
    const records = this.#records;
    const stride = this.#stride;
    const next = records[slot * stride + chainAt]!;
    const bucket = records[slot * stride + hashAt]! & (this.#heads.length - 1);
    let one = this.#heads[bucket]!;
    if (one === slot + 1) {
      this.#heads[bucket] = next;
      return;
    }
    while (one > 0) {
      const at = (one - 1) * stride + chainAt;
      one = records[at]!;
      if (one !== slot + 1) continue;
      records[at] = next;
      return;
    }
  }

  #evict(): void {
    const lists = this.#lists;
    let list = this.#ranks;
    if (lists.count(list) < this.#capacity * highestShare) {
      list = 1;
      while (lists.count(list) === 0) list++;
    }
    const slot = lists.head(list);
    const value = this.value(slot);
    this.remove(slot);
    this.#evicted++;
    this.#dropped?.(value);
  }

  /** Lanes that are the same in most keys, since addresses are mapped, add nothing; they are compared all the same. */
  #hash(): number {
    let hash = this.#seed ?? 0;
    const { key } = this;
    for (let lane = 0; lane < key.length; lane++) {
      const value = key[lane]!;
      if (value !== 0 && value !== mappedLane) hash = mix(hash, value);
    }
    return finish(hash) >>> 0;
  }
}
