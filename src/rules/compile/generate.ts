import type { InlineTest } from './leaf.ts';
import type { Term } from './plan.ts';

/** A JavaScript function in the making: text, and what its names `c0`, `c1`, … stand for. */
export class FunctionText<E> {
  readonly #constants: unknown[] = [];
  readonly #numbers = new Map<unknown, number>();
  readonly #declarations: string[] = [];
  readonly #fields = new Map<string, string>();
  readonly #shared = new Map<number, string>();
  /** How often each term is referred to. */
  readonly #uses = new Map<number, number>();

  /** Counts the terms of all conditions, so that what occurs twice is evaluated once. */
  count(term: Term<E>): void {
    const uses = (this.#uses.get(term.id) ?? 0) + 1;
    this.#uses.set(term.id, uses);
    if (uses > 1) return;
    if (term.kind === 'and' || term.kind === 'or') for (const one of term.terms) this.count(one);
    if (term.kind === 'not') this.count(term.term);
  }

  /** Returns an expression that is true where the term holds for event `e`. */
  expression(term: Term<E>): string {
    if (term.kind === 'constant') return String(term.value);
    if ((this.#uses.get(term.id) ?? 0) < 2 || (term.kind === 'not' && term.term.kind === 'leaf'))
      return this.#plain(term);
    let name = this.#shared.get(term.id);
    if (name === undefined) {
      name = `t${term.id}`;
      this.#shared.set(term.id, name);
      this.#declarations.push(`let ${name} = 2;`);
    }
    return `((${name} === 2 ? (${name} = ${this.#plain(term)} ? 1 : 0) : ${name}) === 1)`;
  }

  /** Returns a function of an event; `body` may use what {@link expression} gave, and constants by {@link constant}. */
  build<R>(body: string): (event: E) => R {
    const names = this.#constants.map((_, index) => `const c${index} = constants[${index}];`);
    const text = `'use strict';\n${names.join('\n')}\nconst missing = constants.missing;\nreturn function match(e) {\n${this.#declarations.join('\n')}\n${body}\n};`;
    const constants = Object.assign([...this.#constants], { missing: MISSING });
    return new Function('constants', text)(constants) as (event: E) => R;
  }

  constant(value: unknown): string {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#constants.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return `c${number}`;
  }

  #plain(term: Term<E>): string {
    switch (term.kind) {
      case 'constant':
        return String(term.value);
      case 'and':
      case 'or':
        return `(${term.terms.map((one) => this.expression(one)).join(term.kind === 'and' ? ' && ' : ' || ')})`;
      case 'not':
        return `!${this.expression(term.term)}`;
      case 'leaf': {
        const { leaf, field } = term;
        const value = this.#field(field, leaf.extract);
        return leaf.inline ? this.#inline(value, leaf.inline) : `${this.constant(leaf.test)}(${value}, e)`;
      }
    }
  }

  /** A field is asked of the event once, when it is first needed. */
  #field(name: string, extract: unknown): string {
    let variable = this.#fields.get(name);
    if (variable === undefined) {
      variable = `f${this.#fields.size}`;
      this.#fields.set(name, variable);
      this.#declarations.push(`let ${variable} = missing;`);
    }
    return `(${variable} === missing ? (${variable} = ${this.constant(extract)}(e)) : ${variable})`;
  }

  /** Texts of rules never become code: they go through JSON or among the constants. */
  #inline(value: string, test: InlineTest): string {
    switch (test.kind) {
      case 'exists':
        return `(${value} !== undefined)`;
      case 'equal':
        return `(${value} === ${JSON.stringify(test.constant)})`;
      case 'unequal':
        return `${this.constant(unequal(test.constant))}(${value})`;
      case 'starts':
        return `${this.constant(startsWith)}(${value}, ${JSON.stringify(test.constant)}, ${test.constant.length - 1}, ${lastSign(test.constant)})`;
      case 'ends':
        return `${this.constant(endsWith)}(${value}, ${JSON.stringify(test.constant)}, ${lastSign(test.constant)})`;
      case 'contains':
        return `${this.constant(includes)}(${value}, ${JSON.stringify(test.constant)})`;
      case 'member':
        return `${this.constant(test.constants)}.has(${value})`;
      default:
        return `(${value} ${comparisons[test.kind]} ${test.constant})`;
    }
  }
}

/** Stands for a field that was not asked yet; `undefined` means that the event has none. */
const MISSING = Symbol('missing');

const comparisons = { below: '<', atMost: '<=', above: '>', atLeast: '>=' } as const;

function unequal(constant: string | number | boolean) {
  return (value: unknown) => value !== undefined && value !== constant;
}

/** Nearly all values differ where `text` has its last sign, which is far cheaper to see. */
function startsWith(value: string | undefined, text: string, last: number, sign: number): boolean {
  return value !== undefined && (last < 0 || value.charCodeAt(last) === sign) && value.startsWith(text);
}

function endsWith(value: string | undefined, text: string, sign: number): boolean {
  return (
    value !== undefined && (sign < 0 || value.charCodeAt(value.length - 1) === sign) && value.endsWith(text)
  );
}

/** Code of the last sign of a text; -1 where it is empty. */
function lastSign(text: string): number {
  return text === '' ? -1 : text.charCodeAt(text.length - 1);
}

function includes(value: string | undefined, text: string): boolean {
  return value?.includes(text) === true;
}
