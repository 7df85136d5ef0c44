import { record } from '../record.ts';
import { TextCache } from './text-cache.ts';

/** One record of the ring buffer after the other: where its slots begin, and what stands in them. Nothing of the buffer is kept. */
export class RecordReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the record begins. */
  at = 0;
  readonly #starts = new Int32Array(record.slots + 1);
  readonly #texts: TextCache;
  readonly #paths: TextCache;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#texts = new TextCache(bytes);
    this.#paths = new TextCache(bytes, pathOf);
  }

  /** Moves to a record; returns whether its slots are all in it. */
  open(at: number, length: number): boolean {
    this.at = at;
    if (length < record.data) return false;
    const starts = this.#starts;
    let next = at + record.data;
    for (let slot = 0; slot < record.slots; slot++) {
      starts[slot] = next;
      next += this.view.getUint16(at + record.lengths + 2 * slot, true);
    }
    starts[record.slots] = next;
    return next <= at + length;
  }

  start(slot: number): number {
    return this.#starts[slot] as number;
  }

  end(slot: number): number {
    return this.#starts[slot + 1] as number;
  }

  length(slot: number): number {
    return this.end(slot) - this.start(slot);
  }

  /** A copy of the bytes; undefined where there are none. */
  copy(slot: number): Uint8Array | undefined {
    return this.length(slot) === 0 ? undefined : this.bytes.slice(this.start(slot), this.end(slot));
  }

  /** A text that ends with NUL; undefined where there is none. */
  text(slot: number): string | undefined {
    const start = this.start(slot);
    const end = this.end(slot);
    return end === start ? undefined : this.#texts.text(start, end - 1);
  }

  /** Text up to the first NUL, of at most the bytes given. */
  name(start: number, end: number): string {
    let nul = start;
    while (nul < end && this.bytes[nul] !== 0) nul++;
    return this.#texts.text(start, nul);
  }

  /** The path of a slot; undefined where there is none. */
  path(slot: number): string | undefined {
    return this.length(slot) === 0 ? undefined : this.pathBetween(this.start(slot), this.end(slot));
  }

  /** Names from the leaf to the root, each ended with NUL, as a path. */
  pathBetween(start: number, end: number): string {
    return end <= start ? '/' : this.#paths.text(start, end - 1);
  }

  /** An integer of 64 bits; a bigint only where a number would not hold it. */
  integer(at: number): number | bigint {
    const high = this.view.getInt32(at + 4, true);
    const low = this.view.getUint32(at, true);
    if (high === 0) return low;
    if (high === -1 && low >= 0x80000000) return low | 0;
    if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + low;
    return this.view.getBigInt64(at, true);
  }
}

function pathOf(names: string): string {
  return `/${names.split('\0').reverse().join('/')}`;
}
