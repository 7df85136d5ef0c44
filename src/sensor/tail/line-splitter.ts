const newline = 0x0a;

/** Cuts bytes into lines. Holds one line at most, and none that is longer than allowed. */
export class LineSplitter {
  /** Lines that were left out, being too long. */
  tooLong = 0;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #size = 0;
  #isSkipping: boolean;

  /** `inLine`: the bytes begin in the middle of a line, which is left out. */
  constructor(maxBytes: number, inLine = false) {
    this.#maxBytes = maxBytes;
    this.#isSkipping = inLine;
  }

  /** Whether a line has begun and not ended. */
  get isInLine(): boolean {
    return this.#size > 0;
  }

  /** Appends the lines that end in `chunk` to `lines`, as UTF-8 without their ends; empty ones are left out. The chunk is copied. */
  push(chunk: Buffer, lines: string[]): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#add(chunk.subarray(start, end));
      const line = this.end();
      if (line !== undefined) lines.push(line);
      this.#isSkipping = false;
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
  }

  /** Returns the line that has begun, as if it ended here. */
  end(): string | undefined {
    const text = this.#size === 0 ? '' : Buffer.concat(this.#parts).toString('utf8');
    this.#forget();
    return text.trim() === '' ? undefined : text;
  }

  /** Forgets the line that has begun; the next byte begins a line. */
  restart(): void {
    this.#forget();
    this.#isSkipping = false;
  }

  #add(part: Buffer): void {
    if (this.#isSkipping || part.length === 0) return;
    if (this.#size + part.length > this.#maxBytes) {
      this.tooLong++;
      this.#isSkipping = true;
      this.#forget();
      return;
    }
    this.#parts.push(Buffer.from(part));
    this.#size += part.length;
  }

  #forget(): void {
    this.#parts = [];
    this.#size = 0;
  }
}
