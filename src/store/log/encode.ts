import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { addUpByEnd, type SumOfEnd, sumsOfEnd } from './by-end.ts';
import {
  type Codes,
  type Dictionary,
  dictionaryColumns,
  type EndColumn,
  type Ends,
  type FlowColumns,
  type NumberColumn,
  numberColumns,
  textColumns,
} from './columns.ts';
import type { Planes } from './planes.ts';

/** Where a column lies among the bytes, and how it is written. */
interface Part {
  readonly at: number;
  readonly size: number;
  readonly crc: number;
  /** Bytes when unpacked; absent when it is not packed. */
  readonly unpacked?: number;
}

/**
 * Numbers: `value = (raw - (absent ? 1 : 0)) / scale + base`, where raw 0 stands for no number if `absent`. Width 8 has the
 * numbers themselves; width 0 none at all. With `added`, the number of `openedAt` is to be added to each.
 */
interface NumberPart extends Part {
  readonly width: 0 | 1 | 2 | 4 | 8;
  readonly base: number;
  readonly scale: number;
  readonly absent: boolean;
  readonly added: boolean;
}

interface CodePart extends Part {
  readonly width: 1 | 2 | 4;
}

/** What stands before the columns of a segment. */
export interface SegmentHeader {
  readonly version: 1;
  readonly rows: number;
  /** Least and greatest row id and time of opening; ms since the epoch. */
  readonly minRow: number;
  readonly maxRow: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly numbers: Readonly<Record<string, NumberPart>>;
  readonly codes: Readonly<Record<string, CodePart>>;
  /** Lists of texts as JSON, and lanes. */
  readonly bytes: Readonly<Record<string, Part>>;
  /** Sums by end, where they are worth their room. */
  readonly byEnd?: Readonly<Partial<Record<EndColumn, Readonly<Record<SumOfEnd, NumberPart>>>>>;
}

/** The least that zlib can write into at once, and the most that it is given, bytes. */
const leastChunk = 64;
const mostChunk = 1 << 22;

/** Columns smaller than this are not worth packing. */
const worthPacking = 64;

/** Returns the columns as bytes, with what has to be known to read each of them alone. */
export function encodeColumns(columns: FlowColumns): { header: SegmentHeader; parts: readonly Uint8Array[] } {
  const writer = new Writer();
  const openedAt = columns.numbers('openedAt');
  const numbers: Record<string, NumberPart> = {};
  for (const name of numberColumns) {
    const values = columns.numbers(name);
    const relative = timeColumns.has(name) ? relativeTo(openedAt, values) : undefined;
    numbers[name] = writer.numbers(relative ?? values, relative !== undefined);
  }
  const codes: Record<string, CodePart> = {};
  const bytes: Record<string, Part> = {};
  const text = new TextEncoder();
  for (const name of dictionaryColumns) {
    const { codes: list, values } = columns.dictionary(name);
    codes[name] = writer.codes(list, values.length);
    bytes[name] = writer.bytes(text.encode(JSON.stringify(values)));
  }
  for (const name of endColumns) {
    const { codes: list, family, lanes, identityCodes, identities } = columns.ends(name);
    codes[`${name}Identities`] = writer.codes(identityCodes, identities.length);
    codes[name] = writer.codes(list, family.length);
    bytes[`${name}Family`] = writer.bytes(family);
    bytes[`${name}Lanes`] = writer.bytes(planes(bytesOf(lanes), 4));
    bytes[`${name}Identities`] = writer.bytes(text.encode(JSON.stringify(identities)));
  }
  for (const name of textColumns)
    bytes[name] = writer.bytes(text.encode(JSON.stringify(columns.texts(name))));
  const byEnd: Partial<Record<EndColumn, Record<SumOfEnd, NumberPart>>> = {};
  for (const name of endColumns) {
    const sums = addUpByEnd(columns, name);
    if (sums !== undefined) byEnd[name] = mapSums((sum) => writer.numbers(sums[sum], false));
  }
  const [minRow, maxRow] = extent(columns.numbers('row'));
  const [minAt, maxAt] = extent(openedAt);
  const header: SegmentHeader = {
    version: 1,
    rows: columns.rows,
    minRow,
    maxRow,
    minAt,
    maxAt,
    numbers,
    codes,
    bytes,
    ...(Object.keys(byEnd).length > 0 && { byEnd }),
  };
  return { header, parts: writer.parts };
}

/** A column is not what its checksum says. */
export class DamagedColumn extends Error {
  override readonly name = 'DamagedColumn';
}

/**
 * Returns the columns that `header` describes. Each is read when it is first asked for, by `read`, which returns `size` bytes from
 * `at`. Asking throws {@link DamagedColumn} for a column that is not what was written.
 */
export function decodeColumns(
  header: SegmentHeader,
  read: (at: number, size: number) => Uint8Array,
): FlowColumns {
  const { rows } = header;
  const unpacked = (part: Part | undefined): Uint8Array => {
    if (part === undefined) throw new DamagedColumn('a column is missing');
    const packed = read(part.at, part.size);
    if (packed.length !== part.size || crc32(packed) !== part.crc)
      throw new DamagedColumn('a column does not fit its checksum');
    if (part.unpacked === undefined) return packed;
    // In one piece: pieces would be copied together.
    return zstdDecompressSync(packed, {
      maxOutputLength: part.unpacked,
      chunkSize: Math.min(Math.max(leastChunk, part.unpacked), mostChunk),
    });
  };
  const list = (name: string): string[] => JSON.parse(new TextDecoder().decode(unpacked(header.bytes[name])));
  const codes = (name: string, count: number): Codes => {
    const part = header.codes[name];
    return decodeCodes(unpacked(part), part!.width, count);
  };
  const opened = once((_: 'openedAt'): Float64Array => numbers('openedAt').doubles());
  const numbers = once(
    (name: NumberColumn): Numbers => openNumbers(header.numbers[name], rows, unpacked, opened),
  );
  const distinct = once((name: EndColumn): Omit<Ends, 'codes'> => {
    const family = unpacked(header.bytes[`${name}Family`]);
    const lanes = new Uint32Array(family.length * 4);
    unplanes(unpacked(header.bytes[`${name}Lanes`]), bytesOf(lanes), 4);
    return {
      family,
      lanes,
      identityCodes: codes(`${name}Identities`, family.length),
      identities: list(`${name}Identities`),
    };
  });
  const times = [header.minAt, header.maxAt] as const;
  return {
    rows,
    get weights() {
      return header.numbers.weight?.width ? numbers('weight').doubles() : undefined;
    },
    times,
    numbers: (name) => numbers(name).doubles(),
    planes: (name) => numbers(name).planes,
    dictionary: once((name: string): Dictionary => ({ codes: codes(name, rows), values: list(name) })),
    ends: once((name: EndColumn): Ends => ({ ...distinct(name), codes: codes(name, rows) })),
    byEnd: (name) => {
      const parts = header.byEnd?.[name];
      if (parts === undefined) return undefined;
      const { family } = distinct(name);
      return columnsByEnd(
        distinct(name),
        times,
        once((sum) => openNumbers(parts[sum], family.length, unpacked)),
      );
    },
    texts: once(list),
  };
}

/** A column of numbers, unpacked. */
interface Numbers {
  readonly planes: Planes | undefined;
  doubles(): Float64Array;
}

function openNumbers(
  part: NumberPart | undefined,
  rows: number,
  unpacked: (part: Part | undefined) => Uint8Array,
  opened?: (name: 'openedAt') => Float64Array,
): Numbers {
  const bytes = unpacked(part);
  const { width, base, scale, absent, added } = part!;
  if (bytes.length !== rows * width) throw new DamagedColumn('a column has the wrong length');
  const asTheyAre = width !== 0 && width !== 8 && scale === 1 && !added;
  let values: Float64Array | undefined;
  return {
    planes: asTheyAre ? { bytes, width, base, absent } : undefined,
    doubles: () => {
      values ??= addTo(decodeNumbers(bytes, part!, rows), added ? opened?.('openedAt') : undefined);
      return values;
    },
  };
}

function addTo(values: Float64Array, others: Float64Array | undefined): Float64Array {
  if (others !== undefined) for (let i = 0; i < values.length; i++) values[i]! += others[i]!;
  return values;
}

/** Sums over the flows of each distinct end, as rows of which each stands for several flows. */
function columnsByEnd(
  ends: Omit<Ends, 'codes'>,
  times: readonly [number, number],
  numbers: (name: SumOfEnd) => Numbers,
): FlowColumns {
  const known = (name: NumberColumn): Numbers => {
    if (!sumsOfEnd.includes(name as SumOfEnd)) throw new Error(`sums by end have no ${name}`);
    return numbers(name as SumOfEnd);
  };
  const none = (): never => {
    throw new Error('sums by end have ends and numbers alone');
  };
  return {
    rows: ends.family.length,
    times,
    get weights() {
      return numbers('weight').doubles();
    },
    numbers: (name) => known(name).doubles(),
    planes: (name) => known(name).planes,
    ends: () => ({ ...ends, codes: oneAfterTheOther(ends.family.length) }),
    dictionary: none,
    texts: none,
  };
}

function oneAfterTheOther(count: number): Codes {
  const codes = new Uint32Array(count);
  for (let code = 0; code < count; code++) codes[code] = code;
  return codes;
}

function mapSums<T>(map: (sum: SumOfEnd) => T): Record<SumOfEnd, T> {
  return Object.fromEntries(sumsOfEnd.map((sum) => [sum, map(sum)])) as Record<SumOfEnd, T>;
}

const endColumns: readonly EndColumn[] = ['source', 'destination'];
const timeColumns: ReadonlySet<NumberColumn> = new Set(['establishedAt', 'closedAt', 'lastAt']);

/** Returns how long after `from` each of `values` is, or undefined when adding that up would not give the values again. */
function relativeTo(from: Float64Array, values: Float64Array): Float64Array | undefined {
  const relative = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const difference = value - from[i]!;
    if (from[i]! + difference !== value && !Number.isNaN(value)) return undefined;
    relative[i] = difference;
  }
  return relative;
}

class Writer {
  readonly parts: Uint8Array[] = [];
  #at = 0;

  bytes(plain: Uint8Array): Part {
    const packed =
      plain.length < worthPacking
        ? plain
        : zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    const smaller = packed.length < plain.length;
    const written = smaller ? packed : plain;
    const part: Part = {
      at: this.#at,
      size: written.length,
      crc: crc32(written),
      ...(smaller && { unpacked: plain.length }),
    };
    this.parts.push(written);
    this.#at += written.length;
    return part;
  }

  codes(codes: Codes, distinct: number): CodePart {
    const width = distinct <= 2 ** 8 ? 1 : distinct <= 2 ** 16 ? 2 : 4;
    return { ...this.bytes(rawBytes(codes, width)), width };
  }

  numbers(values: Float64Array, added: boolean): NumberPart {
    for (const scale of [1, 1000]) {
      const shape = wholeNumbers(values, scale);
      if (shape === undefined) continue;
      const { base, absent, width } = shape;
      const shift = absent ? 1 : 0;
      const raw = new Uint32Array(values.length);
      for (let i = 0; i < raw.length; i++) {
        const value = values[i]!;
        raw[i] = Number.isNaN(value) ? 0 : Math.round((value - base) * scale) + shift;
      }
      return { ...this.bytes(rawBytes(raw, width)), width, base, scale, absent, added };
    }
    const plain = planes(bytesOf(values), 8);
    return { ...this.bytes(plain), width: 8, base: 0, scale: 1, absent: false, added };
  }
}

/** Returns how the values can be written as whole numbers of at most 32 bits, or undefined when some would not come back as they are. */
function wholeNumbers(
  values: Float64Array,
  scale: number,
): { base: number; absent: boolean; width: 0 | 1 | 2 | 4 } | undefined {
  let least = Infinity;
  let most = -Infinity;
  let absent = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) absent = true;
    else {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (least > most) return { base: 0, absent: true, width: 0 };
  if (!Number.isFinite(least) || !Number.isFinite(most)) return undefined;
  const base = Math.floor(least);
  const highest = Math.round((most - base) * scale) + 1;
  if (highest > 0xffffffff) return undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    if (!Object.is(Math.round((value - base) * scale) / scale + base, value)) return undefined;
  }
  return { base, absent, width: highest <= 0xff ? 1 : highest <= 0xffff ? 2 : 4 };
}

/** Writes whole numbers in `width` bytes each, all lowest bytes first, then all second ones: so they pack better. */
function rawBytes(values: Codes, width: 0 | 1 | 2 | 4): Uint8Array {
  const count = values.length;
  const bytes = new Uint8Array(count * width);
  for (let plane = 0; plane < width; plane++) {
    const shift = plane * 8;
    const lane = bytes.subarray(plane * count);
    for (let i = 0; i < count; i++) lane[i] = values[i]! >>> shift;
  }
  return bytes;
}

function decodeCodes(bytes: Uint8Array, width: 1 | 2 | 4, rows: number): Codes {
  if (bytes.length !== rows * width) throw new DamagedColumn('a column has the wrong length');
  if (width === 1) return bytes;
  const codes = width === 2 ? new Uint16Array(rows) : new Uint32Array(rows);
  unplanes(bytes, bytesOf(codes), width);
  return codes;
}

function decodeNumbers(bytes: Uint8Array, part: NumberPart, rows: number): Float64Array {
  const { width, base, scale, absent } = part;
  const values = new Float64Array(rows);
  if (width === 0) return values.fill(Number.NaN);
  if (width === 8) {
    unplanes(bytes, bytesOf(values), 8);
    return values;
  }
  if (width === 1) for (let i = 0; i < rows; i++) values[i] = bytes[i]!;
  else if (width === 2) for (let i = 0; i < rows; i++) values[i] = bytes[i]! | (bytes[rows + i]! << 8);
  else {
    const [second, third, fourth] = [
      bytes.subarray(rows),
      bytes.subarray(2 * rows),
      bytes.subarray(3 * rows),
    ];
    for (let i = 0; i < rows; i++)
      values[i] = (bytes[i]! | (second[i]! << 8) | (third[i]! << 16) | (fourth[i]! << 24)) >>> 0;
  }
  if (absent)
    for (let i = 0; i < rows; i++) values[i] = values[i] === 0 ? Number.NaN : (values[i]! - 1) / scale + base;
  else if (scale !== 1) for (let i = 0; i < rows; i++) values[i] = values[i]! / scale + base;
  else if (base !== 0) for (let i = 0; i < rows; i++) values[i]! += base;
  return values;
}

/** The bytes of a typed array, in the order of the machine: little-endian wherever Picket runs. */
function bytesOf(array: Uint16Array | Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Returns all first bytes of values of `width` bytes, then all second ones, and so on. */
function planes(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width;
  const out = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) out[plane * count + i] = bytes[i * width + plane]!;
  }
  return out;
}

function unplanes(bytes: Uint8Array, out: Uint8Array, width: number): void {
  if (bytes.length !== out.length) throw new DamagedColumn('a column has the wrong length');
  const count = bytes.length / width;
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0, at = plane * count; i < count; i++, at++) out[i * width + plane] = bytes[at]!;
  }
}

function extent(values: Float64Array): readonly [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) {
      value = make(key);
      made.set(key, value);
    }
    return value;
  };
}
