/** Contacts kept exactly; beyond, a Bloom filter answers. */
const exactContacts = 64;
/** Bits of the filter (2 KiB) and hash functions: 0.5 % false "seen before" at 1,000 contacts, 6 % at 3,000. */
const bits = 16_384;
const functions = 3;

/**
 * Remembers which contacts were made, by their 32-bit hashes: exactly up to 64, then by a Bloom filter that also
 * estimates their number from its fill (Swamidass and Baldi 2007, eq. 3). A set costs at most 2 KiB whatever is added.
 */
export class ContactSet {
  /** In the order in which they came; looking through a few integers costs less than a set. */
  #exact: number[] | undefined = [];
  #filter: Uint32Array | undefined;
  #filled = 0;

  /** Adds a contact and tells whether it is new. Beyond 64, a new one is sometimes taken for a known one, never reverse. */
  add(hash: number): boolean {
    return this.#exact === undefined ? this.#set(hash) : this.#append(this.#exact, hash | 0);
  }

  /** How many different contacts were added: exact up to 64, then an estimate. */
  get size(): number {
    if (this.#exact !== undefined) return this.#exact.length;
    const free = Math.max(bits - this.#filled, 1);
    return Math.round((-bits / functions) * Math.log(free / bits));
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return 100 + (this.#exact === undefined ? bits / 8 : this.#exact.length * 12);
  }

  #append(exact: number[], hash: number): boolean {
    for (let at = 0; at < exact.length; at++) if (exact[at] === hash) return false;
    if (exact.length === exactContacts) {
      this.#spill(exact);
      this.#set(hash);
    } else exact.push(hash);
    return true;
  }

  #spill(exact: readonly number[]): void {
    this.#filter = new Uint32Array(bits / 32);
    this.#exact = undefined;
    for (const hash of exact) this.#set(hash);
  }

  /** Sets the bits of a hash (double hashing, Kirsch and Mitzenmacher 2006); tells whether one was not set before. */
  #set(hash: number): boolean {
    const filter = this.#filter!;
    const step = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 1;
    let isNew = false;
    for (let i = 0; i < functions; i++) {
      const bit = ((hash + Math.imul(i, step)) >>> 0) % bits;
      const mask = 1 << (bit & 31);
      if ((filter[bit >>> 5]! & mask) !== 0) continue;
      filter[bit >>> 5]! |= mask;
      this.#filled++;
      isNew = true;
    }
    return isNew;
  }
}
