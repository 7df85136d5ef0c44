/** Reads little-endian values one after another; thrown past the end, and caught where a block is read. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
    this.end = end;
  }

  get left(): number {
    return this.end - this.offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** As a number: bits beyond 2^53 are lost. */
  i64(): number {
    return Number(this.#view.getBigInt64(this.#advance(8), true));
  }

  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A text with its length before it. */
  text(): string {
    return decodeText(this.take(this.u16()));
  }

  #advance(length: number): number {
    const start = this.offset;
    if (length > this.end - start) throw new RangeError(`past the end, at ${start}`);
    this.offset = start + length;
    return start;
  }
}

const decoder = new TextDecoder();

/** Returns a text up to its first NUL; bytes that are no UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Returns the texts of bytes in which each ends with NUL. */
export function decodeTexts(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const text = decoder.decode(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);
  return text.split('\0');
}
