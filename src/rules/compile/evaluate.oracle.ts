import type { FieldValue } from '../../event/field.ts';
import { type Address, formatAddress, parseAddress } from '../../net/address.ts';
import { parsePrefix, prefixContains } from '../../net/prefix.ts';
import type { Comparison, Condition, Literal, LiteralList, Operand } from '../ast.ts';
import { type SmallEvent, smallSource, smallTypes } from '../small-source.fixture.ts';

/** Walks a condition for one event, straight from the language's description: slow and plain. */
export function holds(condition: Condition, event: SmallEvent): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.terms.every((term) => holds(term, event));
    case 'or':
      return condition.terms.some((term) => holds(term, event));
    case 'not':
      return !holds(condition.term, event);
    case 'exists':
      return valuesOf(condition.left, event).length > 0;
    case 'comparison':
      return compare(condition, event);
    case 'macro':
      throw new Error('a macro');
  }
}

function valuesOf(operand: Operand, event: SmallEvent): readonly FieldValue[] {
  if (operand.kind === 'field') {
    if (operand.name === 'evt.type') return [smallTypes[event.type] as string];
    const key = operand.argument === undefined ? operand.name : `${operand.name}[${operand.argument}]`;
    const value = event.values[key];
    return value === undefined ? [] : Array.isArray(value) ? value : [value as FieldValue];
  }
  const inner = operand.arguments.map((part) => partValues(part, event));
  const [first = []] = inner;
  switch (operand.name) {
    case 'val':
      return first;
    case 'tolower':
      return first.map((value) => lower(String(value)));
    case 'toupper':
      return first.map((value) => String(value).replace(/[a-z]/g, (sign) => sign.toUpperCase()));
    case 'basename':
      return first.map((value) => String(value).split('/').at(-1) as string);
    case 'len': {
      const [argument] = operand.arguments;
      const isList = argument?.kind === 'field' && smallSource.fields.get(argument.name)?.values === 'list';
      if (isList) return event.values[argument.name] === undefined ? [] : [first.length];
      return first.map((value) => new TextEncoder().encode(String(value)).length);
    }
    case 'concat':
      return inner.some((one) => one.length === 0) ? [] : [inner.flat().map(String).join('')];
    default:
      throw new Error(operand.name);
  }
}

function partValues(part: Operand | Literal | LiteralList, event: SmallEvent): readonly FieldValue[] {
  if (part.kind === 'literal') return [part.text];
  if (part.kind === 'list') return part.items.flatMap((item) => partValues(item, event));
  return valuesOf(part, event);
}

function compare({ left, operator, modifier, right }: Comparison, event: SmallEvent): boolean {
  const found = valuesOf(left, event);
  const others =
    right.kind === 'list' || right.kind === 'literal' ? partValues(right, event) : valuesOf(right, event);
  const field = left.kind === 'field' ? smallSource.fields.get(left.name) : undefined;
  const isAsked = right.kind === 'field' || right.kind === 'transformer';
  if (found.length === 0 || (isAsked && others.length === 0)) return false;
  const isEvery = operator === '!=' || (field?.values === 'list' && operator === 'in');
  const one = (value: FieldValue) => {
    if (operator === 'in' || operator === 'intersects')
      return others.some((other) => relates(value, '=', other));
    if (operator === 'pmatch') return others.some((other) => relates(value, 'pmatch', other));
    if (modifier === undefined) return relates(value, operator, others[0] as FieldValue);
    const count = others.filter((other) => relates(value, operator, other)).length;
    return modifier === 'oneof' ? count === 1 : modifier === 'anyof' ? count > 0 : count === others.length;
  };
  return field?.values === 'one' || field === undefined
    ? one(found[0] as FieldValue)
    : isEvery
      ? found.every(one)
      : found.some(one);
}

function relates(value: FieldValue, operator: string, other: FieldValue): boolean {
  const text = shown(value);
  const wanted = shown(other);
  switch (operator) {
    case '=':
    case '==':
      return equal(value, other);
    case '!=':
      return !equal(value, other);
    case '<':
      return typeof value === 'string' ? text < wanted : numberOf(value) < numberOf(other);
    case '<=':
      return typeof value === 'string' ? text <= wanted : numberOf(value) <= numberOf(other);
    case '>':
      return typeof value === 'string' ? text > wanted : numberOf(value) > numberOf(other);
    case '>=':
      return typeof value === 'string' ? text >= wanted : numberOf(value) >= numberOf(other);
    case 'contains':
      return text.indexOf(wanted) >= 0;
    case 'icontains':
      return lower(text).indexOf(lower(wanted)) >= 0;
    case 'startswith':
      return text.slice(0, wanted.length) === wanted;
    case 'endswith':
      return wanted === '' || text.slice(-wanted.length) === wanted;
    case 'glob':
      return globRegex(wanted).test(text);
    case 'iglob':
      return globRegex(lower(wanted)).test(lower(text));
    case 'regex':
      return new RegExp(`^(?:${wanted})$`, 'u').test(text);
    case 'pmatch': {
      const [parts, prefix] = [text, wanted].map((path) => path.split('/').filter(Boolean));
      return prefix!.every((part, index) => parts![index] === part);
    }
    default:
      throw new Error(operator);
  }
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (sign) => sign.toLowerCase());
}

function numberOf(value: FieldValue): number {
  return Number(value);
}

function isAddress(value: FieldValue): value is Address {
  return typeof value === 'object' && 'family' in value;
}

function shown(value: FieldValue): string {
  return isAddress(value) ? formatAddress(value) : String(value);
}

function equal(value: FieldValue, other: FieldValue): boolean {
  if (isAddress(value)) {
    const text = shown(other);
    const prefix = parsePrefix(text);
    if (prefix !== undefined && text.includes('/'))
      return prefix.address.family === value.family && prefixContains(prefix, value);
    const address = parseAddress(text);
    return address !== undefined && formatAddress(address) === formatAddress(value);
  }
  if (typeof value === 'number' || typeof value === 'bigint')
    return BigInt(value) === BigInt(other as string);
  return String(value) === String(other);
}

/** `*` and `?` only: classes have tests of their own. */
function globRegex(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${text}$`, 'u');
}
