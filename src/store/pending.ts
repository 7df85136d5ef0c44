/**
 * Records waiting to be written, by id: a newer record of the same id takes the place of the older one.
 * Holds at most `limit` records; the oldest goes first when more come, and is counted as lost.
 */
export class Pending<T extends { readonly id: string }> {
  readonly #records = new Map<string, T>();
  readonly #limit: number;
  #lost = 0;

  constructor(limit: number) {
    this.#limit = limit;
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
    if (this.full && !this.#records.has(record.id)) {
      const oldest = this.#records.keys().next();
      if (!oldest.done) this.#records.delete(oldest.value);
      this.#lost += 1;
    }
    this.#records.set(record.id, record);
  }

  /** The records, oldest first. */
  values(): IterableIterator<T> {
    return this.#records.values();
  }

  delete(id: string): void {
    this.#records.delete(id);
  }

  clear(): void {
    this.#records.clear();
  }
}
