import { tag } from './byte-writer.ts';

const decoder = new TextDecoder();

/** Reads what ByteWriter wrote. Throws a RangeError past the end and on what is none of it. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.#advance(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  varint(): number {
    let [value, scale] = [0, 1];
    for (let count = 0; count < 8; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 128;
    }
    throw new RangeError(`a number that is too long, at ${this.at}`);
  }

  number(): number {
    const value = this.integer(this.u8());
    if (typeof value !== 'number') throw new RangeError(`no number, at ${this.at}`);
    return value;
  }

  /** The number whose first byte was `first`; undefined when that begins none. */
  integer(first: number): number | bigint | undefined {
    if (first >= tag.small) return first - tag.small;
    if (first >= tag.negative) return tag.negative - 1 - first;
    switch (first) {
      case tag.i16:
        return this.#view.getInt16(this.#advance(2), true);
      case tag.i32:
        return this.#view.getInt32(this.#advance(4), true);
      case tag.u32:
        return this.u32();
      case tag.f64:
        return this.#view.getFloat64(this.#advance(8), true);
      case tag.i64:
        return this.#view.getBigInt64(this.#advance(8), true);
      case tag.u64:
        return this.u64();
      case tag.decimal:
        return decimal(this.text());
      default:
        return undefined;
    }
  }

  text(): string {
    const length = this.varint();
    const start = this.#advance(length);
    const { bytes, at: end } = this;
    if (length > 64) return decoder.decode(bytes.subarray(start, end));
    let text = '';
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  texts(): string[] {
    const count = this.count(1);
    const texts: string[] = [];
    for (let index = 0; index < count; index++) texts.push(this.text());
    return texts;
  }

  /** How many of something follow, each of which takes at least `bytes`. */
  count(bytes: number): number {
    const count = this.varint();
    if (count * bytes > this.left) throw new RangeError(`more than there is, at ${this.at}`);
    return count;
  }

  /** A copy of bytes with their length before them. */
  data(): Uint8Array {
    const start = this.#advance(this.varint());
    return new Uint8Array(this.bytes.subarray(start, this.at));
  }

  #advance(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw new RangeError(`past the end, at ${start}`);
    this.at = start + length;
    return start;
  }
}

function decimal(text: string): bigint {
  if (!/^-?\d{1,100}$/.test(text)) throw new RangeError('no whole number');
  return BigInt(text);
}
