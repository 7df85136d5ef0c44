/** Clocks as they are read, so that tests can step them. */
export interface Clocks {
  /** Milliseconds since the epoch. */
  wall(): number;
  /** Nanoseconds of the clock by which the kernel stamps events (`CLOCK_MONOTONIC`). */
  monotonic(): bigint;
}

/** `Date.now` tells milliseconds; what is less than some of them is no step. */
const stepNs = 5_000_000n;
const nsPerMs = 1_000_000n;

/**
 * Nanoseconds from the kernel's monotonic clock to the epoch. It stays the same to the nanosecond, so that times of events keep their
 * distances, until somebody sets the clock: machines without a clock of their own begin in 1970 and learn the time later.
 */
export class ClockOffset {
  readonly #clocks: Clocks;
  #value: bigint;

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
    this.#value = this.#now();
  }

  /** Returns the offset as of now. */
  get value(): bigint {
    const now = this.#now();
    const difference = now - this.#value;
    if (difference > stepNs || difference < -stepNs) this.#value = now;
    return this.#value;
  }

  #now(): bigint {
    return BigInt(Math.round(this.#clocks.wall())) * nsPerMs - this.#clocks.monotonic();
  }
}

const systemClocks: Clocks = { wall: () => Date.now(), monotonic: () => process.hrtime.bigint() };
