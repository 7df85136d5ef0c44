import { type EventFormat, type Field, type PageFormat, parseEventFormat } from './format.ts';

/** The page layout of 64-bit kernels with 4 KiB pages. */
export const page64: PageFormat = { timestampOffset: 0, commitOffset: 8, dataOffset: 16, size: 4096 };

/** Writes a ring-buffer page record by record, as include/linux/ring_buffer.h describes it. */
export class PageWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #format: PageFormat;
  #at: number;

  constructor(timestamp: bigint, format: PageFormat = page64) {
    this.bytes = new Uint8Array(format.size);
    this.#view = new DataView(this.bytes.buffer);
    this.#format = format;
    this.#at = format.dataOffset;
    this.#view.setBigUint64(format.timestampOffset, timestamp, true);
  }

  word(value: number): this {
    this.#view.setUint32(this.#at, value >>> 0, true);
    this.#at += 4;
    return this;
  }

  header(typeLength: number, delta: number): this {
    return this.word(delta * 32 + typeLength);
  }

  /** A data record; short ones carry their length in the header, long ones in a word of its own. */
  record(delta: number, data: Uint8Array): this {
    const size = (data.length + 3) & ~3;
    if (size > 0 && size <= 112) this.header(size / 4, delta);
    else this.header(0, delta).word(size + 4);
    this.bytes.set(data, this.#at);
    this.#at += size;
    return this;
  }

  /** A record that was discarded after its space had been taken. */
  discarded(delta: number, size: number): this {
    this.header(29, delta).word(size);
    this.#at += size - 4;
    return this;
  }

  timeExtend(delta: bigint): this {
    return this.header(30, Number(delta & 0x7ff_ffffn)).word(Number(delta >> 27n));
  }

  timeStamp(time: bigint): this {
    return this.header(31, Number(time & 0x7ff_ffffn)).word(Number((time >> 27n) & 0xffff_ffffn));
  }

  /** Sets the commit word, `flags` in its upper bits, and returns the page. */
  finish(flags = 0): Uint8Array {
    const commit = (this.#at - this.#format.dataOffset + flags) >>> 0;
    this.#view.setUint32(this.#format.commitOffset, commit, true);
    return this.bytes;
  }

  get used(): number {
    return this.#at;
  }
}

/** Returns the text of a `format` file: the fields one by one as `type name; size`, laid out without gaps. */
export function formatText(
  name: string,
  id: number,
  fields: readonly [declaration: string, size: number][],
): string {
  let offset = 0;
  const lines = fields.map(([declaration, size]) => {
    const line = `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${/^(int|pid_t)/.test(declaration) ? 1 : 0};`;
    offset += size;
    return line;
  });
  return `name: ${name}\nID: ${id}\nformat:\n${lines.join('\n')}\n\nprint fmt: "x"\n`;
}

/** The fields that every event begins with. */
export const common: readonly [string, number][] = [
  ['unsigned short common_type', 2],
  ['unsigned char common_flags', 1],
  ['unsigned char common_preempt_count', 1],
  ['int common_pid', 4],
];

/** Returns a layout from its fields. */
export function layout(name: string, id: number, fields: readonly [string, number][]): EventFormat {
  return parseEventFormat(formatText(name, id, [...common, ...fields]))!;
}

/** Returns the bytes of a record: numbers little-endian, arrays as they are; located texts follow the fixed part. */
export function recordOf(
  format: EventFormat,
  values: Readonly<Record<string, number | bigint | readonly number[] | Uint8Array | string>>,
): Uint8Array {
  let size = 0;
  for (const field of format.fields.values()) size = Math.max(size, field.offset + field.size);
  size = (size + 3) & ~3;
  const texts = Object.values(values).filter((value) => typeof value === 'string');
  const bytes = new Uint8Array(size + texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, format.id, true);
  let end = size;
  const put = (field: Field, value: (typeof values)[string]): void => {
    if (typeof value === 'string') {
      const text = Buffer.from(`${value}\0`);
      if (field.placement === 'fixed') {
        bytes.set(text.subarray(0, field.size), field.offset);
        return;
      }
      const origin = field.placement === 'relative' ? field.offset + 4 : 0;
      view.setUint32(field.offset, ((text.length << 16) | (end - origin)) >>> 0, true);
      bytes.set(text, end);
      end += text.length;
    } else if (typeof value === 'object') bytes.set(value, field.offset);
    else if (field.size === 8) view.setBigUint64(field.offset, BigInt(value), true);
    else if (field.size === 4) view.setUint32(field.offset, Number(value) >>> 0, true);
    else if (field.size === 2) view.setUint16(field.offset, Number(value), true);
    else view.setUint8(field.offset, Number(value));
  };
  for (const [name, value] of Object.entries(values)) put(format.fields.get(name)!, value);
  return bytes;
}
