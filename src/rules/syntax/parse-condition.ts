import { nearest } from '../../diagnostic/suggest.ts';
import {
  type ComparisonOperator,
  type Condition,
  comparisonOperators,
  type Literal,
  type LiteralList,
  type Modifier,
  type Operand,
  type TextRange,
} from '../ast.ts';
import { Scanner, SyntaxFault } from './scanner.ts';

/** What parsing came to. Offsets are into the text that was given. */
export type ParsedCondition =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly message: string; readonly at: TextRange };

/** How deep conditions may be nested. */
export const maxDepth = 1000;

const transformers: ReadonlySet<string> = new Set([
  'tolower',
  'toupper',
  'b64',
  'basename',
  'len',
  'join',
  'concat',
  'getopt',
]);
const numeric: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const listOperators: ReadonlySet<string> = new Set(['in', 'intersects', 'pmatch']);
const modifiers: readonly Modifier[] = ['oneof', 'anyof', 'allof'];
const keywords: ReadonlySet<string> = new Set(['and', 'or', 'not']);
/** Longer ones first, so that `<=` is not taken for `<`. */
const signs = comparisonOperators.filter((one) => !/^[a-z]/.test(one)).sort((a, b) => b.length - a.length);
const words = comparisonOperators.filter((one) => /^[a-z]/.test(one));

/**
 * Returns the condition that a text of the rules language is, or what is wrong with it. The grammar is that of Falco's
 * engine 0.63 (falcosecurity/libs, filter parser): `or` binds weakest, then `and`, then `not`.
 */
export function parseCondition(text: string): ParsedCondition {
  const scanner = new Scanner(text);
  try {
    scanner.blanks();
    if (scanner.atEnd) scanner.fail('the condition is empty', 0);
    const condition = new Parser(scanner).or(0);
    scanner.blanks();
    if (!scanner.atEnd)
      scanner.fail(`expected \`and\`, \`or\` or the end, not ${shown(text, scanner.offset)}`);
    return { ok: true, condition };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const end = Math.min(error.offset + 1, text.length);
    return { ok: false, message: error.message, at: { start: Math.min(error.offset, text.length), end } };
  }
}

/** The next word, as a message quotes it. */
function shown(text: string, offset: number): string {
  const word = /^\s*(\S[^\s()]{0,29})/.exec(text.slice(offset, offset + 40))?.[1];
  return word === undefined ? 'the end' : `\`${word}\``;
}

class Parser {
  readonly #scanner: Scanner;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  or(depth: number): Condition {
    return this.#joined('or', () => this.#and(depth + 1), depth);
  }

  #and(depth: number): Condition {
    return this.#joined('and', () => this.#not(depth + 1), depth);
  }

  #joined(kind: 'and' | 'or', term: () => Condition, depth: number): Condition {
    if (depth > maxDepth) this.#scanner.fail(`the condition is nested deeper than ${maxDepth}`);
    const { offset: start } = this.#scanner;
    const first = term();
    const terms = [first];
    for (;;) {
      const { offset: before } = this.#scanner;
      this.#scanner.blanks();
      if (!this.#scanner.word(kind)) {
        this.#scanner.offset = before;
        break;
      }
      this.#scanner.blanks();
      terms.push(term());
    }
    return terms.length === 1 ? first : { kind, terms, at: { start, end: this.#scanner.offset } };
  }

  #not(depth: number): Condition {
    const { offset: start } = this.#scanner;
    let negations = 0;
    while (this.#scanner.word('not')) {
      negations++;
      this.#scanner.blanks();
    }
    const term = this.#term(depth);
    return negations % 2 === 0 ? term : { kind: 'not', term, at: { start, end: this.#scanner.offset } };
  }

  #term(depth: number): Condition {
    const scanner: Scanner = this.#scanner;
    const { offset: start } = scanner;
    if (scanner.sign('(')) {
      scanner.blanks();
      const inner = this.or(depth + 1);
      scanner.blanks();
      if (!scanner.sign(')'))
        scanner.fail(`expected \`)\`, \`and\` or \`or\`, not ${shown(scanner.text, scanner.offset)}`);
      return inner;
    }
    const operand = this.#operand(depth);
    if (operand !== undefined) return this.#check(operand, start, depth);
    const name = scanner.identifier();
    if (name === undefined || keywords.has(name)) {
      scanner.offset = start;
      scanner.fail(`expected a field, a macro, \`not\` or \`(\`, not ${shown(scanner.text, start)}`);
    }
    return { kind: 'macro', name, at: { start, end: scanner.offset } };
  }

  /** A field or a transformer over one; undefined, with nothing taken, for anything else. */
  #operand(depth: number): Operand | undefined {
    const scanner: Scanner = this.#scanner;
    const { offset: start } = scanner;
    const name = scanner.field();
    if (name !== undefined) {
      const argument = scanner.sign('[') ? scanner.argument() : undefined;
      const at = { start, end: scanner.offset };
      return { kind: 'field', name, ...(argument !== undefined && { argument }), at };
    }
    const word = scanner.identifier();
    if (word !== undefined && transformers.has(word) && scanner.sign('('))
      return this.#transformed(word, start, depth);
    scanner.offset = start;
    return undefined;
  }

  #transformed(name: string, start: number, depth: number): Operand {
    const scanner: Scanner = this.#scanner;
    if (depth > maxDepth) scanner.fail(`the condition is nested deeper than ${maxDepth}`);
    const parts: (Operand | Literal | LiteralList)[] = [];
    do {
      scanner.blanks();
      parts.push(this.#argument(depth));
      scanner.blanks();
    } while (scanner.sign(','));
    if (!scanner.sign(')')) scanner.fail(`expected \`)\` behind the arguments of \`${name}\``);
    const argument = name === 'getopt' && scanner.sign('[') ? scanner.argument() : undefined;
    return {
      kind: 'transformer',
      name,
      arguments: parts,
      ...(argument !== undefined && { argument }),
      at: { start, end: scanner.offset },
    };
  }

  #argument(depth: number): Operand | Literal | LiteralList {
    const { offset } = this.#scanner;
    if (this.#scanner.sign('(')) return this.#list(offset, depth);
    const found = this.#operand(depth + 1) ?? this.#scanner.value();
    return found ?? this.#scanner.fail('expected a field, a value or a list');
  }

  #check(left: Operand, start: number, depth: number): Condition {
    const scanner: Scanner = this.#scanner;
    scanner.blanks();
    if (scanner.word('exists')) return { kind: 'exists', left, at: { start, end: scanner.offset } };
    const operator = this.#operator();
    if (operator === undefined) {
      const found = shown(scanner.text, scanner.offset);
      const [, word] = /^`([a-z]+)`$/i.exec(found) ?? [];
      const meant = word === undefined ? undefined : nearest(word, words);
      const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
      scanner.fail(`expected an operator behind \`${left.name}\`, not ${found}${hint}`);
    }
    scanner.blanks();
    const modifier = this.#modifier(operator);
    const right = this.#right(operator, modifier !== undefined, depth);
    return {
      kind: 'comparison',
      left,
      operator,
      ...(modifier && { modifier }),
      right,
      at: { start, end: scanner.offset },
    };
  }

  #operator(): ComparisonOperator | undefined {
    const sign = signs.find((one) => this.#scanner.sign(one));
    return sign ?? words.find((one) => this.#scanner.word(one));
  }

  /** The word is a modifier only where a list or the name of one follows; else it is a value. */
  #modifier(operator: ComparisonOperator): Modifier | undefined {
    if (numeric.has(operator) || listOperators.has(operator)) return undefined;
    const scanner: Scanner = this.#scanner;
    const { offset: start } = scanner;
    const found = modifiers.find((one) => scanner.word(one));
    if (found === undefined) return undefined;
    scanner.blanks();
    const { offset: behind } = scanner;
    if (scanner.sign('(')) {
      scanner.offset = behind;
      return found;
    }
    const name = scanner.identifier();
    scanner.offset = behind;
    if (name !== undefined && !keywords.has(name)) return found;
    scanner.offset = start;
    return undefined;
  }

  #right(operator: ComparisonOperator, isModified: boolean, depth: number): Literal | LiteralList | Operand {
    const scanner: Scanner = this.#scanner;
    const { offset: start } = scanner;
    const other = this.#onRight(depth);
    if (other !== undefined) return other;
    if (isModified || listOperators.has(operator)) {
      if (scanner.sign('(')) return this.#list(start, depth);
      const value = scanner.value();
      if (value === undefined) scanner.fail(`expected a list in parentheses behind \`${operator}\``);
      return { kind: 'list', items: [value], at: value.at };
    }
    if (numeric.has(operator)) {
      return scanner.number() ?? scanner.fail(`expected a number behind \`${operator}\``);
    }
    return scanner.value() ?? scanner.fail(`expected a value behind \`${operator}\``);
  }

  /** `val(field)`, or a transformer. */
  #onRight(depth: number): Operand | undefined {
    const scanner: Scanner = this.#scanner;
    const { offset: start } = scanner;
    const name = scanner.identifier();
    if (name !== undefined && (name === 'val' || transformers.has(name)) && scanner.sign('(')) {
      return this.#transformed(name, start, depth);
    }
    scanner.offset = start;
    return undefined;
  }

  #list(start: number, depth: number): LiteralList {
    const scanner: Scanner = this.#scanner;
    const items: (Literal | Operand)[] = [];
    scanner.blanks();
    if (scanner.sign(')')) return { kind: 'list', items, at: { start, end: scanner.offset } };
    do {
      scanner.blanks();
      const item = this.#onRight(depth) ?? scanner.value();
      if (item === undefined) scanner.fail(`expected a value, not ${shown(scanner.text, scanner.offset)}`);
      items.push(item);
      scanner.blanks();
    } while (scanner.sign(','));
    if (!scanner.sign(')'))
      scanner.fail(`expected \`,\` or \`)\`, not ${shown(scanner.text, scanner.offset)}`);
    return { kind: 'list', items, at: { start, end: scanner.offset } };
  }
}
