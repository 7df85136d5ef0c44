/** The two clocks of the system, injectable so that tests can step them. */
export interface SystemClocks {
  /** CLOCK_REALTIME, ms since the epoch. May be stepped by an administrator or by NTP. */
  wall(): number;
  /** CLOCK_MONOTONIC, ms. The kernel stamps its trace records with this clock. */
  monotonic(): number;
}

/** The clocks of this machine. process.hrtime is CLOCK_MONOTONIC, as are trace records with `trace_clock` mono. */
export const systemClocks: SystemClocks = {
  wall: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
};

/** Differences below this are drift and slewing, not steps (ms). */
const stepThreshold = 2_000;

/**
 * The agent's own time line: ms since the epoch, never running backwards. It is anchored to the wall clock at start.
 * A step forwards is followed at once (a machine without a battery clock boots in the past). A step backwards is not:
 * detectors and retention count in event time, and time that repeats would make them lie; it is reported instead.
 */
export class AgentClock {
  readonly #clocks: SystemClocks;
  #offset: number;
  #behind = 0;

  constructor(clocks: SystemClocks = systemClocks) {
    this.#clocks = clocks;
    this.#offset = clocks.wall() - clocks.monotonic();
  }

  /** What to add to kernel monotonic ms to get the agent's time. */
  readonly offset = (): number => this.#offset;

  monotonic(): number {
    return this.#clocks.monotonic();
  }

  /** Agent time now, ms since the epoch. */
  now(): number {
    return this.#clocks.monotonic() + this.#offset;
  }

  /** How far the wall clock has been set back behind the agent's time, in ms; 0 when they agree. */
  get behind(): number {
    return this.#behind;
  }

  /** Compares the two clocks; called about once a second. */
  check(): void {
    const step = this.#clocks.wall() - this.now();
    if (step > stepThreshold) this.#offset += step;
    this.#behind = step < -stepThreshold ? -step : 0;
  }
}
