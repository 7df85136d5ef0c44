import type { Range } from '../manifest/locations.ts';

/** A word, a quoted string, an operator or sign, or the end of a line, `\n`. */
export interface NftToken {
  readonly text: string;
  readonly at: Range;
  /** A quoted string is never a keyword. */
  readonly quoted: boolean;
  /** False when the shell puts something in that is not known here. */
  readonly known: boolean;
  /** The handle of the rule that ends here: `nft -a` writes it into a comment. */
  readonly handle?: number;
}

const signs = new Set('{};,=<>()|&^\n');
const pairs = new Set(['!=', '==', '<=', '>=', '<<', '>>']);
const blanks = new Set(' \t\r');

/**
 * Splits text of the nft language into tokens (nft(8), LEXICAL CONVENTIONS); `offset` is added to places. A colon parts
 * two words, unless it belongs to an address or stands between addresses and ports. Linear.
 */
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
      noteHandle(tokens, text.slice(start, Math.min(at, start + 40)));
    } else if (sign === '"') {
      const end = text.indexOf('"', at + 1);
      at = end < 0 ? text.length : end + 1;
      add(text.slice(start + 1, end < 0 ? at : at - 1), start, at, true);
    } else if (pairs.has(text.slice(at, at + 2))) {
      at += 2;
      add(text.slice(start, at), start, at);
    } else if (signs.has(sign)) add(sign, start, ++at);
    else {
      at++;
      while (at < text.length && !isEnd(text, at)) at++;
      for (const [from, to] of piecesOf(text.slice(start, at)))
        add(text.slice(start + from, start + to), start + from, start + to);
    }
  }
  return tokens;
}

/** `# handle 5` at the end of a line belongs to what stands before it. */
function noteHandle(tokens: NftToken[], comment: string): void {
  const [, handle] = /^# handle (\d+)/.exec(comment) ?? [];
  const last = tokens.at(-1);
  if (handle !== undefined && last !== undefined && last.text !== '\n')
    tokens[tokens.length - 1] = { ...last, handle: Number(handle) };
}

function isEnd(text: string, at: number): boolean {
  const sign = text[at]!;
  return (
    blanks.has(sign) ||
    signs.has(sign) ||
    sign === '"' ||
    sign === '#' ||
    (sign === '!' && text[at + 1] === '=')
  );
}

/** Returns where a word is cut at its colons: `22:accept`; not addresses, `10.0.0.1:80`, `9:30` and `1:20`. */
function piecesOf(word: string): [from: number, to: number][] {
  const whole: [number, number][] = [[0, word.length]];
  if (!word.includes(':') || word.length === 1 || /^[[\]0-9a-fA-F:./-]*$/.test(word)) return whole;
  const last = word.lastIndexOf(':');
  // An address before a name: `2001:db8::1:drop`.
  const cuts = /^[0-9a-fA-F]*:[0-9a-fA-F:./-]*$/.test(word.slice(0, last)) ? [last] : colonsOf(word);
  const pieces: [number, number][] = [];
  let from = 0;
  for (const cut of cuts) {
    if (cut > from) pieces.push([from, cut]);
    pieces.push([cut, cut + 1]);
    from = cut + 1;
  }
  if (from < word.length) pieces.push([from, word.length]);
  return pieces;
}

function colonsOf(word: string): number[] {
  const found: number[] = [];
  for (let at = word.indexOf(':'); at >= 0; at = word.indexOf(':', at + 1)) found.push(at);
  return found;
}
