import type { ShellOperator, ShellToken, ShellWord, WordPart } from './shell-token.ts';

/** Longest first. */
const operators = [
  '<<<',
  '<<-',
  '&>>',
  '&&',
  '||',
  ';;',
  '<<',
  '>>',
  '<&',
  '>&',
  '<>',
  '>|',
  '&>',
  '|&',
  ...'\n;&|()<>',
];
const wordEnds = new Set(' \t\r\n;&|()<>');

interface PendingDocument {
  readonly operator: ShellOperator;
  readonly delimiter: ShellWord;
}

/** Splits shell text into words and operators (POSIX.1-2024, Shell Command Language, 2.3). Never throws; linear. */
export function lexShell(text: string): ShellToken[] {
  return new ShellLexer(text).run();
}

class ShellLexer {
  readonly #text: string;
  readonly #tokens: ShellToken[] = [];
  #at = 0;
  #pending: PendingDocument[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  run(): ShellToken[] {
    for (;;) {
      this.#skipBlanks();
      if (this.#at >= this.#text.length) return this.#tokens;
      const operator = operators.find((sign) => this.#text.startsWith(sign, this.#at));
      if (operator === undefined) this.#word();
      else this.#operator(operator);
    }
  }

  #skipBlanks(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === '\\' && this.#text[this.#at + 1] === '\n') this.#at++;
      else if (sign === '#') this.#at = this.#find('\n') - 1;
      else if (sign !== ' ' && sign !== '\t' && sign !== '\r') return;
    }
  }

  #operator(text: string): void {
    const start = this.#at;
    this.#at += text.length;
    const token: ShellOperator = { kind: 'operator', text, at: { start, end: this.#at } };
    this.#tokens.push(token);
    if (text === '\n') this.#documents();
    if (text !== '<<' && text !== '<<-') return;
    this.#skipBlanks();
    const word = this.#at < this.#text.length && !wordEnds.has(this.#text[this.#at]!) && this.#word();
    if (word) this.#pending.push({ operator: token, delimiter: word });
  }

  /** Reads the bodies of the here-documents that began on the line before. */
  #documents(): void {
    for (const { operator, delimiter } of this.#pending) {
      const start = this.#at;
      let end = this.#text.length;
      while (this.#at < this.#text.length) {
        const lineStart = this.#at;
        const lineEnd = this.#find('\n');
        this.#at = Math.min(lineEnd + 1, this.#text.length);
        const line = this.#text.slice(lineStart, lineEnd);
        if ((operator.text === '<<-' ? line.replace(/^\t+/, '') : line) !== delimiter.text) continue;
        end = lineStart;
        break;
      }
      const body = this.#text.slice(start, end);
      const literal = delimiter.quoted || !/[$`\\]/.test(body);
      operator.document = { text: body, at: { start, end }, literal };
    }
    this.#pending = [];
  }

  #word(): ShellWord | undefined {
    const start = this.#at;
    const parts: WordPart[] = [];
    let value = '';
    let run = '';
    let quoted = false;
    let textAt = -1;
    const add = (text: string) => {
      run += text;
      value += text;
    };
    const expand = (part: WordPart, from: number) => {
      if (run !== '') parts.push({ kind: 'text', text: run });
      run = '';
      parts.push(part);
      value += this.#text.slice(from, this.#at);
    };
    const dollar = (isQuoted: boolean) => {
      const from = this.#at;
      const part = this.#expansion(isQuoted);
      if (part === undefined) add('$');
      else expand(part, from);
    };
    while (this.#at < this.#text.length) {
      const sign = this.#text[this.#at]!;
      if (wordEnds.has(sign)) break;
      if (textAt < 0) textAt = sign === "'" || sign === '"' ? this.#at + 1 : this.#at;
      if (sign === '\\') {
        if (this.#text[this.#at + 1] !== '\n') add(this.#text[this.#at + 1] ?? '');
        this.#at += 2;
      } else if (sign === "'") {
        quoted = true;
        const end = this.#find("'", this.#at + 1);
        add(this.#text.slice(this.#at + 1, end));
        this.#at = end + 1;
      } else if (sign === '"') {
        quoted = true;
        this.#at++;
        while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
          const inner = this.#text[this.#at]!;
          const after = this.#text[this.#at + 1] ?? '';
          if (inner === '\\' && '$`"\\\n'.includes(after)) {
            if (after !== '\n') add(after);
            this.#at += 2;
          } else if (inner === '$' || inner === '`') dollar(true);
          else {
            add(inner);
            this.#at++;
          }
        }
        this.#at++;
      } else if (sign === '$' || sign === '`') dollar(false);
      else {
        add(sign);
        this.#at++;
      }
    }
    this.#at = Math.min(this.#at, this.#text.length);
    const isDescriptor = !quoted && /^\d+$/.test(value) && /[<>]/.test(this.#text[this.#at] ?? '');
    if (isDescriptor) return undefined;
    if (run !== '' || parts.length === 0) parts.push({ kind: 'text', text: run });
    const word: ShellWord = {
      kind: 'word',
      text: value,
      parts,
      quoted,
      at: { start, end: this.#at },
      textAt: Math.max(textAt, start),
    };
    this.#tokens.push(word);
    return word;
  }

  /** Reads what begins with `$` or a backtick; undefined for a dollar sign that stands for itself. */
  #expansion(quoted: boolean): WordPart | undefined {
    if (this.#text[this.#at] === '`') {
      this.#at = Math.min(this.#find('`', this.#at + 1) + 1, this.#text.length);
      return { kind: 'other' };
    }
    const after = this.#text[this.#at + 1] ?? '';
    if (after === '(' || after === '{') return this.#enclosed(after === '(' ? ')' : '}', quoted);
    const name = nameAt(this.#text, this.#at + 1);
    if (name !== '') {
      this.#at += 1 + name.length;
      return { kind: 'variable', name, quoted };
    }
    this.#at++;
    if (!/[\d@*#?$!'"-]/.test(after) || after === '"') return undefined;
    if (after !== "'") this.#at++;
    return /[\d@*#]/.test(after) ? { kind: 'variable', name: after, quoted } : { kind: 'other' };
  }

  /** `$(…)` and `${…}`, to the sign that closes it; quotes and nesting inside are minded. */
  #enclosed(close: string, quoted: boolean): WordPart {
    const open = close === ')' ? '(' : '{';
    const start = this.#at + 2;
    let depth = 1;
    for (this.#at = start; this.#at < this.#text.length; this.#at++) {
      const sign = this.#text[this.#at]!;
      if (sign === '\\') this.#at++;
      else if (sign === "'" || sign === '"') this.#at = this.#closing(sign);
      else if (sign === open) depth++;
      else if (sign === close && --depth === 0) break;
    }
    const name = this.#text.slice(start, this.#at);
    this.#at = Math.min(this.#at + 1, this.#text.length);
    return (close === '}' && variableOf(name, quoted)) || { kind: 'other' };
  }

  /** Returns the offset of the quote that closes the one here. */
  #closing(quote: string): number {
    let at = this.#at + 1;
    while (at < this.#text.length && this.#text[at] !== quote)
      at += this.#text[at] === '\\' && quote === '"' ? 2 : 1;
    return at;
  }

  /** Returns the offset of `sign` from here on, or the end of the text. */
  #find(sign: string, from = this.#at): number {
    const found = this.#text.indexOf(sign, from);
    return found < 0 ? this.#text.length : found;
  }
}

/** Returns what stands between the braces of `${…}`, when it is a name alone or with a plain text. */
function variableOf(text: string, quoted: boolean): WordPart | undefined {
  const [, name, sign, rest = ''] =
    /^([A-Za-z_]\w*|\d+|[@*#])(?:(:?[-=+?])([^$`"'\\\s]*))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { kind: 'variable', name, quoted, ...(sign !== undefined && { otherwise: { sign, text: rest } }) };
}

/** Returns the name of a variable that begins at `at`, or an empty text. */
function nameAt(text: string, at: number): string {
  if (!/[A-Za-z_]/.test(text[at] ?? '')) return '';
  let end = at + 1;
  while (/\w/.test(text[end] ?? '')) end++;
  return text.slice(at, end);
}
