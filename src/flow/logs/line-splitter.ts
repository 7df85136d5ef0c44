const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Gets the lines of a log one after another, without their ends. */
export interface LineSink {
  line(text: string): void;
  /** A line that was longer than the limit; it is gone. */
  tooLong(): void;
}

/**
 * Cuts bytes, which come in any pieces, into lines. Ends are LF or CR LF; the last line needs none. Bytes that are no UTF-8 become
 * U+FFFD. What is kept of a line that has not ended is bounded; a longer one is told and not kept.
 */
export class LineSplitter {
  readonly #sink: LineSink;
  readonly #limit: number;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes of the line that has not ended. */
  #rest = new Uint8Array(1024);
  #length = 0;
  /** Whether the line that has not ended is too long already. */
  #isLost = false;
  #isFirst = true;

  /** `limit`: bytes of one line. */
  constructor(sink: LineSink, limit = 1 << 20) {
    this.#sink = sink;
    this.#limit = limit;
  }

  take(bytes: Uint8Array): void {
    let start = 0;
    const first = bytes.indexOf(lineFeed);
    if (first < 0) {
      this.#keep(bytes);
      return;
    }
    if (this.#length > 0 || this.#isLost) {
      this.#keep(bytes.subarray(0, first));
      this.#finish();
      start = first + 1;
    }
    const last = bytes.lastIndexOf(lineFeed);
    // Whole lines are decoded together: a call for each costs more than the rest of the work.
    if (last >= start) {
      const text = this.#decoder.decode(bytes.subarray(start, last));
      for (const line of text.split('\n')) this.#emit(line);
    }
    this.#keep(bytes.subarray(last + 1));
  }

  /** Hands on the last line, when it had no end. */
  end(): void {
    if (this.#length > 0 || this.#isLost) this.#finish();
  }

  #keep(bytes: Uint8Array): void {
    if (this.#isLost || bytes.length === 0) return;
    const length = this.#length + bytes.length;
    if (length > this.#limit) {
      this.#isLost = true;
      this.#length = 0;
      return;
    }
    if (length > this.#rest.length) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(length, this.#rest.length * 2)));
      larger.set(this.#rest.subarray(0, this.#length));
      this.#rest = larger;
    }
    this.#rest.set(bytes, this.#length);
    this.#length = length;
  }

  #finish(): void {
    if (this.#isLost) this.#sink.tooLong();
    else this.#emit(this.#decoder.decode(this.#rest.subarray(0, this.#length)));
    this.#isLost = false;
    this.#length = 0;
    this.#isFirst = false;
  }

  #emit(line: string): void {
    if (line.length > this.#limit) {
      this.#sink.tooLong();
      return;
    }
    const text = this.#isFirst && line.charCodeAt(0) === 0xfeff ? line.slice(1) : line;
    this.#isFirst = false;
    this.#sink.line(text.charCodeAt(text.length - 1) === carriageReturn ? text.slice(0, -1) : text);
  }
}
