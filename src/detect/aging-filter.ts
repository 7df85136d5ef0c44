/** Bits for each key, and how many of them a key sets: one key in 1700 that was never added is taken for known, once for each generation. */
const bitsPerKey = 16;
const bitsSet = 8;

/**
 * A set of keys that forgets: two Bloom filters (Bloom, CACM 1970), of which the older one is emptied and filled anew when its time is
 * over. A key stays known for one to two spans after it was added last. It never denies a key that is still to be known, and takes
 * about one in 900 others for known when both are full. Keys are pairs of 32-bit hashes, whose sums are the hashes of the filter (Kirsch and
 * Mitzenmacher, ESA 2006). Nothing is allocated after construction.
 */
export class AgingFilter {
  readonly #capacity: number;
  readonly #spanMs: number;
  readonly #mask: number;
  #newer: Uint32Array;
  #older: Uint32Array;
  #added = 0;
  #since: number | undefined;
  #cutShort = 0;

  /** For `capacity` keys (a power of two) in each span of so many ms. */
  constructor(capacity: number, spanMs: number) {
    const bits = 2 ** Math.ceil(Math.log2(capacity * bitsPerKey));
    this.#capacity = capacity;
    this.#spanMs = spanMs;
    this.#mask = bits - 1;
    this.#newer = new Uint32Array(bits / 32);
    this.#older = new Uint32Array(bits / 32);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#newer.byteLength + this.#older.byteLength;
  }

  /** Spans that were over before their time, since as many keys had come as there is room for. */
  get cutShort(): number {
    return this.#cutShort;
  }

  /** Whether the key was added, or looks like those that were. */
  has(hash: number, other: number): boolean {
    return isIn(this.#newer, hash, other, this.#mask) || isIn(this.#older, hash, other, this.#mask);
  }

  /** Adds a key at a time, ms. Times may go back a little. */
  add(hash: number, other: number, at: number): void {
    this.#since ??= at;
    const isOver = at - this.#since >= this.#spanMs;
    if (isOver || this.#added >= this.#capacity) this.#turn(at, isOver);
    const step = other | 1;
    let isNew = false;
    for (let n = 0, at = hash; n < bitsSet; n++, at = (at + step) | 0) {
      const bit = at & this.#mask;
      const word = bit >>> 5;
      const before = this.#newer[word]!;
      const after = (before | (1 << (bit & 31))) >>> 0;
      if (after === before) continue;
      this.#newer[word] = after;
      isNew = true;
    }
    if (isNew) this.#added++;
  }

  #turn(at: number, isOver: boolean): void {
    const quiet = at - this.#since! >= 2 * this.#spanMs;
    [this.#newer, this.#older] = [this.#older, this.#newer];
    this.#newer.fill(0);
    // After so long without any key the one that is older now is past its time as well.
    if (quiet) this.#older.fill(0);
    if (!isOver) this.#cutShort++;
    this.#added = 0;
    this.#since = at;
  }
}

function isIn(bits: Uint32Array, hash: number, other: number, mask: number): boolean {
  const step = other | 1;
  for (let n = 0, at = hash; n < bitsSet; n++, at = (at + step) | 0) {
    const bit = at & mask;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}
