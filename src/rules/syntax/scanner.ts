import type { Literal } from '../ast.ts';

/** Thrown inside the parser and caught at its entrance: what is wrong at an offset. */
export class SyntaxFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const BLANK = /\s*/y;
const IDENTIFIER = /[A-Za-z]+[A-Za-z0-9_]*/y;
const FIELD = /[A-Za-z]+[A-Za-z0-9_]*(?:\.[A-Za-z]+[A-Za-z0-9_]*)+/y;
const BARE_ARGUMENT = /[^\s[\]"']+/y;
const BARE_VALUE = /[^()"'\s=,]+/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y;

const escaped: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  '/': '/',
  // Kept, since older rules have it before a blank.
  ' ': '\\ ',
};

/** The words of a condition, one after another. */
export class Scanner {
  readonly text: string;
  offset = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  fail(message: string, offset = this.offset): never {
    throw new SyntaxFault(message, offset);
  }

  blanks(): void {
    this.#match(BLANK);
  }

  /** Takes the sign if it is next. */
  sign(sign: string): boolean {
    if (!this.text.startsWith(sign, this.offset)) return false;
    this.offset += sign.length;
    return true;
  }

  /** Takes the word if it is next, and a blank, a parenthesis or the end follows. */
  word(word: string): boolean {
    const end = this.offset + word.length;
    if (!this.text.startsWith(word, this.offset) || !/^[\s()]?$/.test(this.text.charAt(end))) return false;
    this.offset = end;
    return true;
  }

  identifier(): string | undefined {
    return this.#match(IDENTIFIER);
  }

  field(): string | undefined {
    return this.#match(FIELD);
  }

  /** The argument of a field, behind its opening bracket, and the closing one. */
  argument(): string {
    const start = this.offset;
    const argument = this.#quoted()?.text ?? this.#match(BARE_ARGUMENT);
    if (argument === undefined) this.fail('expected an argument in the brackets', start);
    if (!this.sign(']')) this.fail('expected `]` behind the argument');
    return argument;
  }

  /** A number as it is written, for the operators that compare numbers. */
  number(): Literal | undefined {
    const start = this.offset;
    const text = this.#match(NUMBER);
    return text === undefined ? undefined : this.#literal(text, false, start);
  }

  /** A quoted or bare value. */
  value(): Literal | undefined {
    const start = this.offset;
    const quoted = this.#quoted();
    if (quoted !== undefined) return quoted;
    const text = this.#match(BARE_VALUE);
    return text === undefined ? undefined : this.#literal(text, false, start);
  }

  #literal(text: string, quoted: boolean, start: number): Literal {
    return { kind: 'literal', text, quoted, at: { start, end: this.offset } };
  }

  #quoted(): Literal | undefined {
    const start = this.offset;
    const quote = this.text.charAt(start);
    if (quote !== '"' && quote !== "'") return undefined;
    let text = '';
    for (let at = start + 1; at < this.text.length; at++) {
      const sign = this.text.charAt(at);
      if (sign === quote) {
        this.offset = at + 1;
        return this.#literal(text, true, start);
      }
      if (sign !== '\\') {
        text += sign;
        continue;
      }
      at++;
      const letter = this.text.charAt(at);
      const hex = /^x[0-9a-fA-F]{2}$/.test(this.text.slice(at, at + 3));
      const meant = hex
        ? String.fromCharCode(Number.parseInt(this.text.slice(at + 1, at + 3), 16))
        : letter === quote
          ? quote
          : escaped[letter];
      if (meant === undefined)
        this.fail(`\`\\${letter}\` is no escape; a backslash is written \`\\\\\``, at - 1);
      if (hex) at += 2;
      text += meant;
    }
    return this.fail('the quoted value does not end', start);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.offset = pattern.lastIndex;
    return found;
  }
}
