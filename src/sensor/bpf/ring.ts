import { mapMemory, unmapMemory } from '../native/memory.ts';

const busy = 0x8000_0000;
const discarded = 0x4000_0000;
const headBytes = 8;

/**
 * The reading end of a BPF ring buffer, mapped into memory (Documentation/bpf/ringbuf.rst). The data stand there twice, one behind
 * the other, so that no record wraps around.
 */
export class RingReader {
  readonly #consumer: ArrayBuffer;
  readonly #rest: ArrayBuffer;
  readonly #consumed: BigUint64Array;
  readonly #produced: BigUint64Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  #position: bigint;

  constructor(fd: number, size: number, pageBytes = 4096) {
    this.#consumer = mapMemory('the ring buffer', fd, pageBytes);
    this.#rest = mapMemory('the ring buffer', fd, pageBytes + 2 * size, {
      offset: pageBytes,
      writable: false,
    });
    this.#consumed = new BigUint64Array(this.#consumer, 0, 1);
    this.#produced = new BigUint64Array(this.#rest, 0, 1);
    this.#words = new Int32Array(this.#rest, pageBytes);
    this.#bytes = new Uint8Array(this.#rest, pageBytes);
    this.#mask = size - 1;
    this.#position = this.#consumed[0] as bigint;
  }

  /** All bytes of the buffer; records are told by where they begin in it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return Number((this.#produced[0] as bigint) - this.#position);
  }

  /** Calls `take` with each record that is complete, at most `most`; it must not keep the bytes. Returns how many. */
  read(most: number, take: (offset: number, length: number) => void): number {
    const produced = Atomics.load(this.#produced, 0);
    let count = 0;
    while (this.#position < produced && count < most) {
      const at = Number(this.#position & BigInt(this.#mask));
      const head = Atomics.load(this.#words, at >>> 2) >>> 0;
      if ((head & busy) !== 0) break;
      const length = head & ~(busy | discarded);
      if ((head & discarded) === 0) {
        take(at + headBytes, length);
        count++;
      }
      this.#position += BigInt((length + headBytes + 7) & ~7);
      // What was read may be written over from now on.
      if ((count & 63) === 0) Atomics.store(this.#consumed, 0, this.#position);
    }
    Atomics.store(this.#consumed, 0, this.#position);
    return count;
  }

  close(): void {
    unmapMemory(this.#consumer);
    unmapMemory(this.#rest);
  }
}
