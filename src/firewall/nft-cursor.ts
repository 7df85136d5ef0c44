import type { Range } from '../manifest/locations.ts';
import type { NftToken } from './nft-lexer.ts';

/** Where a reader of nft text stands. */
export class NftCursor {
  readonly #tokens: readonly NftToken[];
  readonly #whole: Range | undefined;
  #at = 0;

  /** `whole` is the place of everything, when the tokens have none of their own. */
  constructor(tokens: readonly NftToken[], whole?: Range) {
    this.#tokens = tokens;
    this.#whole = whole;
  }

  /** Index of the token that comes next. */
  get at(): number {
    return this.#at;
  }

  /** Tells whether all tokens from `start` to here are known. */
  knownSince(start: number): boolean {
    return this.#tokens.slice(start, this.#at).every((token) => token.known);
  }

  /** Words up to the end of the statement, with what stands in its braces. */
  statement(): NftToken[] {
    const words: NftToken[] = [];
    let depth = 0;
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (depth === 0 && (token.text === ';' || token.text === '\n' || token.text === '}') && !token.quoted)
        break;
      if (token.text === '{' && !token.quoted) depth++;
      if (token.text === '}' && !token.quoted) depth--;
      words.push(token);
      this.#at++;
    }
    return words;
  }

  /** Skips ends of lines and statements; tells whether anything follows. */
  skipEnds(): boolean {
    while (this.text() === '\n' || this.text() === ';') this.#at++;
    return this.#at < this.#tokens.length;
  }

  /** Returns the place from the token at `start` to here. */
  place(start: number): Range {
    if (this.#whole !== undefined) return this.#whole;
    const first = this.#tokens[Math.min(start, this.#tokens.length - 1)]?.at.start ?? 0;
    return { start: first, end: Math.max(this.#tokens[this.#at - 1]?.at.end ?? first, first) };
  }

  /** Returns the text of the token that comes next, or of one after it; an empty one at the end. */
  text(after = 0): string {
    return this.#tokens[this.#at + after]?.text ?? '';
  }

  /** Takes the next token; returns its text. */
  next(): string {
    return this.#tokens[this.#at++]?.text ?? '';
  }
}
