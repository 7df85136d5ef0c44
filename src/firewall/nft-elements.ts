import type { NftToken } from './nft-lexer.ts';

/** One part of a key, as written. */
export interface ElementItem {
  readonly text: string;
  /** False when the shell puts something in that is not known here. */
  readonly known: boolean;
}

/** An element of a set or map. */
export interface NftElement {
  /** The parts of its key; none for `*`, which stands for all keys that no other element has. */
  readonly key: readonly ElementItem[];
  /** Of a map: what the key leads to. */
  readonly data?: readonly NftToken[];
  /** It is there for a while only, or counts against a limit: whether it is met may change from packet to packet. */
  readonly varies: boolean;
}

/** What may follow a key or its data (nft(8), SETS). */
const options = new Set(['comment', 'timeout', 'expires', 'counter', 'limit', 'quota', 'ct', 'last']);
const changing = new Set(['timeout', 'expires', 'limit', 'quota', 'ct']);

/** Returns the elements between braces, separated by commas; braces inside are those of variables. Linear. */
export function elementsOf(tokens: readonly NftToken[]): NftElement[] {
  const elements: NftElement[] = [];
  let part: NftToken[] = [];
  const end = () => {
    if (part.length > 0) elements.push(elementOf(part));
    part = [];
  };
  for (const token of tokens) {
    if (token.quoted) part.push(token);
    else if (token.text === ',' || token.text === '{' || token.text === '}') end();
    else if (token.text !== '\n') part.push(token);
  }
  end();
  return elements;
}

function elementOf(tokens: readonly NftToken[]): NftElement {
  const colon = tokens.findIndex(({ text, quoted }) => text === ':' && !quoted);
  const [left, right] = colon < 0 ? halves(tokens) : [tokens.slice(0, colon), tokens.slice(colon + 1)];
  const [key, more] = withoutOptions(left);
  const [data, last] = withoutOptions(right ?? []);
  const isWildcard = key.length === 1 && key[0]!.text === '*' && !key[0]!.quoted;
  return {
    key: isWildcard ? [] : itemsOf(key),
    ...(right !== undefined && { data }),
    varies: more || last,
  };
}

/** `80:8080` may be a key and its value in one word. */
function halves(tokens: readonly NftToken[]): [NftToken[], NftToken[] | undefined] {
  const [first] = tokens;
  const at = first === undefined || first.quoted ? -1 : first.text.indexOf(':');
  if (at <= 0 || first!.text.indexOf(':', at + 1) >= 0) return [[...tokens], undefined];
  const key = { ...first!, text: first!.text.slice(0, at) };
  const value = { ...first!, text: first!.text.slice(at + 1) };
  return [[key], [value, ...tokens.slice(1)]];
}

/** Returns what stands before the options, and whether any of those makes the element vary. */
function withoutOptions(tokens: readonly NftToken[]): readonly [NftToken[], boolean] {
  const at = tokens.findIndex(({ text, quoted }) => !quoted && options.has(text));
  if (at <= 0) return [[...tokens], false];
  const varies = tokens.slice(at).some(({ text, quoted }) => !quoted && changing.has(text));
  return [tokens.slice(0, at), varies];
}

/** Returns the parts of a key, which full stops put together. */
export function itemsOf(tokens: readonly NftToken[]): ElementItem[] {
  const items: { text: string; known: boolean }[] = [{ text: '', known: true }];
  for (const { text, quoted, known } of tokens) {
    if (text === '.' && !quoted) {
      items.push({ text: '', known: true });
      continue;
    }
    const item = items.at(-1)!;
    item.text += text;
    item.known &&= known;
  }
  return items;
}

/** Returns a text that two elements with the same key share. */
export function keyOf({ key }: NftElement): string {
  return key.map(({ text }) => text).join(' . ');
}
