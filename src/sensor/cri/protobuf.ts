/**
 * Protocol Buffers as gRPC carries them (https://protobuf.dev/programming-guides/encoding/): messages are described by their
 * fields, and read and written by that description. Only what the CRI needs: no groups, no packed numbers, no extensions.
 */

/** What was wrong with a message, and at which byte. What was read until there stands. */
export interface ProtobufFault {
  readonly at: number;
  readonly reason: string;
}

/** Elements of one repeated field; what is more is a fault, so that a few bytes cannot become millions of objects. */
const mostElements = 65_536;

const utf8 = new TextDecoder();
const encoder = new TextEncoder();

class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  end: number;
  fault: ProtobufFault | undefined;
  /** The halves of the number that was read last. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Nothing is read after a fault. */
  fail(reason: string): void {
    this.fault ??= { at: this.at, reason };
    this.at = this.end;
  }

  varint(): void {
    this.low = 0;
    this.high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) {
        this.fail('a number is cut off');
        return;
      }
      const byte = this.bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift <= 28) this.low |= bits << shift;
      if (shift === 28) this.high = bits >>> 4;
      else if (shift > 28) this.high |= bits << (shift - 32);
      if (byte < 0x80) return;
    }
    this.fail('a number of more than ten bytes');
  }

  /** The bytes of a string or message, as where they begin and end. */
  span(): readonly [number, number] {
    this.varint();
    const length = (this.low >>> 0) + (this.high >>> 0) * 2 ** 32;
    if (this.at + length > this.end) {
      this.fail('a field is cut off');
      return [this.at, this.at];
    }
    const begin = this.at;
    this.at += length;
    return [begin, this.at];
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.span();
    else if (wireType === 1 || wireType === 5) {
      const length = wireType === 1 ? 8 : 4;
      if (this.at + length > this.end) this.fail('a field is cut off');
      else this.at += length;
    } else this.fail(`wire type ${wireType}`);
  }
}

/** One field of a message: its number, and how it is read (`T`) and written (`In`). */
export interface Field<T, In = T> {
  readonly number: number;
  readonly wireType: 0 | 2;
  absent(): T;
  /** Reads the value at the reader; `before` is what an earlier field of that number gave. */
  read(reader: Reader, before: T): T;
  /** Appends the field, or nothing for the value that is meant where it is absent. */
  write(to: number[], value: In): void;
}

// biome-ignore lint/suspicious/noExplicitAny: fields of all types stand beside each other
type Fields = Readonly<Record<string, Field<any, any>>>;

/** What a message is read as. */
export type Read<M> = M extends Message<infer F> ? Values<F> : never;
type Values<F> = { readonly [K in keyof F]: F[K] extends Field<infer T, infer _> ? T : never };
type Input<F> = { readonly [K in keyof F]?: F[K] extends Field<infer _, infer In> ? In : never };

/** A type of message. */
export class Message<F extends Fields> {
  readonly #byNumber: ReadonlyMap<number, readonly [string, Field<unknown>]>;
  readonly #fields: readonly (readonly [string, Field<unknown>])[];

  constructor(fields: F) {
    this.#fields = Object.entries(fields) as [string, Field<unknown>][];
    this.#byNumber = new Map(this.#fields.map((entry) => [entry[1].number, entry]));
  }

  /** Returns what could be read, and what was wrong. Fields that it does not know, or of another type, are passed over. */
  decode(bytes: Uint8Array): { readonly value: Values<F>; readonly fault: ProtobufFault | undefined } {
    const reader = new Reader(bytes);
    const value = this.read(reader, undefined);
    return { value, fault: reader.fault };
  }

  encode(value: Input<F>): Uint8Array {
    const to: number[] = [];
    this.write(to, value);
    return Uint8Array.from(to);
  }

  /** Reads up to the reader's end; a message that comes in parts is merged. */
  read(reader: Reader, before: Values<F> | undefined): Values<F> {
    const value: Record<string, unknown> = { ...before };
    if (before === undefined) for (const [name, field] of this.#fields) value[name] = field.absent();
    while (reader.at < reader.end) {
      reader.varint();
      const [number, wireType] = [reader.low >>> 3, reader.low & 7];
      if (reader.fault !== undefined) break;
      if (number === 0 || reader.high !== 0) reader.fail('a field without a number');
      const [name, field] = this.#byNumber.get(number) ?? [];
      if (name === undefined || field?.wireType !== wireType) reader.skip(wireType);
      else value[name] = field.read(reader, value[name]);
    }
    return value as Values<F>;
  }

  write(to: number[], value: Input<F>): void {
    for (const [name, field] of this.#fields) {
      const one = (value as Record<string, unknown>)[name];
      if (one !== undefined) field.write(to, one);
    }
  }
}

export function message<F extends Fields>(fields: F): Message<F> {
  return new Message(fields);
}

function pushVarint(to: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) to.push(Number(rest & 0x7fn) | 0x80);
  to.push(Number(rest));
}

function pushSpan(to: number[], number: number, bytes: ArrayLike<number>): void {
  pushVarint(to, BigInt((number << 3) | 2));
  pushVarint(to, BigInt(bytes.length));
  for (let at = 0; at < bytes.length; at++) to.push(bytes[at] as number);
}

function numberField<T>(number: number, zero: T, get: (reader: Reader) => T, bits: (value: T) => bigint) {
  return {
    number,
    wireType: 0,
    absent: () => zero,
    read: (reader, before) => {
      reader.varint();
      return reader.fault === undefined ? get(reader) : before;
    },
    write: (to, value) => {
      if (value === zero) return;
      pushVarint(to, BigInt(number << 3));
      pushVarint(to, bits(value));
    },
  } satisfies Field<T>;
}

/** An `int32` or `enum`. */
export function int32(number: number): Field<number> {
  return numberField(number, 0, ({ low }) => low, BigInt);
}

export function int64(number: number): Field<bigint> {
  const get = ({ low, high }: Reader) => BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  return numberField(number, 0n, get, (value) => value);
}

export function bool(number: number): Field<boolean> {
  return numberField(number, false, ({ low, high }) => (low | high) !== 0, BigInt);
}

export function string(number: number): Field<string> {
  return {
    number,
    wireType: 2,
    absent: () => '',
    read: (reader, before) => {
      const [begin, end] = reader.span();
      return reader.fault === undefined ? utf8.decode(reader.bytes.subarray(begin, end)) : before;
    },
    write: (to, value) => {
      if (value !== '') pushSpan(to, number, encoder.encode(value));
    },
  };
}

/** A message within a message. */
export function one<F extends Fields>(
  number: number,
  type: Message<F>,
): Field<Values<F> | undefined, Input<F>> {
  return {
    number,
    wireType: 2,
    absent: () => undefined,
    read: (reader, before) => within(reader, () => type.read(reader, before), before),
    write: (to, value) => {
      const inner: number[] = [];
      type.write(inner, value);
      pushSpan(to, number, inner);
    },
  };
}

export function many<F extends Fields>(
  number: number,
  type: Message<F>,
): Field<readonly Values<F>[], readonly Input<F>[]> {
  return repeated(one(number, type), undefined) as Field<readonly Values<F>[], readonly Input<F>[]>;
}

export function strings(number: number): Field<readonly string[]> {
  const single = string(number);
  // An element that is empty is an element all the same.
  const write = (to: number[], value: string) => pushSpan(to, number, encoder.encode(value));
  return repeated({ ...single, write }, '');
}

function repeated<T, In>(single: Field<T, In>, empty: T): Field<readonly T[], readonly In[]> {
  return {
    number: single.number,
    wireType: 2,
    absent: () => [],
    read: (reader, before) => {
      if (before.length >= mostElements) reader.fail('too many elements');
      const value = single.read(reader, empty);
      // Of an element in which something is wrong, what was read until there stands.
      if (reader.fault === undefined || value !== empty) (before as T[]).push(value);
      return before;
    },
    write: (to, values) => {
      for (const value of values) single.write(to, value);
    },
  };
}

const entry = message({ key: string(1), value: string(2) });

/** A map of strings; an object without a prototype, so that a key cannot mean anything else. */
export function map(number: number): Field<Readonly<Record<string, string>>> {
  const entries = one(number, entry);
  const counts = new WeakMap<object, number>();
  return {
    number,
    wireType: 2,
    absent: () => Object.create(null),
    read: (reader, before) => {
      const count = counts.get(before) ?? 0;
      if (count >= mostElements) reader.fail('too many elements');
      const read = entries.read(reader, undefined);
      if (reader.fault !== undefined || read === undefined) return before;
      (before as Record<string, string>)[read.key] = read.value;
      counts.set(before, count + 1);
      return before;
    },
    write: (to, value) => {
      for (const [key, text] of Object.entries(value)) entries.write(to, { key, value: text });
    },
  };
}

/** Reads a part as if it were all. */
function within<T>(reader: Reader, read: () => T, otherwise: T): T {
  const [begin, end] = reader.span();
  if (reader.fault !== undefined) return otherwise;
  const outer = reader.end;
  reader.at = begin;
  reader.end = end;
  const value = read();
  reader.end = outer;
  if (reader.fault === undefined) reader.at = end;
  else reader.at = outer;
  return value;
}
