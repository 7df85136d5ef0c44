import type { Frame } from './frame.ts';

/** Up to here a remainder, shifted by 22 bits, is exact in a Number. */
const largestUnits = 2 ** 31;
const defaultResolution = 6;

/**
 * Turns 64-bit counts of ticks into seconds and nanoseconds (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset). What is finer than a
 * nanosecond is cut off.
 */
export class TickClock {
  readonly #units: number;
  readonly #nanosecondsPerTick: number;
  /** For resolutions that are too fine for Numbers; seldom. */
  readonly #manyUnits: bigint;
  readonly #offset: number;
  /** The second of the last time, and at which tick it began; none yet. */
  #seconds = 0;
  #high = Number.NaN;
  #low = 0;

  /** `resolution` as if_tsresol has it: a power of 10, or of 2 with the high bit set. `offset` is in seconds. */
  constructor(resolution: number = defaultResolution, offset = 0) {
    const exponent = resolution & 0x7f;
    const isBinary = (resolution & 0x80) !== 0;
    this.#manyUnits = (isBinary ? 2n : 10n) ** BigInt(exponent);
    this.#units = Number(this.#manyUnits);
    this.#nanosecondsPerTick = 1e9 / this.#units;
    this.#offset = offset;
  }

  /** Puts the time into the frame. */
  set(frame: Frame, high: number, low: number): void {
    // Most packets come in the second of the one before. What is too far away to be exact is too far away in any case.
    const ticks = (high - this.#high) * 2 ** 32 + (low - this.#low);
    if (ticks >= 0 && ticks < this.#units) {
      frame.seconds = this.#seconds;
      frame.nanoseconds = Math.floor(ticks * this.#nanosecondsPerTick);
    } else if (this.#units > largestUnits) this.#setFine(frame, high, low);
    else this.#divide(frame, high, low);
  }

  #divide(frame: Frame, high: number, low: number): void {
    const units = this.#units;
    // Long division with digits of 20, 22 and 22 bits, so that no step needs more than 53.
    const first = high >>> 12;
    const quotient0 = Math.floor(first / units);
    const second = (first - quotient0 * units) * 2 ** 22 + (high & 0xfff) * 2 ** 10 + (low >>> 22);
    const quotient1 = Math.floor(second / units);
    const third = (second - quotient1 * units) * 2 ** 22 + (low & 0x3f_ffff);
    const quotient2 = Math.floor(third / units);
    const rest = third - quotient2 * units;
    frame.seconds = quotient0 * 2 ** 44 + quotient1 * 2 ** 22 + quotient2 + this.#offset;
    frame.nanoseconds = Math.floor(rest * this.#nanosecondsPerTick);
    this.#seconds = frame.seconds;
    this.#high = low < rest ? high - 1 : high;
    this.#low = low < rest ? low - rest + 2 ** 32 : low - rest;
  }

  #setFine(frame: Frame, high: number, low: number): void {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    frame.seconds = Number(ticks / this.#manyUnits) + this.#offset;
    frame.nanoseconds = Number(((ticks % this.#manyUnits) * 1_000_000_000n) / this.#manyUnits);
  }
}
