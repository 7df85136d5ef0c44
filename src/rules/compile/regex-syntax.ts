/** Code points from `from` to `to`, both included. */
export interface CodeRange {
  readonly from: number;
  readonly to: number;
}

/** A regular expression, groups and flags undone. */
export type Regex =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: readonly CodeRange[] }
  | {
      readonly kind: 'assert';
      readonly what: 'start' | 'end' | 'line start' | 'line end' | 'word' | 'no word';
    }
  | { readonly kind: 'all'; readonly parts: readonly Regex[] }
  | { readonly kind: 'any'; readonly parts: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly part: Regex; readonly least: number; readonly most: number };

/** Highest count of a repetition, as in RE2. */
const maxCount = 1000;
/** How deep groups may be nested. */
const maxGroups = 200;
const maxPoint = 0x10ffff;

const digits: readonly CodeRange[] = [{ from: 0x30, to: 0x39 }];
const upper: CodeRange = { from: 0x41, to: 0x5a };
const lower: CodeRange = { from: 0x61, to: 0x7a };
const word: readonly CodeRange[] = [...digits, upper, { from: 0x5f, to: 0x5f }, lower];
const space: readonly CodeRange[] = [
  { from: 0x09, to: 0x0a },
  { from: 0x0c, to: 0x0d },
  { from: 0x20, to: 0x20 },
];
/** Classes with a name, ASCII only (RE2 syntax). */
const named: Readonly<Record<string, readonly CodeRange[]>> = {
  alnum: [...digits, upper, lower],
  alpha: [upper, lower],
  ascii: [{ from: 0, to: 0x7f }],
  blank: [
    { from: 0x09, to: 0x09 },
    { from: 0x20, to: 0x20 },
  ],
  cntrl: [
    { from: 0, to: 0x1f },
    { from: 0x7f, to: 0x7f },
  ],
  digit: digits,
  graph: [{ from: 0x21, to: 0x7e }],
  lower: [lower],
  print: [{ from: 0x20, to: 0x7e }],
  punct: [
    { from: 0x21, to: 0x2f },
    { from: 0x3a, to: 0x40 },
    { from: 0x5b, to: 0x60 },
    { from: 0x7b, to: 0x7e },
  ],
  space: [
    { from: 0x09, to: 0x0d },
    { from: 0x20, to: 0x20 },
  ],
  upper: [upper],
  word,
  xdigit: [...digits, { from: 0x41, to: 0x46 }, { from: 0x61, to: 0x66 }],
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b };

interface Count {
  readonly least: number;
  readonly most: number;
}

class RegexFault extends Error {}

/** Returns what is wrong with a regular expression of RE2's syntax (github.com/google/re2, Syntax), or undefined. */
export function regexProblem(text: string): string | undefined {
  const parsed = parseRegex(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

/**
 * Returns the parts of a regular expression, or what is wrong with it as a text. The language compiles them with RE2 in its POSIX mode:
 * `^` and `$` are those of lines, `.` is no line feed, repetitions may be repeated. What that mode refuses and RE2 otherwise knows is
 * taken too: `\d`, `\w`, `\s`, `\b`, `(?:…)`, `(?i)`. Backreferences and lookaround are not RE2.
 */
export function parseRegex(text: string): Regex | string {
  try {
    return new RegexParser(text).whole();
  } catch (error) {
    if (error instanceof RegexFault) return error.message;
    throw error;
  }
}

interface Flags {
  readonly fold: boolean;
  readonly dotAll: boolean;
}

class RegexParser {
  readonly #points: readonly number[];
  #at = 0;
  /** Between `\Q` and `\E`, where every sign means itself. */
  #isLiteral = false;
  #flags: Flags = { fold: false, dotAll: false };

  constructor(text: string) {
    this.#points = Array.from(text, (sign) => sign.codePointAt(0) as number);
  }

  whole(): Regex {
    const regex = this.#alternatives(0);
    if (this.#at < this.#points.length) this.#fail('a `)` without its `(`');
    return regex;
  }

  #fail(message: string): never {
    throw new RegexFault(`${message} (at ${this.#at + 1})`);
  }

  #peek(offset = 0): string {
    const point = this.#points[this.#at + offset];
    return point === undefined ? '' : String.fromCodePoint(point);
  }

  #take(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.#at++;
    return true;
  }

  #alternatives(depth: number): Regex {
    if (depth > maxGroups) this.#fail('groups are nested too deep');
    const outer = this.#flags;
    const parts = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    this.#flags = outer;
    return parts.length === 1 ? (parts[0] as Regex) : { kind: 'any', parts };
  }

  #sequence(depth: number): Regex {
    const parts: Regex[] = [];
    for (;;) {
      const sign = this.#peek();
      if (sign === '' || (!this.#isLiteral && (sign === '|' || sign === ')'))) break;
      const atom = this.#atom(depth);
      if (atom !== undefined) parts.push(this.#repeated(atom));
    }
    return parts.length === 1 ? (parts[0] as Regex) : { kind: 'all', parts };
  }

  /** Repetitions may follow one another, as in POSIX: `a+?` is `(a+)?`, not a lazy `a+`. */
  #repeated(atom: Regex): Regex {
    let part = atom;
    for (let product = 1; ; ) {
      const count = this.#count();
      if (count === undefined) return part;
      product *= Math.max(1, Number.isFinite(count.most) ? count.most : count.least);
      if (product > maxCount) this.#fail('a repetition that is too large');
      part = repeat(part, count);
    }
  }

  #count(): Count | undefined {
    if (this.#isLiteral) return undefined;
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { least: 0, most: 1 };
    if (this.#peek() !== '{') return undefined;
    const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 14));
    const found = /^\{(\d{1,5})(?:(,)(\d{1,5})?)?\}/.exec(rest);
    if (found === null) return undefined;
    const least = Number(found[1]);
    const most =
      found[2] === undefined ? least : found[3] === undefined ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (least > maxCount || (most > maxCount && most !== Number.POSITIVE_INFINITY) || most < least) {
      this.#fail('a repetition that is too large or ends before it begins');
    }
    this.#at += found[0].length;
    return { least, most };
  }

  /** Undefined for what only sets flags. */
  #atom(depth: number): Regex | undefined {
    const sign = this.#peek();
    if (sign === '\\' && (this.#peek(1) === 'E' || (this.#peek(1) === 'Q' && !this.#isLiteral))) {
      this.#isLiteral = this.#peek(1) === 'Q';
      this.#at += 2;
      return undefined;
    }
    if (this.#isLiteral) {
      this.#at++;
      return this.#set([pointRange(sign.codePointAt(0) as number)]);
    }
    if ('*+?'.includes(sign)) this.#fail(`nothing for \`${sign}\` to repeat`);
    this.#at++;
    switch (sign) {
      case '(':
        return this.#group(depth);
      case '[':
        return this.#class();
      case '.':
        return {
          kind: 'set',
          ranges: this.#flags.dotAll ? [{ from: 0, to: maxPoint }] : negate([{ from: 10, to: 10 }]),
        };
      case '^':
        return { kind: 'assert', what: 'line start' };
      case '$':
        return { kind: 'assert', what: 'line end' };
      case '\\':
        return this.#escape();
      default:
        return this.#set([pointRange(sign.codePointAt(0) as number)]);
    }
  }

  #group(depth: number): Regex | undefined {
    if (!this.#take('?')) return this.#closed(depth);
    if (this.#take(':')) return this.#closed(depth);
    if (this.#peek() === 'P' || (this.#peek() === '<' && /\w/.test(this.#peek(1)))) {
      this.#take('P');
      if (!this.#take('<')) this.#fail('a backreference is not RE2');
      while (/\w/.test(this.#peek())) this.#at++;
      if (!this.#take('>')) this.#fail('the name of a group does not end');
      return this.#closed(depth);
    }
    let isOn = true;
    let flags = this.#flags;
    for (;;) {
      const sign = this.#peek();
      this.#at++;
      if (sign === '-') isOn = false;
      else if (sign === 'i') flags = { ...flags, fold: isOn };
      else if (sign === 's') flags = { ...flags, dotAll: isOn };
      // Lines are always told apart; lazy or not makes no difference to whether a whole text matches.
      else if (sign === 'm' || sign === 'U') continue;
      else if (sign === ')') {
        this.#flags = flags;
        return undefined;
      } else if (sign === ':') {
        const outer = this.#flags;
        this.#flags = flags;
        const inner = this.#closed(depth);
        this.#flags = outer;
        return inner;
      } else this.#fail('lookaround and other groups of this kind are not RE2');
    }
  }

  #closed(depth: number): Regex {
    const inner = this.#alternatives(depth + 1);
    if (!this.#take(')')) this.#fail('a `(` without its `)`');
    return inner;
  }

  #escape(): Regex {
    const sign = this.#peek();
    const asserted = { A: 'start', z: 'end', b: 'word', B: 'no word' }[sign] as 'start' | undefined;
    if (asserted !== undefined) {
      this.#at++;
      return { kind: 'assert', what: asserted };
    }
    const ranges = this.#escapedClass() ?? [pointRange(this.#escapedPoint())];
    return this.#set(ranges);
  }

  /** `\d` and the like, behind the backslash; undefined for others. */
  #escapedClass(): readonly CodeRange[] | undefined {
    const sign = this.#peek();
    const ranges = { d: digits, w: word, s: space }[sign.toLowerCase()];
    if (ranges === undefined) return undefined;
    this.#at++;
    return sign === sign.toLowerCase() ? ranges : negate(ranges);
  }

  #escapedPoint(): number {
    const sign = this.#peek();
    this.#at++;
    const control = controls[sign];
    if (control !== undefined) return control;
    if (sign === 'x') return this.#hex();
    if (/^[0-7]$/.test(sign)) return this.#octal(sign);
    if (sign === '' || /^[A-Za-z]$/.test(sign)) this.#fail(`\`\\${sign}\` is no escape of RE2`);
    return sign.codePointAt(0) as number;
  }

  /** One to three digits; one alone, other than 0, would be a backreference. */
  #octal(first: string): number {
    let digits = first;
    while (digits.length < 3 && /^[0-7]$/.test(this.#peek())) {
      digits += this.#peek();
      this.#at++;
    }
    if (digits.length === 1 && first !== '0') this.#fail('a backreference is not RE2');
    return Number.parseInt(digits, 8);
  }

  #hex(): number {
    const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 10));
    const found = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    const point = Number.parseInt(found?.[1] ?? found?.[2] ?? '', 16);
    if (found === null || !(point <= maxPoint)) this.#fail('`\\x` wants two hexadecimal digits or `{…}`');
    this.#at += found[0].length;
    return point;
  }

  #class(): Regex {
    const isNegated = this.#take('^');
    const ranges: CodeRange[] = [];
    for (let isFirst = true; ; isFirst = false) {
      if (this.#at >= this.#points.length) this.#fail('a `[` without its `]`');
      if (!isFirst && this.#take(']')) break;
      const found = this.#namedClass() ?? this.#classEscape();
      if (found !== undefined) {
        ranges.push(...found);
        continue;
      }
      const from = this.#classPoint();
      if (this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '') {
        this.#at++;
        const to = this.#classPoint();
        if (to < from) this.#fail('a range that ends before it begins');
        ranges.push({ from, to });
      } else ranges.push(pointRange(from));
    }
    const folded = this.#flags.fold ? fold(ranges) : ranges;
    return { kind: 'set', ranges: isNegated ? negate(folded) : folded };
  }

  #namedClass(): readonly CodeRange[] | undefined {
    if (this.#peek() !== '[' || this.#peek(1) !== ':') return undefined;
    const rest = String.fromCodePoint(...this.#points.slice(this.#at, this.#at + 14));
    const [whole, not, name] = /^\[:(\^?)([a-z]+):\]/.exec(rest) ?? [];
    const ranges = name === undefined ? undefined : named[name];
    if (whole === undefined || ranges === undefined) this.#fail('there is no such class');
    this.#at += whole.length;
    return not === '^' ? negate(ranges) : ranges;
  }

  #classEscape(): readonly CodeRange[] | undefined {
    if (this.#peek() !== '\\' || !/^[dwsDWS]$/.test(this.#peek(1))) return undefined;
    this.#at++;
    return this.#escapedClass();
  }

  #classPoint(): number {
    if (this.#take('\\')) return this.#escapedPoint();
    const point = this.#points[this.#at];
    if (point === undefined) this.#fail('a `[` without its `]`');
    this.#at++;
    return point;
  }

  #set(ranges: readonly CodeRange[]): Regex {
    return { kind: 'set', ranges: this.#flags.fold ? fold(ranges) : ranges };
  }
}

/** Written without nesting where that says the same, so that a row of signs does not become a deep tree. */
function repeat(part: Regex, { least, most }: Count): Regex {
  if (least === 1 && most === 1) return part;
  const isSimple = (count: Count) => count.least <= 1 && (count.most === 1 || !Number.isFinite(count.most));
  if (part.kind === 'repeat' && isSimple(part) && isSimple({ least, most })) {
    return { ...part, least: part.least * least, most: Math.max(part.most, most) };
  }
  return { kind: 'repeat', part, least, most };
}

function pointRange(point: number): CodeRange {
  return { from: point, to: point };
}

/** All other code points. */
function negate(ranges: readonly CodeRange[]): CodeRange[] {
  const sorted = ranges.toSorted((a, b) => a.from - b.from);
  const result: CodeRange[] = [];
  let next = 0;
  for (const { from, to } of sorted) {
    if (from > next) result.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  if (next <= maxPoint) result.push({ from: next, to: maxPoint });
  return result;
}

/** Letters of ASCII in both cases. */
function fold(ranges: readonly CodeRange[]): CodeRange[] {
  const shifted = (of: CodeRange, by: number) =>
    ranges.flatMap(({ from, to }) => {
      const [start, end] = [Math.max(from, of.from), Math.min(to, of.to)];
      return start > end ? [] : [{ from: start + by, to: end + by }];
    });
  return [...ranges, ...shifted(upper, 32), ...shifted(lower, -32)];
}
