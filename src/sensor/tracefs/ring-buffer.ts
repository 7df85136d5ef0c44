import type { PageFormat } from './format.ts';

const padding = 29;
const timeExtend = 30;
const timeStamp = 31;
/** 2^27: a time extension counts in units of what the 27-bit delta cannot hold. */
const deltaUnit = 0x800_0000;
const missedEvents = 0x8000_0000;
const commitMask = 0x07ff_ffff;

/** Whether numbers lie in memory as the page reader's 32-bit views expect; all machines that Node runs on do. */
export const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Walks the records of one ring-buffer page as `trace_pipe_raw` returns it (Documentation/trace/ring-buffer-design.rst,
 * include/linux/ring_buffer.h). One instance serves one CPU for ever: the page is read into {@link bytes}, nothing is
 * allocated per record, and no content of the page can make it read outside the page or loop.
 */
export class PageReader {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly #format: PageFormat;
  #position = 0;
  #end = 0;
  #baseMs = 0;
  #baseHigh = 0;
  #deltaNs = 0;

  /** Offset in {@link bytes} of the present record's data, 4-byte aligned. */
  dataOffset = 0;
  /** Bytes of the present record's data. */
  dataLength = 0;
  /** Time of the present record: milliseconds of the instance's trace clock. */
  time = 0;
  /** The kernel lost records just before this page. */
  missed = false;
  /** How many pages had a header or a record that makes no sense; the rest of such a page is skipped. */
  undecodable = 0;

  constructor(format: PageFormat) {
    this.#format = format;
    const buffer = new ArrayBuffer(format.size);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  /** Starts on the page whose first `length` bytes were just read; `next()` moves to its first record. */
  load(length: number): void {
    const { timestampOffset, commitOffset, dataOffset, size } = this.#format;
    this.#position = dataOffset;
    this.#end = dataOffset;
    this.#deltaNs = 0;
    this.missed = false;
    if (length < dataOffset) {
      this.undecodable++;
      return;
    }
    const low = this.words[timestampOffset >> 2]!;
    const high = this.words[(timestampOffset >> 2) + 1]!;
    this.#setBase(high, low);
    const commit = this.words[commitOffset >> 2]!;
    this.missed = commit >= missedEvents;
    const end = dataOffset + (commit & commitMask);
    if (end > Math.min(length, size) || end & 3) {
      this.undecodable++;
      return;
    }
    this.#end = end;
  }

  /** Moves to the next data record; false when the page has no more. */
  next(): boolean {
    const words = this.words;
    while (this.#position < this.#end) {
      const at = this.#position >> 2;
      const header = words[at]!;
      const typeLength = header & 31;
      const delta = header >>> 5;
      const left = this.#end - this.#position;
      if (typeLength > 0 && typeLength < padding) {
        return this.#record(4, typeLength * 4, 4 + typeLength * 4, delta, left);
      }
      if (left < 8) {
        // A null record (padding without a delta) may be a lone word that closes the page.
        return typeLength === padding && delta === 0 ? this.#finish() : this.#fault();
      }
      const word = words[at + 1]!;
      if (typeLength === 0) return this.#record(8, word - 4, 4 + ((word + 3) & ~3), delta, left);
      if (typeLength === padding) {
        if (delta === 0) return this.#finish();
        // A discarded record: `word` is its length. Its delta still counts for those after it.
        if (word > left - 4) return this.#fault();
        this.#deltaNs += delta;
        this.#position += 4 + ((word + 3) & ~3);
      } else {
        if (typeLength === timeExtend) this.#deltaNs += word * deltaUnit + delta;
        else if (typeLength === timeStamp) this.#setAbsolute(word, delta);
        this.#position += 8;
      }
    }
    return false;
  }

  #record(dataAt: number, length: number, total: number, delta: number, left: number): boolean {
    if (length < 0 || dataAt + length > left || total > left) return this.#fault();
    this.dataOffset = this.#position + dataAt;
    this.dataLength = length;
    this.#deltaNs += delta;
    this.time = this.#baseMs + this.#deltaNs / 1e6;
    this.#position += total;
    return true;
  }

  #setBase(high: number, low: number): void {
    this.#baseHigh = high;
    // Nanoseconds as one double lose precision after 104 days; milliseconds from two lanes keep about 2 ns.
    this.#baseMs = high * (0x1_0000_0000 / 1e6) + low / 1e6;
    this.#deltaNs = 0;
  }

  /** An absolute time stamp carries 59 bits; the upper 5 are those of the page. */
  #setAbsolute(word: number, delta: number): void {
    const low = ((word << 27) | delta) >>> 0;
    const high = ((this.#baseHigh & 0xf800_0000) | (word >>> 5)) >>> 0;
    this.#setBase(high, low);
  }

  #finish(): false {
    this.#position = this.#end;
    return false;
  }

  #fault(): false {
    this.undecodable++;
    return this.#finish();
  }
}
