import { i64, u16, u32, u64 } from './bytes.ts';
import type { CaptureInterface, FormatReader, Tally } from './tally.ts';
import { TickClock } from './ticks.ts';

/** Type of a section header as the bytes stand in the file, in either order. */
export const sectionHeader = 0x0a0d0d0a;
const byteOrder = 0x1a2b3c4d;
const block = { interface: 1, packet: 2, simple: 3, statistics: 5, enhanced: 6 } as const;
const option = {
  end: 0,
  name: 2,
  resolution: 9,
  offset: 14,
  packetsLost: 4,
  lostByInterface: 5,
  lostBySystem: 7,
} as const;
/** Type, length and length again. */
const frameBytes = 12;
const sectionBytes = 28;
/** As in libpcap and Wireshark. */
const maxBlockLength = 16 * 1024 * 1024;
/** Over all sections. */
const maxInterfaces = 65_536;
const maxNameBytes = 128;
/** Fixed parts of blocks from their type on. */
const head = { interface: 16, enhanced: 28, packet: 28, simple: 12, statistics: 20 } as const;
const unknownCount = 0xffff;

const messages = {
  content: 'a block is too short for what it says it holds',
  interface: 'a block of an interface that was not described',
  'too-many-interfaces': `more than ${maxInterfaces} interfaces`,
} as const;
type Dropped = keyof typeof messages;

class Interface implements CaptureInterface {
  name?: string;
  readonly linkType: number;
  readonly snapLength: number;
  readonly section: number;
  readonly number: number;
  clock = new TickClock();
  /** As its statistics say, which grow, and as its packets say, which are summed. */
  lostInAll = 0;
  lostBetween = 0;

  constructor(linkType: number, snapLength: number, section: number, number: number) {
    this.linkType = linkType;
    this.snapLength = snapLength;
    this.section = section;
    this.number = number;
  }

  get lost(): number {
    return Math.max(this.lostInAll, this.lostBetween);
  }
}

/**
 * Reads captures in blocks (draft-ietf-opsawg-pcapng). Interfaces are numbered over all sections; a simple packet, which has no time, gets
 * that of the packet before it. Blocks of other kinds are passed over without being held in memory.
 */
export class PcapngReader implements FormatReader {
  need = frameBytes;
  readonly #tally: Tally;
  #isBig = false;
  #section = -1;
  /** Of the section that is read; undefined where a description could not be read, so that the others keep their numbers. */
  #interfaces: (Interface | undefined)[] = [];
  passing = -1;
  /** What is still to be passed over of a block, the length at its end not counted; and that length. */
  #left = 0;
  #passedLength = 0;
  #passesSection = false;
  #damagedOffset = -1;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  read(bytes: Uint8Array, start: number, end: number, base: number): number {
    const tally = this.#tally;
    tally.frame.bytes = bytes;
    let at = start;
    while (!tally.hasEnded) {
      if (this.passing >= 0) {
        const step = Math.min(this.#left, end - at);
        this.#left -= step;
        at += step;
        this.need = 4;
        if (end - at < 4) return at;
        if (!this.#checkTrailer(bytes, at, this.#passedLength, this.passing)) return at;
        at += 4;
        this.passing = -1;
        if (this.#passesSection) tally.describe();
        else tally.skip();
        continue;
      }
      at = this.#usual(bytes, at, end);
      this.need = frameBytes;
      if (end - at < frameBytes) return at;
      const type = u32(bytes, at, this.#isBig);
      if (type === sectionHeader) {
        this.need = sectionBytes;
        if (end - at < sectionBytes) return at;
        this.#beginSection(bytes, at, base);
        if (tally.hasEnded) return at;
        at = this.#pass(bytes, at, sectionBytes - 4, base, true);
        continue;
      }
      const length = u32(bytes, at + 4, this.#isBig);
      if (!this.#isSane(length, frameBytes, base + at)) return at;
      if (type === 0 || type > block.enhanced || type === 4) {
        at = this.#pass(bytes, at, 8, base, false);
        continue;
      }
      if (end - at < length) {
        this.need = length;
        return at;
      }
      if (!this.#checkTrailer(bytes, at + length - 4, length, base + at)) return at;
      this.#block(type, bytes, at, at + length - 4, base + at);
      at += length;
    }
    return at;
  }

  /** Takes enhanced packets, of which most captures consist, as long as they are whole and have no options. Returns the place behind them. */
  #usual(bytes: Uint8Array, start: number, end: number): number {
    const tally = this.#tally;
    const { frame, sink } = tally;
    const isBig = this.#isBig;
    const interfaces = this.#interfaces;
    let [at, frames, captured, wire] = [start, 0, 0, 0];
    while (end - at >= head.enhanced + 4 && u32(bytes, at, isBig) === block.enhanced) {
      const length = u32(bytes, at + 4, isBig);
      const captureLength = u32(bytes, at + 20, isBig);
      const wireLength = u32(bytes, at + 24, isBig);
      const from = at + head.enhanced;
      if (length > end - at || length > maxBlockLength || captureLength > wireLength) break;
      if (length !== head.enhanced + ((captureLength + 3) & ~3) + 4) break;
      const of = interfaces[u32(bytes, at + 8, isBig)];
      if (of === undefined || u32(bytes, at + length - 4, isBig) !== length) break;
      of.clock.set(frame, u32(bytes, at + 12, isBig), u32(bytes, at + 16, isBig));
      frame.start = from;
      frame.end = from + captureLength;
      frame.wireLength = wireLength;
      frame.linkType = of.linkType;
      frame.interface = of.number;
      frames++;
      captured += captureLength;
      wire += wireLength;
      at += length;
      sink(frame);
    }
    tally.records += frames;
    tally.frames += frames;
    tally.capturedBytes += captured;
    tally.wireBytes += wire;
    return at;
  }

  /** Goes on behind the first `done` bytes of a block, of which nothing more is wanted. */
  #pass(bytes: Uint8Array, at: number, done: number, base: number, isSection: boolean): number {
    this.#passedLength = u32(bytes, at + 4, this.#isBig);
    this.#left = this.#passedLength - 4 - done;
    this.#passesSection = isSection;
    this.passing = base + at;
    return at + done;
  }

  #isSane(length: number, least: number, offset: number): boolean {
    if (length >= least && length <= maxBlockLength && length % 4 === 0) return true;
    this.#tally.end('length', offset, `a block of ${length} bytes`);
    return false;
  }

  /** Whether a block says the same length at its end. */
  #checkTrailer(bytes: Uint8Array, at: number, length: number, offset: number): boolean {
    const again = u32(bytes, at, this.#isBig);
    if (again === length) return true;
    this.#tally.end('trailer', offset, `a block of ${length} bytes that says ${again} at its end`);
    return false;
  }

  #beginSection(bytes: Uint8Array, at: number, base: number): void {
    const tally = this.#tally;
    const order = u32(bytes, at + 8, false);
    this.#isBig = order !== byteOrder;
    if (this.#isBig && u32(bytes, at + 8, true) !== byteOrder) {
      tally.end('not-a-capture', base + at, 'a section header without a known byte order');
      return;
    }
    if (!this.#isSane(u32(bytes, at + 4, this.#isBig), sectionBytes, base + at)) return;
    const [major, minor] = [u16(bytes, at + 12, this.#isBig), u16(bytes, at + 14, this.#isBig)];
    // Some writers say 1.2 of what is 1.0.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      tally.end('version', base + at, `a section of version ${major}.${minor}, where 1.0 is known`);
      return;
    }
    this.#section++;
    this.#interfaces = [];
  }

  #block(type: number, bytes: Uint8Array, at: number, end: number, offset: number): void {
    const dropped = this.#taken(type, bytes, at, end, offset);
    if (dropped === 'content' && type === block.interface && this.#interfaces.length < maxInterfaces)
      this.#interfaces.push(undefined);
    if (dropped !== undefined) this.#tally.drop(dropped, offset, messages[dropped]);
  }

  /** Takes a block; returns why not. */
  #taken(type: number, bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    switch (type) {
      case block.enhanced:
        return this.#enhanced(bytes, at, end, offset);
      case block.simple:
        return this.#simple(bytes, at, end);
      case block.packet:
        return this.#packet(bytes, at, end, offset);
      case block.interface:
        return this.#interface(bytes, at, end, offset);
      default:
        return this.#statistics(bytes, at, end, offset);
    }
  }

  #enhanced(bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    if (at + head.enhanced > end) return 'content';
    const of = this.#interfaces[u32(bytes, at + 8, this.#isBig)];
    if (of === undefined) return 'interface';
    return this.#timed(of, bytes, at, end, offset);
  }

  #packet(bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    if (at + head.packet > end) return 'content';
    const of = this.#interfaces[u16(bytes, at + 8, this.#isBig)];
    if (of === undefined) return 'interface';
    const lost = u16(bytes, at + 10, this.#isBig);
    if (lost !== unknownCount) of.lostBetween += lost;
    return this.#timed(of, bytes, at, end, offset);
  }

  /** Enhanced and obsolete packets are alike from the time on. */
  #timed(of: Interface, bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    const isBig = this.#isBig;
    const captureLength = u32(bytes, at + 20, isBig);
    const start = at + head.enhanced;
    if (captureLength > end - start) return 'content';
    const options = start + ((captureLength + 3) & ~3);
    if (options < end) of.lostBetween += this.#count(bytes, options, end, offset, option.packetsLost);
    of.clock.set(this.#tally.frame, u32(bytes, at + 12, isBig), u32(bytes, at + 16, isBig));
    this.#give(of, start, captureLength, u32(bytes, at + 24, isBig));
    return undefined;
  }

  #simple(bytes: Uint8Array, at: number, end: number): Dropped | undefined {
    if (at + head.simple > end) return 'content';
    const of = this.#interfaces[0];
    if (of === undefined) return 'interface';
    const length = u32(bytes, at + 8, this.#isBig);
    const captureLength = of.snapLength === 0 ? length : Math.min(length, of.snapLength);
    if (captureLength > end - at - head.simple) return 'content';
    this.#give(of, at + head.simple, captureLength, length);
    return undefined;
  }

  #give(of: Interface, start: number, captureLength: number, length: number): void {
    const tally = this.#tally;
    const { frame } = tally;
    tally.records++;
    tally.frames++;
    if (captureLength > length) tally.longerThanWire++;
    frame.start = start;
    frame.end = start + captureLength;
    frame.wireLength = Math.max(length, captureLength);
    frame.linkType = of.linkType;
    frame.interface = of.number;
    tally.capturedBytes += captureLength;
    tally.wireBytes += frame.wireLength;
    tally.sink(frame);
  }

  #interface(bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    const tally = this.#tally;
    if (at + head.interface > end) return 'content';
    if (tally.interfaces.length >= maxInterfaces) return 'too-many-interfaces';
    const of = new Interface(
      u16(bytes, at + 8, this.#isBig),
      u32(bytes, at + 12, this.#isBig),
      this.#section,
      tally.interfaces.length,
    );
    const options = at + head.interface;
    const resolution = this.#find(bytes, options, end, offset, option.resolution, 1);
    const shift = this.#find(bytes, options, end, offset, option.offset, 8);
    const name = this.#find(bytes, options, end, offset, option.name, 1);
    if (name >= 0) of.name = text(bytes, name, u16(bytes, name - 2, this.#isBig));
    of.clock = new TickClock(
      resolution < 0 ? undefined : bytes[resolution],
      shift < 0 ? 0 : i64(bytes, shift, this.#isBig),
    );
    this.#interfaces.push(of);
    tally.interfaces.push(of);
    tally.describe();
    return undefined;
  }

  #statistics(bytes: Uint8Array, at: number, end: number, offset: number): Dropped | undefined {
    if (at + head.statistics > end) return 'content';
    const of = this.#interfaces[u32(bytes, at + 8, this.#isBig)];
    if (of === undefined) return 'interface';
    const options = at + head.statistics;
    const lost =
      this.#count(bytes, options, end, offset, option.lostByInterface) +
      this.#count(bytes, options, end, offset, option.lostBySystem);
    of.lostInAll = Math.max(of.lostInAll, lost);
    this.#tally.describe();
    return undefined;
  }

  /** Returns where the value of an option stands that has at least so many bytes; -1 where there is none. */
  #find(
    bytes: Uint8Array,
    start: number,
    end: number,
    offset: number,
    wanted: number,
    least: number,
  ): number {
    for (let at = start; at < end; ) {
      const code = u16(bytes, at, this.#isBig);
      if (code === option.end) break;
      const length = u16(bytes, at + 2, this.#isBig);
      if (at + 4 + length > end) {
        this.#damaged(offset);
        break;
      }
      if (code === wanted && length >= least) return at + 4;
      at += 4 + ((length + 3) & ~3);
    }
    return -1;
  }

  #count(bytes: Uint8Array, start: number, end: number, offset: number, wanted: number): number {
    const at = this.#find(bytes, start, end, offset, wanted, 8);
    return at < 0 ? 0 : u64(bytes, at, this.#isBig);
  }

  /** Options are searched several times, and damage counts once. */
  #damaged(offset: number): void {
    if (offset === this.#damagedOffset) return;
    this.#damagedOffset = offset;
    this.#tally.damaged(offset);
  }
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const end = at + Math.min(length, maxNameBytes);
  return new TextDecoder().decode(bytes.subarray(at, end)).replace(/\0.*$/s, '');
}
