/** Marks kept; at one a second this covers more than the longest window in which repeats of an alert are folded. */
const capacity = 8_192;

/** Remembers when sensors lost records, so that an alert can say what was lost while it formed. Bounded. */
export class LossLog {
  readonly #times: number[] = [];
  readonly #amounts: number[] = [];
  readonly #totals = new Map<string, number>();

  /** Notes a sensor's cumulative loss counter as of `at` (ms since the epoch). */
  note(sensor: string, lost: number, at: number): void {
    const grown = lost - (this.#totals.get(sensor) ?? 0);
    if (grown <= 0) return;
    this.#totals.set(sensor, lost);
    this.#times.push(at);
    this.#amounts.push(grown);
    if (this.#times.length > capacity) {
      // The oldest two become one: amounts stay exact, only the older time is blurred.
      const oldest = this.#amounts.shift() ?? 0;
      this.#times.shift();
      this.#amounts[0] = (this.#amounts[0] ?? 0) + oldest;
    }
  }

  /** Records lost from `since` to `until`, both inclusive, ms since the epoch. */
  readonly between = (since: number, until: number): number => {
    let sum = 0;
    for (let index = this.#times.length - 1; index >= 0; index--) {
      const time = this.#times[index]!;
      if (time < since) break;
      if (time <= until) sum += this.#amounts[index]!;
    }
    return sum;
  };

  /** Records lost so far by all sensors. */
  get total(): number {
    let sum = 0;
    for (const lost of this.#totals.values()) sum += lost;
    return sum;
  }

  /** Time of the newest loss, ms since the epoch; undefined when nothing was ever lost. */
  get latest(): number | undefined {
    return this.#times.at(-1);
  }
}
