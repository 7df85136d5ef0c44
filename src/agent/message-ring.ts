/**
 * The most recent messages of a sequence, numbered from 0 on, in memory of a fixed size: bytes lie one after the other in
 * one buffer, so that a busy stream leaves nothing to the garbage collector. The oldest make room for a new one.
 */
export class MessageRing {
  readonly #bytes: Buffer;
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  /** Number of the oldest message that is still there. */
  #start = 0;
  /** Number of the next message. */
  #end = 0;
  /** Where the next message goes. Bytes of the oldest lie behind it, or at 0 when none do. */
  #head = 0;

  /** Holds at most `maxMessages` messages of together at most `maxBytes` bytes. */
  constructor(maxMessages: number, maxBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(maxBytes);
    this.#offsets = new Uint32Array(maxMessages);
    this.#lengths = new Uint32Array(maxMessages);
  }

  /** The number of the next message. */
  get end(): number {
    return this.#end;
  }

  /** How many messages from number `next` on are gone. */
  missed(next: number): number {
    return Math.max(0, this.#start - next);
  }

  /** Adds a message, in UTF-8. One that is larger than the whole ring is gone at once, and so is all before it. */
  push(message: string): void {
    const length = Buffer.byteLength(message);
    if (length > this.#bytes.length) {
      this.#end += 1;
      this.#start = this.#end;
      return;
    }
    if (this.#end - this.#start === this.#offsets.length) this.#start += 1;
    if (this.#head + length > this.#bytes.length) {
      this.#dropFrom(this.#head, this.#bytes.length);
      this.#head = 0;
    }
    this.#dropFrom(this.#head, this.#head + length);
    this.#bytes.write(message, this.#head, 'utf8');
    const slot = this.#slot(this.#end);
    this.#offsets[slot] = this.#head;
    this.#lengths[slot] = length;
    this.#head += length;
    this.#end += 1;
  }

  /**
   * Returns a copy of messages from number `next` on, which must be there, and the number after the last of them: as many
   * as lie side by side, ending with the one that passes `bytes`.
   */
  read(next: number, bytes: number): { readonly copy: Buffer; readonly next: number } {
    const from = this.#offset(next);
    let to = from;
    let after = next;
    while (after < this.#end && to - from < bytes && this.#offset(after) === to) {
      to += this.#lengths[this.#slot(after)] ?? 0;
      after += 1;
    }
    return { copy: Buffer.from(this.#bytes.subarray(from, to)), next: after };
  }

  /** Drops the oldest messages as long as they begin in this stretch of the buffer. */
  #dropFrom(from: number, to: number): void {
    while (this.#start < this.#end && this.#offset(this.#start) >= from && this.#offset(this.#start) < to) {
      this.#start += 1;
    }
  }

  #offset(number: number): number {
    return this.#offsets[this.#slot(number)] ?? 0;
  }

  #slot(number: number): number {
    return number % this.#offsets.length;
  }
}
