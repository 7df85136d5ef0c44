import type { Range } from '../manifest/locations.ts';
import { lexNft, type NftToken } from './nft-lexer.ts';

/** One table as a text declares it: `table inet picket { … }`. */
export interface NftTableText {
  readonly family: string;
  readonly name: string;
  /** From the word `table` to its closing brace. */
  readonly text: string;
  readonly at: Range;
}

/** Tables of a text, and the first thing in it that is no table. */
export interface NftTables {
  readonly tables: readonly NftTableText[];
  readonly other?: { readonly at: Range; readonly text: string };
}

/** A set or map of a table, as far as its elements come and go by themselves. */
export interface NftSetText {
  readonly name: string;
  /** What decides which elements it can hold: its words in an order of their own, without elements. */
  readonly kind: string;
  /** It holds elements that expire, or that packets put in: its elements say nothing of what was declared. */
  readonly changes: boolean;
  /** Packets put elements in. */
  readonly packetsAdd: boolean;
  /** Whether elements count packets. */
  readonly counts: boolean;
  readonly elements: readonly NftElement[];
  /** Place of what stands between its braces. */
  readonly bodyAt: Range;
  /** Place of `elements = { … }`; absent where there are none. */
  readonly elementsAt?: Range;
}

export interface NftElement {
  /** As `nft list` prints it, e.g. `198.51.100.7 timeout 1h expires 59m2s`. */
  readonly text: string;
  /** What it is told apart by: its text up to the first word that says something about it. */
  readonly key: string;
  /** It goes by itself. */
  readonly expires: boolean;
  /** It keeps a limit, a quota or connections, which cannot be put back as they were. */
  readonly measures: boolean;
}

const families = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const counts = /\bcounter packets \d+ bytes \d+/g;
/** Words of an element that stand behind its key (nft(8), SETS). */
const aboutElement = new Set([
  'timeout',
  'expires',
  'counter',
  'limit',
  'quota',
  'ct',
  'comment',
  'last',
  ':',
]);

/** Returns the tables of `nft list ruleset` or of a file for `nft -f` that holds nothing else. Never throws. Linear. */
export function splitNftTables(text: string): NftTables {
  const tokens = lexNft(text, 0);
  const tables: NftTableText[] = [];
  for (let at = 0; at < tokens.length; ) {
    if (isEnd(tokens[at]!)) {
      at++;
      continue;
    }
    const start = at;
    const other = (): NftTables => ({ tables, other: { at: tokens[start]!.at, text: tokens[start]!.text } });
    if (!is(tokens[at++], 'table')) return other();
    const family = families.has(tokens[at]?.text ?? '') ? tokens[at++]!.text : 'ip';
    const name = tokens[at++];
    while (is(tokens[at], '\n')) at++;
    if (name === undefined || !is(tokens[at], '{')) return other();
    const close = closing(tokens, at);
    if (close === undefined) return other();
    const range = { start: tokens[start]!.at.start, end: tokens[close]!.at.end };
    tables.push({ family, name: name.text, text: text.slice(range.start, range.end), at: range });
    at = close + 1;
  }
  return { tables };
}

/** Returns where a text names other files, which may hold anything; undefined where it does not. */
export function includeIn(text: string): Range | undefined {
  return lexNft(text, 0).find((token) => is(token, 'include'))?.at;
}

/** Returns the sets and maps of the text of one table, in order, with their elements. Never throws. Linear. */
export function readNftSets(tableText: string): NftSetText[] {
  const tokens = lexNft(tableText, 0);
  const sets: NftSetText[] = [];
  let depth = 0;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (is(token, '{')) depth++;
    else if (is(token, '}')) depth--;
    else if (depth === 1 && (is(token, 'set') || is(token, 'map')) && is(tokens[at + 2], '{')) {
      const close = closing(tokens, at + 2) ?? tokens.length - 1;
      const bodyAt = { start: tokens[at + 2]!.at.end, end: tokens[close]!.at.start };
      sets.push(readSet(tokens[at + 1]!.text, bodyAt, tokens.slice(at + 3, close)));
      at = close;
    }
  }
  return sets;
}

/**
 * Returns the text of a table without what changes by itself: elements that came or go by themselves, counts of packets and
 * bytes, used quotas. Two texts that `nft list` printed are of the same rules when this is equal. Linear.
 */
export function steadyNftText(tableText: string): string {
  return withoutPassingElements(tableText)
    .replace(counts, 'counter')
    .replace(/^[ \t]*packets \d+ bytes \d+\n/gm, '')
    .replace(/\bused \d+ [a-z]*bytes\b ?/g, '')
    .replace(/(?<![ \t])[ \t]+$/gm, '');
}

/** Returns the text of a table without elements that expire or that packets put in: what was declared, not what came since. Linear. */
export function withoutPassingElements(tableText: string): string {
  let rest = '';
  let from = 0;
  for (const { changes, packetsAdd, elements, elementsAt } of readNftSets(tableText)) {
    if (!changes || elementsAt === undefined) continue;
    const lasting = packetsAdd ? [] : elements.filter(({ expires }) => !expires);
    const before = tableText.slice(from, elementsAt.start);
    rest +=
      lasting.length === 0
        ? withoutLineEnd(before, tableText, elementsAt.end)
        : `${before}elements = { ${lasting.map(({ text }) => text).join(', ')} }`;
    from = elementsAt.end;
  }
  return rest + tableText.slice(from);
}

/** What stands before something that is left out, without the end of its line where another one follows. A comment needs one. */
function withoutLineEnd(before: string, text: string, end: number): string {
  const lineEnd = /[ \t]*\n/y;
  lineEnd.lastIndex = end;
  return lineEnd.test(text) ? before.trimEnd() : `${before.trimEnd()}\n`;
}

/**
 * Returns the text of a table as if its sets held for good what they hold at this moment, which is what has to be known to judge a packet now.
 * `live` are sets of the same names whose elements count as well, where they are of the same kind. Linear.
 */
export function frozenNftText(tableText: string, live: readonly NftSetText[] = []): string {
  const liveSets = new Map(live.map((set) => [set.name, set]));
  let frozen = '';
  let from = 0;
  for (const set of readNftSets(tableText)) {
    if (!set.changes) continue;
    const more = liveSets.get(set.name);
    const elements = [...set.elements, ...(more?.kind === set.kind ? more.elements : [])];
    const keys = [...new Set(elements.map(({ key }) => key))];
    frozen += `${tableText.slice(from, set.bodyAt.start)}${frozenBody(set, keys)}`;
    from = set.bodyAt.end;
  }
  return (frozen + tableText.slice(from)).replace(counts, 'counter');
}

function frozenBody({ kind }: NftSetText, keys: readonly string[]): string {
  const lines = kind.split('; ').flatMap((statement) => {
    const [word, ...rest] = statement.split(' ');
    if (word !== 'flags') return [statement];
    const flags = rest.filter((flag) => flag !== 'timeout' && flag !== 'dynamic');
    return flags.length === 0 ? [] : [`flags ${flags.join(', ')}`];
  });
  const elements = keys.length === 0 ? [] : [`elements = { ${keys.join(', ')} }`];
  return `\n${[...lines, ...elements].join('\n')}\n`;
}

function readSet(name: string, bodyAt: Range, body: readonly NftToken[]): NftSetText {
  const statements: string[] = [];
  let elements: readonly NftToken[] = [];
  let elementsAt: Range | undefined;
  for (let at = 0; at < body.length; ) {
    if (isEnd(body[at]!)) {
      at++;
      continue;
    }
    const isElements = is(body[at], 'elements');
    const end = endOfStatement(body, at);
    const words = body.slice(at, end);
    if (isElements) {
      elementsAt = { start: words[0]!.at.start, end: words.at(-1)!.at.end };
      const open = words.findIndex((word) => is(word, '{'));
      elements = open < 0 ? [] : words.slice(open + 1, closing(words, open));
    } else statements.push(wordsOf(words));
    at = end;
  }
  const isOf = (word: string) => statements.some((one) => one === word || one.startsWith(`${word} `));
  const flags = statements.find((one) => one.startsWith('flags ')) ?? '';
  return {
    name,
    kind: statements
      .filter((one) => /^(type|typeof|flags|auto-merge)\b/.test(one))
      .sort()
      .join('; '),
    changes: isOf('timeout') || /\b(timeout|dynamic)\b/.test(flags),
    packetsAdd: /\bdynamic\b/.test(flags),
    counts: isOf('counter'),
    bodyAt,
    elements: splitElements(elements),
    ...(elementsAt !== undefined && { elementsAt }),
  };
}

/** A statement in words; what is joined by commas in one order. */
function wordsOf(words: readonly NftToken[]): string {
  const [first, ...rest] = words.filter((word) => !is(word, ','));
  const texts = rest.map(({ text }) => text);
  return [first?.text ?? '', ...(first?.text === 'flags' ? texts.sort() : texts)].join(' ');
}

function splitElements(tokens: readonly NftToken[]): NftElement[] {
  const elements: NftElement[] = [];
  let words: NftToken[] = [];
  let depth = 0;
  const add = () => {
    if (words.length > 0) elements.push(elementOf(words));
    words = [];
  };
  for (const token of tokens) {
    if (is(token, '{')) depth++;
    if (is(token, '}')) depth--;
    if (depth === 0 && is(token, ',')) add();
    else if (!is(token, '\n')) words.push(token);
  }
  add();
  return elements;
}

function elementOf(words: readonly NftToken[]): NftElement {
  const joined = (some: readonly NftToken[]) =>
    some.map(({ text, quoted }) => (quoted ? `"${text}"` : text)).join(' ');
  const end = words.findIndex((word) => !word.quoted && aboutElement.has(word.text));
  const has = (...names: string[]) => words.some((word) => names.some((name) => is(word, name)));
  return {
    text: joined(words),
    key: joined(end < 0 ? words : words.slice(0, end)),
    expires: has('expires'),
    measures: has('limit', 'quota', 'ct'),
  };
}

/** Index behind the last token of the statement; lines may end within braces. */
function endOfStatement(tokens: readonly NftToken[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (depth === 0 && isEnd(token)) return at;
    if (is(token, '{')) depth++;
    if (is(token, '}')) depth--;
  }
  return tokens.length;
}

/** Index of the brace that closes the one at `open`; undefined where none does. */
function closing(tokens: readonly NftToken[], open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (is(tokens[at], '{')) depth++;
    if (is(tokens[at], '}') && --depth === 0) return at;
  }
  return undefined;
}

function isEnd(token: NftToken): boolean {
  return is(token, '\n') || is(token, ';');
}

function is(token: NftToken | undefined, text: string): boolean {
  return token !== undefined && !token.quoted && token.text === text;
}
