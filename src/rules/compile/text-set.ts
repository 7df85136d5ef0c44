/** Bits by which most texts that are not in a set are told apart without looking at all of them. */
const lengthBits = 6;
const signBits = 6;
const mask = (bits: number) => (1 << bits) - 1;

/**
 * A set of texts of which nearly all questions are answered with no. A text's hash has to be computed over all of it where it
 * was just read or cut out; its length and last sign alone say no in nearly all cases.
 */
export class TextSet {
  readonly #texts: ReadonlySet<unknown>;
  readonly #seen = new Uint8Array(1 << (lengthBits + signBits));

  constructor(texts: Iterable<string>) {
    const all = new Set(texts);
    for (const text of all) this.#seen[cell(text)] = 1;
    this.#texts = all;
  }

  has(text: string | undefined): boolean {
    return text !== undefined && this.#seen[cell(text)] === 1 && this.#texts.has(text);
  }
}

/** The empty text has a last sign of NaN, which counts as 0. */
function cell(text: string): number {
  return ((text.length & mask(lengthBits)) << signBits) | (text.charCodeAt(text.length - 1) & mask(signBits));
}
