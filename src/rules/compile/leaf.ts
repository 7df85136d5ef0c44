import type { EventSource, Extract, FieldValue } from '../../event/field.ts';
import type { Comparison, Exists, Literal, Operand } from '../ast.ts';
import { type OperandType, operandType } from '../operand-type.ts';
import { bindOperand } from './operands.ts';
import { constantPredicate, type Predicate, pairPredicate, same } from './predicates.ts';
import { TextSet } from './text-set.ts';

type Values = FieldValue | readonly FieldValue[] | undefined;

/** One comparison, ready to be asked: what it takes from the event, and what it says of that. */
export interface Leaf<E> {
  readonly left: Operand;
  readonly extract: Extract<E>;
  /** Of what was extracted, which may be missing; where the right side asks the event too, of both. */
  readonly test: (value: Values, event: E) => boolean;
  /** A fast form for the hottest comparisons, which are written into the code as they are. */
  readonly inline?: InlineTest;
  /** Rough cost of the test, for the order of terms. */
  readonly cost: number;
  /** Rough guess how often it holds, between 0 and 1, for the order of terms. */
  readonly chance: number;
}

/** A test of one value against a constant. */
export type InlineTest =
  | { readonly kind: 'equal' | 'unequal'; readonly constant: string | number | boolean }
  | { readonly kind: 'starts' | 'ends' | 'contains'; readonly constant: string }
  | { readonly kind: 'below' | 'atMost' | 'above' | 'atLeast'; readonly constant: number }
  | { readonly kind: 'member'; readonly constants: TextSet }
  | { readonly kind: 'exists' };

/** Returns a comparison or `exists` over the fields of a source. The condition must have been checked. */
export function leafOf<E>(condition: Comparison | Exists, source: EventSource<E>): Leaf<E> {
  const { left } = condition;
  const extract = bindOperand(left, source);
  const found = operandType(left, source as unknown as EventSource<never>);
  const type: OperandType = 'message' in found ? { type: 'string', values: 'one' } : found;
  if (condition.kind === 'exists') {
    return {
      left,
      extract,
      test: exists,
      ...(type.values === 'one' && { inline: { kind: 'exists' } }),
      cost: 1,
      chance: 0.9,
    };
  }
  const { right, operator, modifier } = condition;
  const literals = literalsOf(right);
  if (literals === undefined) return dynamicLeaf(condition, extract, type, source);
  const texts = literals.map(({ text }) => text);
  const holds = constantPredicate(type.type, operator, modifier, texts);
  const inline =
    type.values === 'one' && modifier === undefined ? inlineTest(type, condition, texts) : undefined;
  return {
    left,
    extract,
    test: testOf(type.values, operator, holds),
    ...(inline && { inline }),
    cost: costOf(operator) + (inline === undefined ? callCost : 0) + (type.values === 'any' ? walkCost : 0),
    chance: chanceOf(type, operator),
  };
}

/** Of a test that is no part of the code, and of one that looks at all ancestors. */
const callCost = 2;
const walkCost = 10;

function exists(value: Values): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/** The constants on the right; undefined when something there is asked of the event. */
function literalsOf(right: Comparison['right']): readonly Literal[] | undefined {
  if (right.kind === 'literal') return [right];
  if (right.kind !== 'list') return undefined;
  return right.items.every((item): item is Literal => item.kind === 'literal') ? right.items : undefined;
}

/** What a predicate of one value says of all that a field gives; a missing value makes everything false. */
function testOf(values: OperandType['values'], operator: Comparison['operator'], holds: Predicate) {
  if (values === 'one') return (value: Values) => value !== undefined && holds(value as FieldValue);
  const isEvery = (operator === '!=' && values !== 'any') || (values === 'list' && operator === 'in');
  return (value: Values) => {
    if (value === undefined) return false;
    if (!Array.isArray(value)) return holds(value as FieldValue);
    const list = value as readonly FieldValue[];
    return list.length > 0 && (isEvery ? list.every(holds) : list.some(holds));
  };
}

/** A right side that is asked of the event: `val(field)`, a transformer, or a list with one. */
function dynamicLeaf<E>(
  { left, right, operator, modifier }: Comparison,
  extract: Extract<E>,
  { type, values }: OperandType,
  source: EventSource<E>,
): Leaf<E> {
  const parts = (right.kind === 'list' ? right.items : [right]).map((item): Extract<E> => {
    if (item.kind === 'literal') return () => item.text;
    return bindOperand(item as Operand, source);
  });
  const isList =
    operator === 'in' || operator === 'intersects' || operator === 'pmatch' || modifier !== undefined;
  const pair = pairPredicate(type, operator);
  const test = (value: Values, event: E): boolean => {
    if (value === undefined) return false;
    const others = parts.flatMap((part) => {
      const given = part(event);
      return given === undefined
        ? []
        : Array.isArray(given)
          ? (given as FieldValue[])
          : [given as FieldValue];
    });
    if (others.length === 0) return false;
    const one = (single: FieldValue): boolean => {
      if (!isList) return pair(single, others[0] as FieldValue);
      if (operator === 'in' || operator === 'intersects')
        return others.some((other) => same(type, single, other));
      const count = others.reduce((sum: number, other) => sum + Number(pair(single, other)), 0);
      if (modifier === 'allof') return count === others.length;
      return modifier === 'oneof' ? count === 1 : count > 0;
    };
    return testOf(values, operator, one)(value);
  };
  return { left, extract, test, cost: 20, chance: 0.5 };
}

function costOf(operator: Comparison['operator']): number {
  switch (operator) {
    case 'regex':
      return 30;
    case 'glob':
    case 'iglob':
    case 'icontains':
      return 15;
    case 'pmatch':
      return 10;
    case 'contains':
      return 4;
    case 'startswith':
    case 'endswith':
      return 2;
    default:
      return 1;
  }
}

/** What rules look for is rare; of two values one is as likely as the other. */
function chanceOf({ type }: OperandType, operator: Comparison['operator']): number {
  if (operator === '!=') return 0.9;
  if (type === 'boolean' || /^[<>]/.test(operator)) return 0.5;
  return 0.1;
}

function inlineTest(
  { type }: OperandType,
  { operator }: Comparison,
  texts: readonly string[],
): InlineTest | undefined {
  const [text = ''] = texts;
  if (type === 'string') {
    switch (operator) {
      case '=':
      case '==':
        return { kind: 'equal', constant: text };
      case '!=':
        return { kind: 'unequal', constant: text };
      case 'startswith':
        return { kind: 'starts', constant: text };
      case 'endswith':
        return { kind: 'ends', constant: text };
      case 'contains':
        return { kind: 'contains', constant: text };
      case 'in':
        return { kind: 'member', constants: new TextSet(texts) };
      default:
        return undefined;
    }
  }
  if (type === 'boolean' && (operator === '=' || operator === '=='))
    return { kind: 'equal', constant: text === 'true' };
  return undefined;
}
