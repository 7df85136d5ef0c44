/** Any JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Nested deeper than this it is not printed. */
const deepest = 60;

/** Thrown inside the printer for what it does not know; caught where a statement is printed. */
export class UnknownJson extends Error {}

/** Returns the object, or an empty one for everything else. */
export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** Returns the items of an array, or the value alone. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value as Json];
}

/** Returns a name or number as text. Throws {@link UnknownJson} for anything else. */
export function wordOf(value: Json | undefined): string {
  if (typeof value === 'number' || (typeof value === 'string' && /^[\w.:/*+-]+$/.test(value)))
    return String(value);
  throw new UnknownJson('no word');
}

/** Returns a quoted string; a string of nft cannot have quotes in it. */
export function quoted(value: Json | undefined): string {
  return `"${String(value ?? '').replaceAll(/["\n]/g, '')}"`;
}

const operators: Readonly<Record<string, number>> = { '<<': 4, '>>': 4, '&': 3, '^': 2, '|': 1 };

/**
 * Returns an expression of libnftables-json(5) as nft writes it. `isName`: strings are names of interfaces and the like,
 * and stand in quotes. Throws {@link UnknownJson} for what is not known. Linear.
 */
export function printExpression(value: Json | undefined, isName = false, depth = 0): string {
  if (depth > deepest) throw new UnknownJson('too deep');
  const inner = (one: Json | undefined, name = isName) => printExpression(one, name, depth + 1);
  if (typeof value === 'string')
    return value.startsWith('@') || value === '*' ? value : printWord(value, isName);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'exists' : 'missing';
  if (Array.isArray(value)) return value.map((one: Json) => inner(one)).join(',');
  const [kind = '', more] = Object.keys(objectOf(value));
  const part = objectOf(value)[kind];
  const fields = objectOf(part);
  if (more !== undefined) throw new UnknownJson('more than one kind');
  if (Object.hasOwn(operators, kind)) return printOperation(kind, listOf(part), inner);
  switch (kind) {
    case 'concat':
      return listOf(part)
        .map((one) => inner(one))
        .join(' . ');
    case 'set':
      return `{ ${listOf(part)
        .map((one) => printElement(one, inner))
        .join(', ')} }`;
    case 'map':
      return `${inner(fields.key)} map ${inner(fields.data, namesOf(fields.key))}`;
    case 'prefix':
      return `${inner(fields.addr)}/${wordOf(fields.len)}`;
    case 'range':
      return listOf(part)
        .map((one) => inner(one))
        .join('-');
    case 'elem':
      return printElem(fields, inner);
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
      return kind;
    case 'jump':
    case 'goto':
      return `${kind} ${wordOf(fields.target)}`;
    default:
      return printSelector(kind, fields, inner);
  }
}

type Inner = (value: Json | undefined, isName?: boolean) => string;

function printWord(text: string, isName: boolean): string {
  return isName || !/^[\w.:/*+-]+$/.test(text) ? quoted(text) : text;
}

function printOperation(operator: string, operands: readonly Json[], inner: Inner): string {
  const [left, ...right] = operands;
  const rank = operators[operator]!;
  const rankOf = (one: Json | undefined) => operators[Object.keys(objectOf(one))[0] ?? ''] ?? 9;
  const first = rankOf(left) < rank ? `(${inner(left)})` : inner(left);
  const rest = right.map((one) => {
    const text = Array.isArray(one) ? one.map((item: Json) => inner(item)).join(' | ') : inner(one);
    return Array.isArray(one) || rankOf(one) <= rank ? `(${text})` : text;
  });
  return [first, ...rest].join(` ${operator} `);
}

/** A key alone, or a key and what it leads to. */
export function printElement(element: Json, inner: Inner): string {
  return Array.isArray(element) && element.length === 2
    ? `${inner(element[0])} : ${inner(element[1], false)}`
    : inner(element);
}

function printElem(fields: JsonObject, inner: Inner): string {
  const parts = [inner(fields.val)];
  const { counter, comment, timeout, expires } = fields;
  if (counter !== undefined) {
    const { packets = 0, bytes = 0 } = objectOf(counter);
    parts.push(`counter packets ${wordOf(packets)} bytes ${wordOf(bytes)}`);
  }
  if (timeout !== undefined) parts.push(`timeout ${wordOf(timeout)}s`);
  if (expires !== undefined) parts.push(`expires ${wordOf(expires)}s`);
  if (comment !== undefined) parts.push(`comment ${quoted(comment)}`);
  return parts.join(' ');
}

function printSelector(kind: string, fields: JsonObject, inner: Inner): string {
  const word = (name: string) => wordOf(fields[name]);
  const optional = (name: string, before = '') =>
    fields[name] === undefined || fields[name] === null ? '' : ` ${before}${word(name)}`;
  switch (kind) {
    case 'payload':
      return fields.base === undefined
        ? `${word('protocol')} ${word('field')}`
        : `@${word('base')},${word('offset')},${word('len')}`;
    case 'meta':
      return `meta ${word('key')}`;
    case 'ct':
      return `ct${optional('dir')}${optional('family')} ${String(fields.key ?? '').replaceAll(/[^\w -]/g, '')}`;
    case 'rt':
      return `rt${optional('family')} ${word('key')}`;
    case 'exthdr':
      return fields.field === undefined ? `exthdr ${word('name')}` : `${word('name')} ${word('field')}`;
    case 'tcp option':
      if (fields.base !== undefined) return `tcp option @${word('base')},${word('offset')},${word('len')}`;
      return `tcp option ${word('name')}${optional('field')}`;
    case 'ip option':
    case 'sctp chunk':
      return `${kind} ${word('name')}${optional('field')}`;
    case 'fib':
      return `fib ${listOf(fields.flags).map(wordOf).join(' . ')} ${word('result')}`;
    case 'numgen':
      return `numgen ${word('mode')} mod ${word('mod')}${optional('offset', 'offset ')}`;
    case 'jhash':
      return `jhash ${inner(fields.expr)} mod ${word('mod')}${optional('seed', 'seed ')}${optional('offset', 'offset ')}`;
    case 'symhash':
      return `symhash mod ${word('mod')}${optional('offset', 'offset ')}`;
    case 'socket':
      return `socket ${word('key')}`;
    case 'osf':
      return `osf${optional('ttl', 'ttl ')} ${word('key')}`;
    case 'ipsec':
      return `ipsec ${word('dir')}${optional('spnum', 'spnum ')}${optional('family')} ${word('key')}`;
    default:
      throw new UnknownJson(kind);
  }
}

const named = new Set(
  'iifname oifname iif oif hour time day ibrname obrname iifkind oifkind sdifname'.split(' '),
);

/** Tells whether values of the expression are names, which stand in quotes; of a concatenation any of them. */
export function namesOf(value: Json | undefined): boolean {
  const { meta, osf, ct, concat } = objectOf(value);
  if (concat !== undefined) return false;
  if (meta !== undefined) return named.has(String(objectOf(meta).key));
  if (ct !== undefined) return ['helper', 'label'].includes(String(objectOf(ct).key));
  return osf !== undefined;
}
