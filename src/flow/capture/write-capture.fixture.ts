/** A frame to be written. */
export interface WrittenFrame {
  readonly bytes: Uint8Array;
  readonly seconds?: number;
  readonly nanoseconds?: number;
  /** On the wire; as many as captured when absent. */
  readonly wireLength?: number;
  /** Interface within its section. */
  readonly interface?: number;
}

export interface PcapOptions {
  readonly isBig?: boolean;
  readonly resolution?: 'micro' | 'nano' | 'modified';
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly version?: readonly [major: number, minor: number];
}

const magics = { micro: 0xa1b2c3d4, nano: 0xa1b23c4d, modified: 0xa1b2cd34 } as const;

/** Writes numbers one behind the other. */
class Writer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  at = 0;

  constructor(length: number, isBig: boolean) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
    this.#isLittle = !isBig;
  }

  u16(...values: number[]): this {
    for (const value of values) {
      this.#view.setUint16(this.at, value, this.#isLittle);
      this.at += 2;
    }
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) {
      this.#view.setUint32(this.at, value, this.#isLittle);
      this.at += 4;
    }
    return this;
  }

  put(bytes: Uint8Array, padTo = 1): this {
    this.bytes.set(bytes, this.at);
    this.at += Math.ceil(bytes.length / padTo) * padTo;
    return this;
  }
}

/** Returns the header of a pcap file. */
export function pcapHeader({
  isBig = false,
  resolution = 'micro',
  linkType = 1,
  snapLength = 262_144,
  version = [2, 4],
}: PcapOptions = {}): Uint8Array {
  return new Writer(24, isBig)
    .u32(magics[resolution])
    .u16(...version)
    .u32(0, 0, snapLength, linkType).bytes;
}

/** Returns one record of a pcap file. */
export function pcapRecord(
  { bytes, seconds = 0, nanoseconds = 0, wireLength = bytes.length }: WrittenFrame,
  { isBig = false, resolution = 'micro' }: PcapOptions = {},
): Uint8Array {
  const head = resolution === 'modified' ? 24 : 16;
  const writer = new Writer(head + bytes.length, isBig).u32(
    seconds,
    resolution === 'nano' ? nanoseconds : Math.floor(nanoseconds / 1000),
    bytes.length,
    wireLength,
  );
  writer.at = head;
  return writer.put(bytes).bytes;
}

/** Returns a pcap file with these frames. */
export function writePcap(frames: readonly WrittenFrame[], options: PcapOptions = {}): Uint8Array {
  return joined([pcapHeader(options), ...frames.map((frame) => pcapRecord(frame, options))]);
}

/** A block of a pcapng file: its type and what stands between its lengths, a multiple of 4 bytes. */
export function block(type: number, body: Uint8Array, isBig = false): Uint8Array {
  const length = 12 + body.length;
  return new Writer(length, isBig).u32(type, length).put(body).u32(length).bytes;
}

/** An option of a block. */
export type WrittenOption = readonly [code: number, value: Uint8Array];

export function options(list: readonly WrittenOption[], isBig = false): Uint8Array {
  if (list.length === 0) return new Uint8Array(0);
  return joined([
    ...list.map(
      ([code, value]) =>
        new Writer(4 + Math.ceil(value.length / 4) * 4, isBig).u16(code, value.length).put(value).bytes,
    ),
    new Uint8Array(4),
  ]);
}

/** Returns the 8 bytes of a number, below zero too. */
export function eight(value: bigint, isBig = false): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), !isBig);
  return bytes;
}

export function sectionBlock(isBig = false, version: readonly [number, number] = [1, 0]): Uint8Array {
  const writer = new Writer(16, isBig)
    .u32(0x1a2b3c4d)
    .u16(...version)
    .u32(0xffff_ffff, 0xffff_ffff);
  return block(0x0a0d0d0a, writer.bytes, isBig);
}

export interface WrittenInterface {
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly name?: string;
  /** As if_tsresol has it. */
  readonly resolution?: number;
  /** if_tsoffset in seconds. */
  readonly offset?: bigint;
}

export function interfaceBlock(
  { linkType = 1, snapLength = 0, name, resolution, offset }: WrittenInterface = {},
  isBig = false,
): Uint8Array {
  const list: WrittenOption[] = [];
  if (name !== undefined) list.push([2, new TextEncoder().encode(name)]);
  if (resolution !== undefined) list.push([9, Uint8Array.of(resolution)]);
  if (offset !== undefined) list.push([14, eight(offset, isBig)]);
  const head = new Writer(8, isBig).u16(linkType, 0).u32(snapLength).bytes;
  return block(1, joined([head, options(list, isBig)]), isBig);
}

/** Returns how many ticks a time is, where a second has so many. */
export function ticksOf(seconds: number, nanoseconds: number, perSecond: bigint): bigint {
  return BigInt(seconds) * perSecond + (BigInt(nanoseconds) * perSecond) / 1_000_000_000n;
}

/** An enhanced packet, or an obsolete one; `ticks` in the resolution of its interface. */
export function packetBlock(
  { bytes, wireLength = bytes.length, interface: of = 0 }: WrittenFrame,
  ticks: bigint,
  {
    isBig = false,
    isObsolete = false,
    lost = 0,
    list = [],
  }: {
    readonly isBig?: boolean;
    readonly isObsolete?: boolean;
    readonly lost?: number;
    readonly list?: readonly WrittenOption[];
  } = {},
): Uint8Array {
  const writer = new Writer(20 + Math.ceil(bytes.length / 4) * 4, isBig);
  if (isObsolete) writer.u16(of, lost);
  else writer.u32(of);
  writer.u32(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), bytes.length, wireLength).put(bytes);
  return block(isObsolete ? 2 : 6, joined([writer.bytes, options(list, isBig)]), isBig);
}

export function simpleBlock(bytes: Uint8Array, wireLength: number = bytes.length, isBig = false): Uint8Array {
  return block(
    3,
    new Writer(4 + Math.ceil(bytes.length / 4) * 4, isBig).u32(wireLength).put(bytes).bytes,
    isBig,
  );
}

export function statisticsBlock(of: number, list: readonly WrittenOption[], isBig = false): Uint8Array {
  return block(5, joined([new Writer(12, isBig).u32(of, 0, 0).bytes, options(list, isBig)]), isBig);
}

/** Returns all bytes in one array. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
