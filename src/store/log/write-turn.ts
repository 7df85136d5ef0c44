/** Nobody writes, somebody does, nobody may any more. */
const free = 0;
const taken = 1;
const closed = 2;

/**
 * Whose turn it is to write to a database, between the threads of one process. SQLite keeps writers apart by itself, but lets a thread stand
 * still until the other is done; with this one it can first ask, and go on with something else.
 */
export class WriteTurn {
  /** What the threads share. */
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#state = new Int32Array(shared);
  }

  /** Takes the turn, waiting for it for at most `patience` ms. Returns whether it was to be had. */
  take(patience = Number.POSITIVE_INFINITY): boolean {
    return this.#change(free, taken, patience);
  }

  give(): void {
    // Once closed it stays closed.
    Atomics.compareExchange(this.#state, 0, taken, free);
    Atomics.notify(this.#state, 0);
  }

  /** From now on nobody gets the turn. Waits for who has it, for at most `patience` ms. */
  close(patience: number): void {
    this.#change(free, closed, patience);
    Atomics.store(this.#state, 0, closed);
    Atomics.notify(this.#state, 0);
  }

  #change(from: number, to: number, patience: number): boolean {
    const until = performance.now() + patience;
    for (;;) {
      const found = Atomics.compareExchange(this.#state, 0, from, to);
      if (found === from) return true;
      const left = until - performance.now();
      if (found === closed || left <= 0) return false;
      Atomics.wait(this.#state, 0, found, left);
    }
  }
}
