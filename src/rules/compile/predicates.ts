import type { FieldType, FieldValue } from '../../event/field.ts';
import { type Address, sameAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { hostPrefix, type Prefix } from '../../net/prefix.ts';
import type { ComparisonOperator, Modifier } from '../ast.ts';
import { parseConstant, parseHex } from '../values.ts';
import { asciiLower } from './ascii-case.ts';
import { compileGlob } from './glob.ts';
import { compilePathPrefixes } from './path-prefixes.ts';
import { compileRegex } from './regex.ts';

/** Whether something holds of one value; never asked of a missing one. */
export type Predicate = (value: FieldValue) => boolean;

/** Returns whether a value stands in the relation of the operator to the constants (one, but for lists). */
export function constantPredicate(
  type: FieldType,
  operator: ComparisonOperator,
  modifier: Modifier | undefined,
  texts: readonly string[],
): Predicate {
  if (modifier !== undefined)
    return modified(
      modifier,
      texts.map((text) => constantPredicate(type, operator, undefined, [text])),
    );
  const [first = ''] = texts;
  switch (operator) {
    case 'in':
    case 'intersects':
      return memberOf(type, texts);
    case '=':
    case '==':
      return type === 'string' ? (value) => value === first : memberOf(type, texts);
    case '!=': {
      const equal = type === 'string' ? (value: FieldValue) => value === first : memberOf(type, texts);
      return (value) => !equal(value);
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordered(operator, type === 'string' ? first : (parseConstant(type, first) as number));
    case 'bcontains':
    case 'bstartswith': {
      const wanted = parseHex(first) ?? new Uint8Array();
      return operator === 'bcontains'
        ? (value) => indexOfBytes(value as Uint8Array, wanted) >= 0
        : (value) => startsWithBytes(value as Uint8Array, wanted, 0);
    }
    case 'pmatch':
      return compilePathPrefixes(texts) as Predicate;
    case 'regex': {
      const matches = compileRegex(first);
      return typeof matches === 'string' ? () => false : (matches as Predicate);
    }
    case 'glob':
    case 'iglob':
      return compileGlob(first, operator === 'iglob') as Predicate;
    default:
      return type === 'bytes' ? bytesPredicate(operator, first) : textPredicate(operator, first);
  }
}

/** Returns whether two values of one type are in the relation of the operator; for lists on the right see `inValues`. */
export function pairPredicate(
  type: FieldType,
  operator: ComparisonOperator,
): (left: FieldValue, right: FieldValue) => boolean {
  if (operator === '=' || operator === '==') return (left, right) => same(type, left, right);
  if (operator === '!=') return (left, right) => !same(type, left, right);
  return (left, right) => constantPredicate(type, operator, undefined, [String(right)])(left);
}

/** Whether two values of a type are equal. */
export function same(type: FieldType, left: FieldValue, right: FieldValue): boolean {
  if (type === 'address' || type === 'network') return sameAddress(left as Address, right as Address);
  if (type === 'bytes') {
    const [a, b] = [left as Uint8Array, right as Uint8Array];
    return a.length === b.length && startsWithBytes(a, b, 0);
  }
  return typeof left === typeof right ? left === right : BigInt(left as number) === BigInt(right as number);
}

function modified(modifier: Modifier, predicates: readonly Predicate[]): Predicate {
  if (modifier === 'anyof') return (value) => predicates.some((holds) => holds(value));
  if (modifier === 'allof') return (value) => predicates.every((holds) => holds(value));
  return (value) => predicates.reduce((count, holds) => count + Number(holds(value)), 0) === 1;
}

function memberOf(type: FieldType, texts: readonly string[]): Predicate {
  const constants = texts.map((text) => parseConstant(type, text)).filter((value) => value !== undefined);
  if (type === 'network' || type === 'address') {
    const prefixes = constants.map((one) =>
      type === 'network' ? (one as Prefix) : hostPrefix(one as Address),
    );
    const members = AddressSet.ofPrefixes(prefixes);
    return (value) => members.contains(value as Address);
  }
  if (type === 'bytes') {
    const encoded = texts.map((text) => new TextEncoder().encode(text));
    return (value) => encoded.some((one) => same('bytes', one, value));
  }
  const members = new Set<FieldValue>(constants as FieldValue[]);
  if (type === 'string' || type === 'boolean') return (value) => members.has(value);
  // A number and a bigint may be equal.
  const numbers = [...members];
  return (value) =>
    members.has(value) || numbers.some((one) => typeof one !== typeof value && same('integer', one, value));
}

function ordered(operator: '<' | '<=' | '>' | '>=', limit: number | bigint | string): Predicate {
  switch (operator) {
    case '<':
      return (value) => (value as number) < (limit as number);
    case '<=':
      return (value) => (value as number) <= (limit as number);
    case '>':
      return (value) => (value as number) > (limit as number);
    case '>=':
      return (value) => (value as number) >= (limit as number);
  }
}

function textPredicate(operator: ComparisonOperator, wanted: string): Predicate {
  switch (operator) {
    case 'contains':
      return (value) => (value as string).includes(wanted);
    case 'icontains': {
      const lower = asciiLower(wanted);
      return (value) => asciiLower(value as string).includes(lower);
    }
    case 'startswith':
      return (value) => (value as string).startsWith(wanted);
    case 'endswith':
      return (value) => (value as string).endsWith(wanted);
    default:
      return () => false;
  }
}

function bytesPredicate(operator: ComparisonOperator, text: string): Predicate {
  const wanted = new TextEncoder().encode(text);
  switch (operator) {
    case 'contains':
      return (value) => indexOfBytes(value as Uint8Array, wanted) >= 0;
    case 'startswith':
      return (value) => startsWithBytes(value as Uint8Array, wanted, 0);
    case 'endswith':
      return (value) =>
        startsWithBytes(value as Uint8Array, wanted, (value as Uint8Array).length - wanted.length);
    default:
      return () => false;
  }
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  const [first] = wanted;
  if (first === undefined) return 0;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (startsWithBytes(bytes, wanted, at)) return at;
  }
  return -1;
}

function startsWithBytes(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  return (
    at >= 0 && at + wanted.length <= bytes.length && wanted.every((byte, index) => bytes[at + index] === byte)
  );
}
