import type { AlertRecord } from '../alert-record.ts';

/** Records that the disk did not take, by their numbers, in memory. */
export class Overflow {
  readonly #limit: number;
  readonly #held = new Map<number, { readonly record: AlertRecord; readonly bytes: number }>();
  bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Returns how many of the oldest it drops for this one. */
  put(sequence: number, record: AlertRecord, bytes: number): number {
    this.#held.set(sequence, { record, bytes });
    this.bytes += bytes;
    let dropped = 0;
    for (const oldest of this.#held.keys()) {
      if (this.bytes <= this.#limit) break;
      this.delete(oldest);
      dropped++;
    }
    return dropped;
  }

  first(): { readonly sequence: number; readonly record: AlertRecord } | undefined {
    for (const [sequence, { record }] of this.#held) return { sequence, record };
    return undefined;
  }

  /** Returns whether it was there. */
  delete(sequence: number): boolean {
    const held = this.#held.get(sequence);
    if (held === undefined) return false;
    this.bytes -= held.bytes;
    return this.#held.delete(sequence);
  }
}
