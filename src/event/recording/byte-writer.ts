const encoder = new TextEncoder();

/** First bytes of values; see `number` for those of numbers. */
export const tag = {
  undefined: 0,
  i16: 1,
  i32: 2,
  u32: 3,
  f64: 4,
  i64: 5,
  u64: 6,
  decimal: 7,
  text: 8,
  bytes: 9,
  inetTuple: 10,
  unixTuple: 11,
  inetAddress: 12,
  unixAddress: 13,
  polled: 14,
  /** And above, up to 127: -1 to -64. */
  negative: 64,
  /** And above: 0 to 127. */
  small: 128,
} as const;

const [least64, most64, mostUnsigned64] = [-(1n << 63n), (1n << 63n) - 1n, (1n << 64n) - 1n];

/** Writes values one after another into bytes that grow. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  at = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for at least so many bytes more. */
  reserve(length: number): void {
    if (this.at + length > this.bytes.length) this.#grow(length);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  u64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.at, value, true);
    this.at += 8;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first (LEB128). */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  /** Any number, exactly: one byte for -64 to 127. */
  number(value: number): void {
    this.reserve(9);
    if ((value | 0) === value) {
      if (value >= 0 && value < 128) this.bytes[this.at++] = tag.small + value;
      else if (value < 0 && value >= -64) this.bytes[this.at++] = tag.negative - 1 - value;
      else if (value >= -0x8000 && value < 0x8000) {
        this.bytes[this.at] = tag.i16;
        this.view.setInt16(this.at + 1, value, true);
        this.at += 3;
      } else {
        this.bytes[this.at] = tag.i32;
        this.view.setInt32(this.at + 1, value, true);
        this.at += 5;
      }
    } else if (value >>> 0 === value) {
      this.bytes[this.at] = tag.u32;
      this.view.setUint32(this.at + 1, value, true);
      this.at += 5;
    } else {
      this.bytes[this.at] = tag.f64;
      this.view.setFloat64(this.at + 1, value, true);
      this.at += 9;
    }
  }

  bigint(value: bigint): void {
    if (value >= least64 && value <= mostUnsigned64) {
      this.reserve(9);
      const isSigned = value <= most64;
      this.bytes[this.at] = isSigned ? tag.i64 : tag.u64;
      if (isSigned) this.view.setBigInt64(this.at + 1, value, true);
      else this.view.setBigUint64(this.at + 1, value, true);
      this.at += 9;
    } else {
      this.u8(tag.decimal);
      this.text(value.toString());
    }
  }

  /** A text in UTF-8 with its length before it; halves of surrogate pairs become U+FFFD. */
  text(value: string): void {
    const { length } = value;
    this.reserve(3 * length + 8);
    if (length < 128) {
      // Most texts are short and ASCII: an encoder costs more to call than they are long.
      const { bytes } = this;
      let at = this.at;
      bytes[at++] = length;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code >= 0x80) break;
        bytes[at++] = code;
      }
      if (index === length) {
        this.at = at;
        return;
      }
    }
    const start = this.at;
    const { written } = encoder.encodeInto(value, this.bytes.subarray(start + 8));
    this.varint(written);
    this.bytes.copyWithin(this.at, start + 8, start + 8 + written);
    this.at += written;
  }

  texts(values: readonly string[]): void {
    this.varint(values.length);
    for (const value of values) this.text(value);
  }

  /** Bytes with their length before them. */
  data(value: Uint8Array): void {
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.at + length));
    bytes.set(this.bytes.subarray(0, this.at));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
