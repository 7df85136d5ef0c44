/**
 * Records waiting to be written, by id: a newer record of the same id takes the place of the older one.
 * Holds at most `limit` records; the oldest goes first when more come, and is counted as lost.
 */
export class Pending<T> {
  readonly #records = new Map<string, T>();
  readonly #limit: number;
  readonly #key: (record: T) => string;
  #lost = 0;

  /** `key` tells what makes a record the same one as before. */
  constructor(limit: number, key: (record: T) => string) {
    this.#limit = limit;
    this.#key = key;
  }

  /** Records waiting. */
  get size(): number {
    return this.#records.size;
  }

  /** True when a record of a new id would push the oldest one out. */
  get full(): boolean {
    return this.#records.size >= this.#limit;
  }

  /** Records pushed out so far. */
  get lost(): number {
    return this.#lost;
  }

  put(record: T): void {
    const key = this.#key(record);
    if (this.full && !this.#records.has(key)) {
      const oldest = this.#records.keys().next();
      if (!oldest.done) this.#records.delete(oldest.value);
      this.#lost += 1;
    }
    this.#records.set(key, record);
  }

  /** The oldest records, at most `most`, the oldest first. */
  oldest(most: number): T[] {
    const found: T[] = [];
    for (const record of this.#records.values()) {
      if (found.length >= most) break;
      found.push(record);
    }
    return found;
  }

  delete(record: T): void {
    this.#records.delete(this.#key(record));
  }
}
