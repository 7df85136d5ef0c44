/**
 * A hash index over the slots of a table of fixed size: hash → slots, newest first. It knows no keys: the table
 * compares them itself, so one shape serves tuples, sockets and listeners. Nothing is allocated after construction.
 */
export class ChainedIndex {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;
  #size = 0;

  /** For the slots 0 to `capacity` - 1. */
  constructor(capacity: number) {
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(capacity, 2)));
    this.#heads = new Int32Array(buckets).fill(-1);
    this.#next = new Int32Array(capacity).fill(-1);
    this.#mask = buckets - 1;
  }

  /** Number of slots in the index. */
  get size(): number {
    return this.#size;
  }

  /** The newest slot in the chain of `hash`, or -1. It may have another key. */
  first(hash: number): number {
    return this.#heads[hash & this.#mask]!;
  }

  /** The slot after `slot` in its chain, or -1. */
  after(slot: number): number {
    return this.#next[slot]!;
  }

  /** Adds a slot that is not in the index. */
  insert(hash: number, slot: number): void {
    const bucket = hash & this.#mask;
    this.#next[slot] = this.#heads[bucket]!;
    this.#heads[bucket] = slot;
    this.#size++;
  }

  /** Takes out a slot that was inserted under `hash`; does nothing when it is not there. */
  remove(hash: number, slot: number): void {
    const bucket = hash & this.#mask;
    let before = -1;
    for (let at = this.#heads[bucket]!; at >= 0; at = this.#next[at]!) {
      if (at === slot) {
        if (before < 0) this.#heads[bucket] = this.#next[at]!;
        else this.#next[before] = this.#next[at]!;
        this.#size--;
        return;
      }
      before = at;
    }
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#heads.byteLength + this.#next.byteLength;
  }
}

/** Mixes one more 32-bit lane into a hash (the body of MurmurHash3 x86_32). */
export function mix(hash: number, lane: number): number {
  const k = Math.imul(lane, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads the last lanes over all bits (the finalizer of MurmurHash3); returns a signed 32-bit integer. */
export function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
