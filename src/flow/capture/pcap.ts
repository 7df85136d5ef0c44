import { u16, u32, u32be } from './bytes.ts';
import type { FormatReader, Tally } from './tally.ts';

const fileHeader = 24;
const recordHeader = 16;
/** Interface index, protocol, packet type and padding stand behind the lengths. */
const modifiedRecordHeader = 24;
/** Most that libpcap captures of a packet (MAXIMUM_SNAPLEN); a longer record is taken for damage. */
const maxCaptureLength = 262_144;
/** The bits above are the length of the frame check sequence and whether it is there. */
const linkTypeMask = 0x03ff_ffff;

interface Kind {
  readonly isBig: boolean;
  readonly isNano: boolean;
  readonly recordHeader: number;
}

const kinds = new Map<number, Kind>();
for (const { magic, ...kind } of [
  { magic: 0xa1b2c3d4, isNano: false, recordHeader },
  { magic: 0xa1b23c4d, isNano: true, recordHeader },
  { magic: 0xa1b2cd34, isNano: false, recordHeader: modifiedRecordHeader },
]) {
  kinds.set(magic, { ...kind, isBig: true });
  kinds.set(swapped(magic), { ...kind, isBig: false });
}

function swapped(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff_0000) | (word << 24)) >>> 0;
}

/** Returns whether a capture that begins with these bytes, read highest first, is one of libpcap. */
export function isPcap(magic: number): boolean {
  return kinds.has(magic);
}

/**
 * Reads captures of libpcap (draft-ietf-opsawg-pcap; libpcap's sf-pcap.c for versions before 2.4 and for Kuznetzov's variant).
 * Fractions of a second beyond one are carried into the seconds.
 */
export class PcapReader implements FormatReader {
  need = fileHeader;
  readonly passing = -1;
  readonly #tally: Tally;
  #kind: Kind | undefined;
  /** 'always' before version 2.3, 'maybe' in 2.3: writers disagreed on which length comes first. */
  #lengthsSwapped: 'never' | 'maybe' | 'always' = 'never';
  #linkType = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  read(bytes: Uint8Array, start: number, end: number, base: number): number {
    let at = start;
    if (this.#kind === undefined) {
      if (end - at < fileHeader) return at;
      this.#header(bytes, at, base);
      if (this.#tally.hasEnded) return at;
      at += fileHeader;
    }
    return this.#records(bytes, at, end, base);
  }

  #header(bytes: Uint8Array, at: number, base: number): void {
    const kind = kinds.get(u32be(bytes, at))!;
    const { isBig } = kind;
    const [major, minor] = [u16(bytes, at + 4, isBig), u16(bytes, at + 6, isBig)];
    // 543.0 is what DG/UX wrote.
    if (!(major === 2 && minor <= 4) && !(major === 543 && minor === 0)) {
      this.#tally.end('version', base + at, `a capture of version ${major}.${minor}, where 2.4 is known`);
      return;
    }
    if (major === 543 || minor < 3) this.#lengthsSwapped = 'always';
    else if (minor === 3) this.#lengthsSwapped = 'maybe';
    this.#kind = kind;
    this.#linkType = u32(bytes, at + 20, isBig) & linkTypeMask;
    this.#tally.interfaces.push({
      linkType: this.#linkType,
      snapLength: u32(bytes, at + 16, isBig),
      section: 0,
      lost: 0,
    });
    this.#tally.describe();
  }

  #records(bytes: Uint8Array, start: number, end: number, base: number): number {
    const tally = this.#tally;
    const { frame, sink } = tally;
    const { isBig, isNano, recordHeader: head } = this.#kind!;
    const fractions = isNano ? 1e9 : 1e6;
    const nanoseconds = isNano ? 1 : 1000;
    const swaps = this.#lengthsSwapped;
    let [at, need] = [start, head];
    let [frames, captured, wire] = [0, 0, 0];
    frame.bytes = bytes;
    frame.linkType = this.#linkType;
    frame.interface = 0;
    while (end - at >= head) {
      let captureLength = u32(bytes, at + 8, isBig);
      let length = u32(bytes, at + 12, isBig);
      if (swaps === 'always' || (swaps === 'maybe' && captureLength > length)) {
        const other = captureLength;
        captureLength = length;
        length = other;
      }
      if (captureLength > maxCaptureLength) {
        tally.end('length', base + at, `a record of ${captureLength} bytes`);
        break;
      }
      const next = at + head + captureLength;
      if (next > end) {
        need = head + captureLength;
        break;
      }
      if (captureLength > length) {
        length = captureLength;
        tally.longerThanWire++;
      }
      let seconds = u32(bytes, at, isBig);
      let fraction = u32(bytes, at + 4, isBig);
      if (fraction >= fractions) {
        seconds += Math.floor(fraction / fractions);
        fraction %= fractions;
      }
      frame.seconds = seconds;
      frame.nanoseconds = fraction * nanoseconds;
      frame.start = at + head;
      frame.end = next;
      frame.wireLength = length;
      frames++;
      captured += captureLength;
      wire += length;
      at = next;
      sink(frame);
    }
    tally.records += frames;
    tally.frames += frames;
    tally.capturedBytes += captured;
    tally.wireBytes += wire;
    this.need = need;
    return at;
  }
}
