import { LinkedSlots } from './linked-slots.ts';

/** Seconds that the wheel reaches ahead; what is due later is looked at once meanwhile. A power of two. */
const seconds = 1024;

/**
 * Slots by the second in which they are to be looked at again (a timing wheel: Varghese and Lauck, 1987, scheme 4). A deadline that
 * moves back needs no work here: whoever looks at a slot too early schedules it anew. Only one that comes nearer has to be told.
 */
export class ExpiryWheel {
  readonly #slots: LinkedSlots;
  /** The second that is looked at next; all before are done. */
  #second = Number.NaN;

  constructor(capacity: number) {
    this.#slots = new LinkedSlots(capacity, seconds);
  }

  /** Begins at this time (ms), with no slots. */
  start(now: number): void {
    this.#second = Math.floor(now / 1000);
  }

  /** Schedules a slot that is not scheduled for `deadline` (ms); it comes up at the end of that second. */
  add(slot: number, deadline: number): void {
    const second = Math.floor(deadline / 1000);
    const bounded = Math.min(Math.max(second, this.#second), this.#second + seconds - 1);
    this.#slots.append(bounded % seconds, slot);
  }

  /** Takes out a slot that is scheduled. */
  remove(slot: number): void {
    this.#slots.remove(slot);
  }

  /** Whether there is a second to look at, which has ended at `now` (ms). */
  isDue(now: number): boolean {
    return now >= (this.#second + 1) * 1000;
  }

  /**
   * Calls `look` for every slot whose second has ended at `now`. It has been taken out; `look` schedules it anew unless its flow is
   * over.
   */
  advance(now: number, look: (slot: number) => void): void {
    const from = this.#second;
    const to = Math.floor(now / 1000);
    // Slots that are scheduled anew go behind this, so that none comes up twice.
    this.#second = to;
    for (let second = Math.max(from, to - seconds); second < to; second++) {
      const list = second % seconds;
      const last = this.#slots.tail(list);
      if (last < 0) continue;
      for (let slot = this.#slots.head(list); ; slot = this.#slots.head(list)) {
        this.#slots.remove(slot);
        look(slot);
        if (slot === last) break;
      }
    }
  }

  /** Bytes reserved. */
  get bytes(): number {
    return this.#slots.bytes;
  }
}
