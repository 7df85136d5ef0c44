/** A function of a program, as the kernel has to know it. */
export interface ProgramFunction {
  readonly name: string;
  /** Number of its first instruction. */
  readonly at: number;
  /** How many integers it is given. */
  readonly arguments: number;
  /** The verifier reads a global one once, by itself, and any other again wherever it is called. */
  readonly isGlobal: boolean;
}

const magic = 0xeb9f;
const headerBytes = 24;
const kind = { integer: 1, function: 12, prototype: 13 } as const;
const linkage = { static: 0, global: 1 } as const;
const integerBits = 64;
/** Number of the only integer type; prototypes and functions follow it in turn. */
const integerType = 1;

/**
 * Returns the types of a program's functions as BTF (Documentation/bpf/btf.rst): each takes integers of 64 bits and returns one. The
 * type of the n-th function, from 0, is {@link functionType}.
 */
export function functionTypes(functions: readonly ProgramFunction[]): Uint8Array {
  const strings = new Strings();
  const words: number[] = [strings.at('u64'), kind.integer << 24, integerBits / 8, integerBits];
  const argument = strings.at('value');
  for (const [index, { name, arguments: count, isGlobal }] of functions.entries()) {
    words.push(0, (kind.prototype << 24) | count, integerType);
    for (let number = 0; number < count; number++) words.push(argument, integerType);
    const prototype = functionType(index) - 1;
    words.push(
      strings.at(name),
      (kind.function << 24) | (isGlobal ? linkage.global : linkage.static),
      prototype,
    );
  }
  const text = strings.bytes();
  const bytes = new Uint8Array(headerBytes + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magic, true);
  view.setUint8(2, 1);
  const header = [headerBytes, 0, words.length * 4, words.length * 4, text.length];
  for (const [index, word] of header.entries()) view.setUint32(4 + index * 4, word, true);
  for (const [index, word] of words.entries()) view.setUint32(headerBytes + index * 4, word, true);
  bytes.set(text, headerBytes + words.length * 4);
  return bytes;
}

/** Returns the number of the type of the n-th function. */
export function functionType(index: number): number {
  return integerType + 2 * (index + 1);
}

/** Texts one behind the other, each once, the empty one first. */
class Strings {
  readonly #places = new Map<string, number>();
  #text = '\0';

  at(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#text.length;
    this.#places.set(text, place);
    this.#text += `${text}\0`;
    return place;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }
}
