import type { NftToken } from './nft-lexer.ts';
import type { Action, NumberField } from './ruleset.ts';

/** A 32-bit number as rules reckon with it: `(field & keep) ^ flip`; a constant where there is no field. */
export interface Linear {
  readonly field?: NumberField;
  readonly keep: number;
  readonly flip: number;
}

/** Returns the number that decimal or hexadecimal digits write, up to 2³²−1; undefined for other text. */
export function parseWord(text: string): number | undefined {
  if (!/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}

const and = (a: number, b: number) => (a & b) >>> 0;
const or = (a: number, b: number) => (a | b) >>> 0;
const xor = (a: number, b: number) => (a ^ b) >>> 0;

const operators: Readonly<Record<string, readonly [rank: number, name: '&' | '|' | '^']>> = {
  '&': [3, '&'],
  and: [3, '&'],
  '^': [2, '^'],
  xor: [2, '^'],
  '|': [1, '|'],
  or: [1, '|'],
};

/** Tells whether a word is an operator on bits. */
export function isBitOperator(text: string): boolean {
  return Object.hasOwn(operators, text) || ['<<', '>>', 'lshift', 'rshift'].includes(text);
}

/** Returns the number after the operator on bits; undefined where two fields meet. */
export function apply(operator: string, left: Linear, right: Linear): Linear | undefined {
  const [, name] = Object.hasOwn(operators, operator) ? operators[operator]! : [];
  if (name === undefined || (left.field !== undefined && right.field !== undefined)) return undefined;
  const [x, { flip: c }] = right.field === undefined ? [left, right] : [right, left];
  if (name === '&') return { ...x, keep: and(x.keep, c), flip: and(x.flip, c) };
  if (name === '|') return { ...x, keep: and(x.keep, ~c), flip: or(x.flip, c) };
  return { ...x, flip: xor(x.flip, c) };
}

/**
 * Reads an expression of numbers, marks and operators on bits: `meta mark & 0xff00 | 0x1` (nft(8), EXPRESSIONS), all of
 * `tokens`. Returns undefined for anything else. Linear.
 */
export function readLinear(tokens: readonly NftToken[]): Linear | undefined {
  const reader = new LinearReader(tokens);
  const value = reader.expression(1, 0);
  return reader.isDone ? value : undefined;
}

const deepest = 50;

class LinearReader {
  readonly #tokens: readonly NftToken[];
  #at = 0;

  constructor(tokens: readonly NftToken[]) {
    this.#tokens = tokens;
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Operators of `rank` and above; of equal ones the left is first. */
  expression(rank: number, depth: number): Linear | undefined {
    let left = this.#primary(depth);
    for (;;) {
      const operator = this.#tokens[this.#at]?.text ?? '';
      const own = Object.hasOwn(operators, operator) ? operators[operator]![0] : 0;
      if (left === undefined || own < rank || depth > deepest) return left;
      this.#at++;
      const right = this.expression(own + 1, depth + 1);
      left = right && apply(operator, left, right);
    }
  }

  #primary(depth: number): Linear | undefined {
    const { text = '', known = false, quoted = false } = this.#tokens[this.#at++] ?? {};
    if (!known || quoted) return undefined;
    if (text === '(' && depth < deepest) {
      const inner = this.expression(1, depth + 1);
      return this.#tokens[this.#at++]?.text === ')' ? inner : undefined;
    }
    if (text === 'mark') return { field: 'mark', keep: 0xffffffff, flip: 0 };
    const field = numberField(text, this.#tokens[this.#at]?.text ?? '');
    if (field !== undefined) {
      this.#at++;
      return { field, keep: 0xffffffff, flip: 0 };
    }
    const value = parseWord(text);
    return value === undefined ? undefined : { keep: 0, flip: value };
  }
}

function numberField(head: string, key: string): NumberField | undefined {
  if (head === 'meta' && key === 'mark') return 'mark';
  if (head === 'ct' && key === 'mark') return 'connection mark';
  return head === 'meta' && key === 'priority' ? 'priority' : undefined;
}

/** Returns what setting `field` to the number does; undefined when that cannot be said. */
export function setNumber(field: NumberField, value: Linear): Action | undefined {
  if (value.field === undefined) return { kind: 'set number', field, keep: 0, flip: value.flip };
  if (value.field === field) return { kind: 'set number', field, keep: value.keep, flip: value.flip };
  if (value.flip !== 0) return undefined;
  return { kind: 'set number', field, keep: 0, flip: 0, from: { field: value.field, mask: value.keep } };
}
