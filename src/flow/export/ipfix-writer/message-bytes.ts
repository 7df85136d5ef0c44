/** Bytes of a message that is being written, in network byte order. The writer sees to it that there is room. */
export class MessageBytes {
  readonly #bytes: Uint8Array;
  length = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  u8(value: number): void {
    this.#bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  /** A count or a time: fractions are cut off, what is below 0 becomes 0, what is not exact any more 2^53 - 1. */
  u64(value: number): void {
    const whole = value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
    this.u32(Math.floor(whole / 2 ** 32));
    this.u32((whole % 2 ** 32) >>> 0);
  }

  /** Writes two bytes where they were left out. */
  u16At(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value;
  }

  u32At(offset: number, value: number): void {
    this.u16At(offset, value >>> 16);
    this.u16At(offset + 2, value & 0xffff);
  }

  /** Returns a copy of what was written, and begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}
