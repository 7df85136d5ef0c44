/**
 * Counts what comes faster than it leaks: one unit flows out in `leakMs`, evenly. What comes out of order in time fills it and
 * lets nothing flow out.
 */
export class LeakyBucket {
  /** What is in it as of `at`. */
  level = 0;
  /** Event time of the newest that came, ms. */
  at = Number.NEGATIVE_INFINITY;
  readonly #leakMs: number;

  constructor(leakMs: number) {
    this.#leakMs = leakMs;
  }

  /** Adds `amount` at a time, ms, and returns what is in it now. */
  pour(at: number, amount = 1): number {
    const elapsed = Math.max(0, at - this.at);
    this.level = Math.max(0, this.level - elapsed / this.#leakMs) + amount;
    this.at = Math.max(this.at, at);
    return this.level;
  }

  empty(): void {
    this.level = 0;
  }
}
