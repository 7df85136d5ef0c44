import type { CodeDefinition, Diagnostic } from '../diagnostic/diagnostic.ts';
import { diagnose } from '../diagnostic/diagnostic.ts';
import { LineIndex } from '../diagnostic/position.ts';
import { nearest } from '../diagnostic/suggest.ts';
import { filterKey, filterOperator, filterSize, filterSyntax, filterValue } from './codes.ts';

/** Tells whether a record passes. */
export type Predicate<T> = (record: T) => boolean;

export type Comparison = '=' | '>' | '>=' | '<' | '<=';

/** A value that a key cannot have: why, and what was likely meant. */
export interface ValueProblem {
  readonly problem: string;
  readonly help?: string;
}

/** One key of a filter. `!=` is the negation of `=`. */
export interface FilterKey<T> {
  /** One line for people: what it compares. */
  readonly doc: string;
  readonly example: string;
  /** Whether `<`, `<=`, `>` and `>=` are allowed. */
  readonly ordered?: boolean;
  compile(value: string, comparison: Comparison): Predicate<T> | ValueProblem;
}

/** What a filter over one kind of record can say. */
export interface Vocabulary<T> {
  readonly keys: ReadonlyMap<string, FilterKey<T>>;
  /** A single word: where it is looked for. */
  word(text: string): Predicate<T>;
}

/** A filter as it was understood: for those who can answer parts of it without the whole record. */
export type FilterTree<T> =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly FilterTree<T>[] }
  | { readonly kind: 'not'; readonly part: FilterTree<T> }
  | { readonly kind: 'term'; readonly matches: Predicate<T> };

/** A filter that was understood, or all that is wrong with it. */
export type FilterResult<T> =
  | { readonly ok: true; readonly matches: Predicate<T>; readonly tree: FilterTree<T> }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const maxLength = 4096;
const maxDepth = 64;
/** The file name that filter diagnostics carry. */
export const filterFile = '<filter>';

/**
 * Reads a filter. Grammar, loosest first: `a or b`, `a and b` or `a b`, `not a`, then `( … )`, `key=value`, a word or a
 * "quoted text". Words are not case-sensitive. An empty filter passes everything.
 */
export function parseFilter<T>(text: string, vocabulary: Vocabulary<T>): FilterResult<T> {
  const parser = new FilterParser(text, vocabulary);
  const tree = parser.parse();
  return parser.diagnostics.length > 0
    ? { ok: false, diagnostics: parser.diagnostics }
    : { ok: true, matches: predicateOf(tree), tree };
}

/** Returns the predicate that the tree stands for. */
export function predicateOf<T>(tree: FilterTree<T>): Predicate<T> {
  if (tree.kind === 'all') return () => true;
  if (tree.kind === 'term') return tree.matches;
  if (tree.kind === 'not') {
    const matches = predicateOf(tree.part);
    return (record) => !matches(record);
  }
  const parts = tree.parts.map(predicateOf);
  return tree.kind === 'and'
    ? (record) => parts.every((part) => part(record))
    : (record) => parts.some((part) => part(record));
}

/** Ends the parsing at the first place that cannot be understood; its diagnostic has been written. */
class SyntaxStop extends Error {}

class FilterParser<T> {
  readonly diagnostics: Diagnostic[] = [];
  readonly #text: string;
  readonly #lines: LineIndex;
  readonly #vocabulary: Vocabulary<T>;
  #at = 0;
  #depth = 0;

  constructor(text: string, vocabulary: Vocabulary<T>) {
    this.#text = text;
    this.#lines = new LineIndex(text.slice(0, maxLength + 1));
    this.#vocabulary = vocabulary;
  }

  parse(): FilterTree<T> {
    const everything: FilterTree<T> = { kind: 'all' };
    try {
      if (this.#text.length > maxLength) {
        this.#stop(filterSize, maxLength, maxLength + 1, `the filter has more than ${maxLength} characters`);
      }
      this.#skipBlanks();
      if (this.#at === this.#text.length) return everything;
      const tree = this.#or();
      if (this.#at < this.#text.length)
        this.#stop(filterSyntax, this.#at, this.#at + 1, 'no parenthesis is open here');
      return tree;
    } catch (error) {
      if (!(error instanceof SyntaxStop)) throw error;
      return everything;
    }
  }

  #or(): FilterTree<T> {
    const parts = [this.#and()];
    while (this.#keyword('or')) parts.push(this.#and());
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
  }

  #and(): FilterTree<T> {
    const parts = [this.#unary()];
    for (;;) {
      const joined = this.#keyword('and');
      const over =
        this.#at === this.#text.length || this.#text[this.#at] === ')' || this.#peekWord() === 'or';
      if (over && !joined) break;
      parts.push(this.#unary());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
  }

  #unary(): FilterTree<T> {
    const start = this.#at;
    if (++this.#depth > maxDepth) {
      this.#stop(filterSize, start, start + 1, `the filter is nested deeper than ${maxDepth} levels`);
    }
    const tree: FilterTree<T> = this.#keyword('not') ? { kind: 'not', part: this.#unary() } : this.#primary();
    this.#depth--;
    return tree;
  }

  #primary(): FilterTree<T> {
    const start = this.#at;
    const character = this.#text[start];
    if (character === undefined) this.#stop(filterSyntax, start, start, 'a term is missing at the end');
    if (character === ')')
      this.#stop(filterSyntax, start, start + 1, 'a term is missing before the parenthesis');
    if (character === '(') {
      this.#at++;
      this.#skipBlanks();
      const tree = this.#or();
      if (this.#text[this.#at] !== ')')
        this.#stop(filterSyntax, start, start + 1, 'this parenthesis is never closed');
      this.#at++;
      this.#skipBlanks();
      return tree;
    }
    if (character === '"') return this.#word(this.#quoted());
    if (this.#operatorHere() !== undefined) {
      this.#stop(filterSyntax, start, start + 1, 'a key is missing before the operator');
    }
    const word = this.#bare(true);
    const keyword = word.toLowerCase();
    const end = this.#at;
    this.#skipBlanks();
    const operator = this.#operatorHere();
    if (operator === undefined) {
      if (keyword === 'and' || keyword === 'or') {
        this.#stop(filterSyntax, start, end, `a term is missing before "${word}"`);
      }
      return this.#word(word);
    }
    return this.#term(word, operator, start, end);
  }

  #word(text: string): FilterTree<T> {
    return { kind: 'term', matches: this.#vocabulary.word(text) };
  }

  #term(key: string, operator: Comparison | '!=', start: number, end: number): FilterTree<T> {
    const operatorStart = this.#at;
    this.#at += operator.length;
    const operatorEnd = this.#at;
    this.#skipBlanks();
    const valueStart = this.#at;
    const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#bare(false);
    const valueEnd = this.#text.slice(valueStart, this.#at).trimEnd().length + valueStart;
    if (value === '') this.#stop(filterSyntax, start, operatorEnd, `"${key}${operator}" has no value`);
    this.#skipBlanks();
    const { keys } = this.#vocabulary;
    const definition = keys.get(key.toLowerCase());
    if (definition === undefined) {
      const meant = nearest(key, keys.keys());
      const help = meant === undefined ? `keys are ${[...keys.keys()].join(', ')}` : `did you mean ${meant}?`;
      this.#report(filterKey, start, end, `there is no key "${key}"`, help);
      return { kind: 'all' };
    }
    const comparison = operator === '!=' ? '=' : operator;
    if (comparison !== '=' && !definition.ordered) {
      const message = `"${key}" has no order, so "${operator}" says nothing`;
      this.#report(
        filterOperator,
        operatorStart,
        operatorEnd,
        message,
        `write ${key}=${value} or ${key}!=${value}`,
      );
      return { kind: 'all' };
    }
    const compiled = definition.compile(value, comparison);
    if (typeof compiled !== 'function') {
      this.#report(filterValue, valueStart, valueEnd, compiled.problem, compiled.help);
      return { kind: 'all' };
    }
    const term: FilterTree<T> = { kind: 'term', matches: compiled };
    return operator === '!=' ? { kind: 'not', part: term } : term;
  }

  /** Takes the keyword when it is next, as a word of its own. */
  #keyword(word: 'and' | 'or' | 'not'): boolean {
    if (this.#peekWord() !== word) return false;
    this.#at += word.length;
    this.#skipBlanks();
    return true;
  }

  /** The next bare word in lower case, unless an operator makes it a key. */
  #peekWord(): string | undefined {
    const start = this.#at;
    const word = this.#bare(true);
    this.#skipBlanks();
    const isKey = this.#operatorHere() !== undefined;
    this.#at = start;
    return isKey ? undefined : word.toLowerCase();
  }

  #operatorHere(): Comparison | '!=' | undefined {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two === '!=' || two === '>=' || two === '<=') return two;
    const one = two[0];
    return one === '=' || one === '>' || one === '<' ? one : undefined;
  }

  /** Reads up to a blank, a parenthesis or a quote; a key ends at an operator too. */
  #bare(isKey: boolean): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !isDelimiter(this.#text[this.#at]!)) {
      if (isKey && this.#operatorHere() !== undefined) break;
      this.#at++;
    }
    return this.#text.slice(start, this.#at);
  }

  #quoted(): string {
    const start = this.#at;
    const end = this.#text.indexOf('"', start + 1);
    if (end < 0) this.#stop(filterSyntax, start, start + 1, 'this quote is never closed');
    this.#at = end + 1;
    this.#skipBlanks();
    return this.#text.slice(start + 1, end);
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length && isBlank(this.#text[this.#at]!)) this.#at++;
  }

  #report(definition: CodeDefinition, start: number, end: number, message: string, help?: string): void {
    const span = this.#lines.span(filterFile, start, end);
    this.diagnostics.push(diagnose(definition, { message, span, ...(help === undefined ? {} : { help }) }));
  }

  #stop(definition: CodeDefinition, start: number, end: number, message: string): never {
    this.#report(definition, start, end, message);
    throw new SyntaxStop();
  }
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function isDelimiter(character: string): boolean {
  return isBlank(character) || character === '(' || character === ')' || character === '"';
}
