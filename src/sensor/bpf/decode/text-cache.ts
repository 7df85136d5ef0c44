/** Slots; a power of 2. */
const slots = 2048;
/** Longer texts are seldom the same again. A multiple of 4. */
const longest = 128;

/**
 * Texts of bytes that come again and again: to compare bytes with those of their slot costs less than to make a text anew, and spares
 * the memory. Bounded: a slot holds the last of the texts that fall into it.
 */
export class TextCache {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #convert: (text: string) => string;
  /** Bytes of each slot, those behind its text 0; and how many. */
  readonly #keys = new Int32Array((slots * longest) / 4);
  readonly #lengths = new Uint8Array(slots);
  readonly #values: string[] = new Array(slots).fill('');

  /** `convert` is given each text once before it is kept. */
  constructor(bytes: Uint8Array, convert: (text: string) => string = (text) => text) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#convert = convert;
  }

  /** Returns the text (UTF-8; what is none becomes U+FFFD) from `start` up to `end`. */
  text(start: number, end: number): string {
    const length = end - start;
    if (length >= longest || length < 4) return this.#convert(this.#bytes.toString('utf8', start, end));
    const slot = this.#slot(start, end);
    if (!this.#holds(slot, start, length)) this.#keep(slot, start, length);
    return this.#values[slot] as string;
  }

  /** The last 16 bytes and the length choose: names differ there more than where they begin. */
  #slot(start: number, end: number): number {
    const view = this.#view;
    let hash = end - start;
    for (let at = end - 4, least = Math.max(start, end - 16); at >= least; at -= 4)
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    return (hash ^ (hash >>> 15)) & (slots - 1);
  }

  #holds(slot: number, start: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const view = this.#view;
    const keys = this.#keys;
    let key = (slot * longest) >> 2;
    const last = start + length - 4;
    for (let at = start; at < last; at += 4) if (view.getInt32(at, true) !== keys[key++]) return false;
    // The last four bytes, some of which may have been compared before.
    return view.getInt32(last, true) === keys[((slot + 1) * longest) / 4 - 1];
  }

  #keep(slot: number, start: number, length: number): void {
    const first = (slot * longest) >> 2;
    const last = start + length - 4;
    let key = first;
    for (let at = start; at < last; at += 4) this.#keys[key++] = this.#view.getInt32(at, true);
    this.#keys[((slot + 1) * longest) / 4 - 1] = this.#view.getInt32(last, true);
    this.#lengths[slot] = length;
    this.#values[slot] = this.#convert(this.#bytes.toString('utf8', start, start + length));
  }
}
