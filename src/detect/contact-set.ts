/** Contacts kept exactly; beyond, a Bloom filter answers. */
const exactContacts = 64;
/** Room that a set begins with. */
const firstContacts = 4;
/** Bits of the filter (2 KiB) and hash functions: 0.5 % false "seen before" at 1,000 contacts, 6 % at 3,000. */
const bits = 16_384;
const functions = 3;

/**
 * Remembers which contacts were made, by their 32-bit hashes: exactly up to 64, then by a Bloom filter that also
 * estimates their number from its fill (Swamidass and Baldi 2007, eq. 3). A set costs at most 2 KiB whatever is added.
 */
export class ContactSet {
  /** In the order in which they came; looking through a few integers costs less than a set. */
  #exact: Int32Array | undefined = new Int32Array(firstContacts);
  #filter: Uint32Array | undefined;
  /** Contacts in the list, or bits that are set in the filter. */
  #filled = 0;

  /** Adds a contact and tells whether it is new. Beyond 64, a new one is sometimes taken for a known one, never reverse. */
  add(hash: number): boolean {
    return this.#exact === undefined ? this.#set(hash) : this.#append(this.#exact, hash | 0);
  }

  /** How many different contacts were added: exact up to 64, then an estimate. */
  get size(): number {
    if (this.#exact !== undefined) return this.#filled;
    const free = Math.max(bits - this.#filled, 1);
    return Math.round((-bits / functions) * Math.log(free / bits));
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return 100 + (this.#exact?.byteLength ?? bits / 8);
  }

  #append(exact: Int32Array, hash: number): boolean {
    const count = this.#filled;
    for (let at = 0; at < count; at++) if (exact[at] === hash) return false;
    if (count === exactContacts) {
      this.#spill(exact);
      this.#set(hash);
      return true;
    }
    let room = exact;
    if (count === exact.length) {
      room = new Int32Array(count * 2);
      room.set(exact);
      this.#exact = room;
    }
    room[count] = hash;
    this.#filled++;
    return true;
  }

  #spill(exact: Int32Array): void {
    this.#filter = new Uint32Array(bits / 32);
    this.#exact = undefined;
    this.#filled = 0;
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
