/** Where the characters of a decoded scalar stand in its source: runs that advance in step, and escapes that do not. */
export class ScalarPlaces {
  readonly #inner: number[] = [];
  readonly #outer: number[] = [];
  /** Length in the source of the characters that are written as an escape, by their offset in the value. */
  readonly #escapes = new Map<number, number>();

  /** Says that from `inner` of the value on the characters stand at `outer` of the source. Both ascend. */
  run(inner: number, outer: number): void {
    if (this.#inner.at(-1) === inner) {
      this.#outer[this.#outer.length - 1] = outer;
      return;
    }
    this.#inner.push(inner);
    this.#outer.push(outer);
  }

  /** Says that the character at `inner` is written with `length` characters from `outer` on. */
  escape(inner: number, outer: number, length: number): void {
    this.run(inner, outer);
    this.#escapes.set(inner, length);
  }

  /** Offset in the source of the character at `inner`. */
  start(inner: number): number {
    let low = 0;
    let high = this.#inner.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#inner[middle]! <= inner) low = middle;
      else high = middle - 1;
    }
    return (this.#outer[low] ?? 0) + (inner - (this.#inner[low] ?? 0));
  }

  /** Offset in the source behind the character before `inner`. */
  end(inner: number): number {
    if (inner === 0) return this.start(0);
    return this.start(inner - 1) + (this.#escapes.get(inner - 1) ?? 1);
  }
}

/**
 * The places of the characters of `value` in `source`, the text of a YAML or JSON scalar of any style (YAML 1.2 §7.3,
 * §8.1) without tag and anchor. Undefined when `source` does not read as `value`: an alias, or a tag that changed it.
 */
export function placesIn(source: string, value: string): ScalarPlaces | undefined {
  switch (source[0]) {
    case '|':
      return literalPlaces(source, value);
    case '>':
      return foldedPlaces(source, value);
    case '"':
      return flowPlaces(source, 1, source.length - 1, value, doubleQuoted);
    case "'":
      return flowPlaces(source, 1, source.length - 1, value, singleQuoted);
    default:
      return flowPlaces(source, 0, source.length, value, unquoted);
  }
}

interface SourceLine {
  readonly start: number;
  /** Before the line break. */
  readonly end: number;
}

/** The lines of a block scalar after its header. */
function* contentLines(source: string): Generator<SourceLine> {
  let start = source.indexOf('\n') + 1;
  while (start > 0 && start < source.length) {
    const feed = source.indexOf('\n', start);
    const stop = feed < 0 ? source.length : feed;
    yield { start, end: source[stop - 1] === '\r' && stop > start ? stop - 1 : stop };
    start = feed + 1;
  }
}

/** A line of the value is what its line of the source ends with, however that is indented. */
function literalPlaces(source: string, value: string): ScalarPlaces | undefined {
  const places = new ScalarPlaces();
  places.run(0, source.length);
  let inner = 0;
  for (const { start, end } of contentLines(source)) {
    if (inner >= value.length) return places;
    const feed = value.indexOf('\n', inner);
    const length = (feed < 0 ? value.length : feed) - inner;
    const outer = end - length;
    if (outer < start || !source.startsWith(value.slice(inner, inner + length), outer)) return undefined;
    places.run(inner, outer);
    inner += length + 1;
  }
  return inner >= value.length ? places : undefined;
}

/** Each line that is not blank stands in the value as it is, with a blank or line feeds before it. */
function foldedPlaces(source: string, value: string): ScalarPlaces | undefined {
  const places = new ScalarPlaces();
  places.run(0, source.length);
  const indent = indentOf(source, value);
  let inner = 0;
  let last: number | undefined;
  for (const { start, end } of contentLines(source)) {
    if (end - start <= indent) continue;
    if (last !== undefined) places.run(inner, last);
    if (value[inner] === '\n') while (value[inner] === '\n') inner++;
    else if (last !== undefined && value[inner] === ' ') inner++;
    if (inner >= value.length) break;
    const content = source.slice(start + indent, end);
    if (!value.startsWith(content, inner)) return undefined;
    places.run(inner, start + indent);
    inner += content.length;
    last = end;
  }
  if (last !== undefined && inner < value.length) places.run(inner, last);
  return /^\s*$/.test(value.slice(inner)) ? places : undefined;
}

/** How many characters of each line of a folded scalar are indentation. */
function indentOf(source: string, value: string): number {
  const first = value.search(/[^ \n]/);
  const kept = first < 0 ? 0 : first - (value.lastIndexOf('\n', first) + 1);
  for (const { start, end } of contentLines(source)) {
    let at = start;
    while (at < end && source[at] === ' ') at++;
    if (at < end) return at - start - kept;
  }
  return 0;
}

/** Reads what stands at `at` when that is more than itself: how long it is, and what it means. */
type Special = (source: string, at: number) => { readonly length: number; readonly text: string } | undefined;

/** Plain and quoted scalars: line breaks are folded (YAML 1.2 §6.5), the rest stands as it is or escaped. */
function flowPlaces(
  source: string,
  from: number,
  to: number,
  value: string,
  special: Special,
): ScalarPlaces | undefined {
  const places = new ScalarPlaces();
  let inner = 0;
  let at = from;
  let running = false;
  while (at < to) {
    if (isBlank(source[at]!)) {
      const { next, breaks } = blanksAt(source, at, to);
      const text = breaks === 0 ? source.slice(at, next) : breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
      if (!value.startsWith(text, inner)) return undefined;
      places.run(inner, at);
      inner += text.length;
      at = next;
      running = false;
      continue;
    }
    const found = special(source, at);
    if (found) {
      if (!value.startsWith(found.text, inner)) return undefined;
      for (let unit = 0; unit < found.text.length; unit++) places.escape(inner + unit, at, found.length);
      inner += found.text.length;
      at += found.length;
      running = false;
      continue;
    }
    if (source[at] !== value[inner]) return undefined;
    if (!running) places.run(inner, at);
    running = true;
    inner++;
    at++;
  }
  return inner === value.length ? places : undefined;
}

/** The run of blanks at `at`, and how many lines end in it. */
function blanksAt(source: string, at: number, to: number): { next: number; breaks: number } {
  let next = at;
  let breaks = 0;
  for (; next < to && isBlank(source[next]!); next++) if (source[next] === '\n') breaks++;
  return { next, breaks };
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

const unquoted: Special = () => undefined;

const singleQuoted: Special = (source, at) =>
  source.startsWith("''", at) ? { length: 2, text: "'" } : undefined;

const SIMPLE: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Escapes of YAML 1.2 §5.7; an escaped line break is nothing, and so are the blanks that begin the next line. */
const doubleQuoted: Special = (source, at) => {
  if (source[at] !== '\\') return undefined;
  const letter = source[at + 1] ?? '';
  const digits = Object.hasOwn(DIGITS, letter) ? DIGITS[letter]! : 0;
  if (digits > 0) {
    const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
    const text = code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
    return { length: 2 + digits, text };
  }
  if (letter === '\n' || letter === '\r') {
    let end = at + (letter === '\r' ? 3 : 2);
    while (source[end] === ' ' || source[end] === '\t') end++;
    return { length: end - at, text: '' };
  }
  return { length: 2, text: Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter]! : letter };
};
