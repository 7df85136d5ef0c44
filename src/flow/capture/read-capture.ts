import { u32be } from './bytes.ts';
import type { FrameSink } from './frame.ts';
import { isPcap, PcapReader } from './pcap.ts';
import { PcapngReader, sectionHeader } from './pcapng.ts';
import {
  type CaptureCounters,
  type CaptureInterface,
  type CaptureProblem,
  type FormatReader,
  Tally,
} from './tally.ts';

const magicBytes = 4;
const firstCarryBytes = 65_536;

/**
 * Reads a capture file, pcap or pcapng, from pieces of any size. Frames are places in the piece itself; only what lies across the border
 * of two pieces is copied, into a buffer as large as the largest such record (at most 16 MiB). Never throws on content: what cannot be
 * read is counted, and reading ends where the next record could not be found.
 */
export class CaptureReader {
  readonly #tally: Tally;
  #format: FormatReader | undefined;
  #carry: Uint8Array = new Uint8Array(0);
  #held = 0;
  /** Bytes of the capture before the piece that is read. */
  #before = 0;

  constructor(sink: FrameSink) {
    this.#tally = new Tally(sink);
  }

  get counters(): CaptureCounters {
    return this.#tally;
  }

  /** Interfaces described so far; {@link Frame.interface} counts them. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#tally.interfaces;
  }

  /** The first thing that was wrong. */
  get problem(): CaptureProblem | undefined {
    return this.#tally.firstProblem;
  }

  /** Whether the rest cannot be read, so that nothing more needs to be pushed. */
  get hasEnded(): boolean {
    return this.#tally.hasEnded;
  }

  /** Gives the frames of the next piece, with what was left of the one before, to the sink. The piece may be used again afterwards. */
  push(chunk: Uint8Array): void {
    const tally = this.#tally;
    let at = 0;
    while (this.#held > 0 && !tally.hasEnded) {
      const need = this.#format?.need ?? magicBytes;
      const more = Math.min(need - this.#held, chunk.length - at);
      this.#hold(chunk, at, at + more);
      at += more;
      if (this.#held < need) break;
      // Either all of it is taken, or its beginning says that more is needed.
      if (this.#read(this.#carry, 0, this.#held, this.#before + at - this.#held) > 0) this.#held = 0;
    }
    if (this.#held === 0 && !tally.hasEnded) {
      at = this.#read(chunk, at, chunk.length, this.#before);
      if (!tally.hasEnded) this.#hold(chunk, at, chunk.length);
    }
    this.#before += chunk.length;
    if (!tally.hasEnded) tally.bytes = this.#before - this.#held;
    tally.unreadBytes = tally.hasEnded ? this.#before - tally.bytes : 0;
  }

  /** Says that nothing more comes: what had begun is lost. */
  end(): void {
    const tally = this.#tally;
    if (tally.hasEnded) return;
    const begun = this.#held > 0 ? this.#before - this.#held : (this.#format?.passing ?? -1);
    if (this.#format === undefined) {
      tally.end('not-a-capture', 0, `${this.#before} bytes are too short for a capture`);
    } else if (begun >= 0) {
      tally.end('cut-off', begun, `the capture ends within what begins here, after ${this.#before} bytes`);
    }
    tally.unreadBytes = this.#held;
    this.#held = 0;
    tally.hasEnded = true;
  }

  #read(bytes: Uint8Array, start: number, end: number, base: number): number {
    if (this.#format === undefined) {
      if (end - start < magicBytes) return start;
      this.#detect(u32be(bytes, start));
    }
    const at = this.#format === undefined ? start : this.#format.read(bytes, start, end, base);
    if (this.#tally.hasEnded) this.#tally.bytes = base + at;
    return at;
  }

  #detect(magic: number): void {
    if (magic === sectionHeader) this.#format = new PcapngReader(this.#tally);
    else if (isPcap(magic)) this.#format = new PcapReader(this.#tally);
    else {
      const digits = magic.toString(16).padStart(8, '0');
      this.#tally.end('not-a-capture', 0, `it begins with ${digits}, which no kind of capture does`);
    }
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#held + end - start;
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, this.#carry.length * 2, firstCarryBytes));
      larger.set(this.#carry.subarray(0, this.#held));
      this.#carry = larger;
    }
    this.#carry.set(chunk.subarray(start, end), this.#held);
    this.#held = length;
  }
}
