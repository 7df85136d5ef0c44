import type { Range } from '../manifest/locations.ts';

/** A word, a quoted string, or one of `{ } ; , = != < > ( )` and the end of a line, `\n`. */
export interface NftToken {
  readonly text: string;
  readonly at: Range;
  /** A quoted string is never a keyword. */
  readonly quoted: boolean;
  /** False when the shell puts something in that is not known here. */
  readonly known: boolean;
}

const signs = new Set('{};,=<>()\n');
const blanks = new Set(' \t\r');

/** Splits text of the nft language into tokens (nft(8), LEXICAL CONVENTIONS); `offset` is added to places. Linear. */
export function lexNft(text: string, offset: number): NftToken[] {
  const tokens: NftToken[] = [];
  const add = (value: string, start: number, end: number, quoted = false) =>
    tokens.push({ text: value, at: { start: offset + start, end: offset + end }, quoted, known: true });
  for (let at = 0; at < text.length; ) {
    const sign = text[at]!;
    const start = at;
    if (blanks.has(sign)) at++;
    else if (sign === '\\' && text[at + 1] === '\n') at += 2;
    else if (sign === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (sign === '"') {
      const end = text.indexOf('"', at + 1);
      at = end < 0 ? text.length : end + 1;
      add(text.slice(start + 1, end < 0 ? at : at - 1), start, at, true);
    } else if (signs.has(sign) || (sign === '!' && text[at + 1] === '=')) {
      at += sign === '!' ? 2 : 1;
      add(text.slice(start, at), start, at);
    } else {
      at++;
      while (at < text.length && !isEnd(text, at)) at++;
      add(text.slice(start, at), start, at);
    }
  }
  return tokens;
}

function isEnd(text: string, at: number): boolean {
  const sign = text[at]!;
  return blanks.has(sign) || signs.has(sign) || sign === '"' || (sign === '!' && text[at + 1] === '=');
}
