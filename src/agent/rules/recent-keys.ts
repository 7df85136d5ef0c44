/** Remembers which keys came lately: a fixed number of them, those that were seen last. */
export class RecentKeys {
  /** How often a key had to be forgotten for a newer one. */
  evicted = 0;
  readonly #limit: number;
  readonly #keys = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns whether the key is known; from now on it is, as the latest. */
  seen(key: string): boolean {
    const known = this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.#limit) {
      this.#keys.delete(this.#keys.values().next().value as string);
      this.evicted++;
    }
    return known;
  }

  /** The key is not known any more. */
  forget(key: string): void {
    this.#keys.delete(key);
  }
}
