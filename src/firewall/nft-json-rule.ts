import {
  type Json,
  type JsonObject,
  listOf,
  namesOf,
  objectOf,
  printExpression,
  quoted,
  UnknownJson,
  wordOf,
} from './nft-json-expression.ts';

/** Stands for a statement that is not known; no word of nft. */
export const unknownStatement = 'unknown-statement';

/** Returns a statement of libnftables-json(5) as nft writes it, {@link unknownStatement} for one that is not known. */
export function printStatement(statement: Json): string {
  try {
    const [kind = '', more] = Object.keys(objectOf(statement));
    if (more !== undefined) return unknownStatement;
    return print(kind, objectOf(statement)[kind] ?? null);
  } catch (error) {
    if (error instanceof UnknownJson) return unknownStatement;
    throw error;
  }
}

function print(kind: string, value: Json): string {
  const fields = objectOf(value);
  switch (kind) {
    case 'match':
      return printMatch(fields);
    case 'accept':
    case 'drop':
    case 'return':
    case 'continue':
    case 'notrack':
      return kind;
    case 'jump':
    case 'goto':
      return `${kind} ${wordOf(fields.target)}`;
    case 'vmap':
      return `${printExpression(fields.key)} vmap ${printExpression(fields.data, namesOf(fields.key))}`;
    case 'mangle':
      return `${printExpression(fields.key)} set ${printExpression(fields.value, namesOf(fields.key))}`;
    case 'counter':
      if (value === null) return 'counter';
      return isObject(value) ? counter(fields) : `counter name ${quoted(value)}`;
    case 'last':
      return 'last';
    case 'limit':
      return isObject(value) ? limit(fields) : `limit name ${quoted(value)}`;
    case 'quota':
      return isObject(value) ? quota(fields) : `quota name ${quoted(value)}`;
    case 'ct count':
      return `ct count${fields.inv === true ? ' over' : ''} ${wordOf(fields.val)}`;
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
      return `${kind} set ${isObject(value) ? printExpression(value) : quoted(value)}`;
    case 'log':
      return log(fields);
    case 'reject':
      return reject(fields);
    case 'set':
    case 'map':
      return dynamic(kind, fields);
    default:
      return printSending(kind, value, fields);
  }
}

function isObject(value: Json): boolean {
  // A map that gives the name is one too.
  return Object.keys(objectOf(value)).length > 0;
}

function counter(fields: JsonObject): string {
  if (fields.map !== undefined) return `counter name ${printExpression(fields)}`;
  return `counter packets ${wordOf(fields.packets ?? 0)} bytes ${wordOf(fields.bytes ?? 0)}`;
}

function printMatch({ op, left, right }: JsonObject): string {
  const shown = printExpression(right, namesOf(left));
  const kinds = Object.keys(objectOf(right));
  // Of several bits `==` asks for the whole value; sets, ranges and presence stand without it.
  const isPlain = kinds.some((one) => ['set', 'range', 'prefix', 'map'].includes(one));
  const isReference = typeof right === 'string' && right.startsWith('@');
  const isBare = op === 'in' || (op === '==' && (isPlain || isReference || typeof right === 'boolean'));
  return `${printExpression(left)} ${isBare ? '' : `${relation(op)} `}${shown}`;
}

function relation(op: Json | undefined): string {
  if (typeof op === 'string' && ['==', '!=', '<', '>', '<=', '>='].includes(op)) return op;
  throw new UnknownJson('no operator');
}

function limit(fields: JsonObject): string {
  if (fields.map !== undefined) return `limit name ${printExpression(fields)}`;
  const { rate, per, inv, burst, rate_unit: unit, burst_unit: burstUnit } = fields;
  const amount = unit === undefined ? wordOf(rate) : `${wordOf(rate)} ${wordOf(unit)}`;
  const tail =
    burst === undefined || burst === 0
      ? ''
      : ` burst ${wordOf(burst)} ${burstUnit === undefined ? 'packets' : wordOf(burstUnit)}`;
  return `limit rate ${inv === true ? 'over ' : ''}${amount}/${wordOf(per)}${tail}`;
}

function quota(fields: JsonObject): string {
  if (fields.map !== undefined) return `quota name ${printExpression(fields)}`;
  const { val, val_unit: unit = 'bytes', inv, used, used_unit: usedUnit = 'bytes' } = fields;
  const spent = used === undefined || used === 0 ? '' : ` used ${wordOf(used)} ${wordOf(usedUnit)}`;
  return `quota ${inv === true ? 'over ' : ''}${wordOf(val)} ${wordOf(unit)}${spent}`;
}

function log({ prefix, level, flags, ...numbers }: JsonObject): string {
  const parts = ['log'];
  if (prefix !== undefined) parts.push(`prefix ${quoted(prefix)}`);
  for (const name of ['group', 'snaplen', 'queue-threshold'])
    if (numbers[name] !== undefined) parts.push(`${name} ${wordOf(numbers[name])}`);
  if (level !== undefined) parts.push(`level ${wordOf(level)}`);
  for (const flag of listOf(flags)) parts.push(`flags ${String(flag).replaceAll(/[^\w, ]/g, '')}`);
  return parts.join(' ');
}

function reject({ type, expr }: JsonObject): string {
  if (type === undefined) return 'reject';
  if (type === 'tcp reset') return 'reject with tcp reset';
  return `reject with ${wordOf(type)}${expr === undefined ? '' : ` ${printExpression(expr)}`}`;
}

/** What a rule does to a set or map on the way. */
function dynamic(kind: string, fields: JsonObject): string {
  const { op, elem, data, stmt } = fields;
  const statements = listOf(stmt).map((one) => ` ${printStatement(one)}`);
  const value = kind === 'map' && data !== undefined ? ` : ${printExpression(data)}` : '';
  const name = String(fields[kind] ?? '').replace(/^@/, '');
  return `${wordOf(op)} @${wordOf(name)} { ${printExpression(elem)}${statements.join('')}${value} }`;
}

/** Statements that send the packet elsewhere or to a program. */
function printSending(kind: string, value: Json, fields: JsonObject): string {
  const flags = listOf(fields.flags)
    .map(wordOf)
    .filter((flag) => flag !== 'netmap');
  const tail = flags.length === 0 ? '' : ` ${flags.join(',')}`;
  switch (kind) {
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return `${kind}${toAddress(fields)}${tail}`;
    case 'tproxy':
      return `tproxy${toAddress(fields)}`;
    case 'queue': {
      const to = fields.num === undefined ? '' : ` to ${printExpression(fields.num)}`;
      return `queue${flags.length === 0 ? '' : ` flags ${flags.join(',')}`}${to}`;
    }
    case 'synproxy': {
      if (typeof value === 'string') return `synproxy name ${quoted(value)}`;
      const number = (name: string) => (fields[name] === undefined ? '' : ` ${name} ${wordOf(fields[name])}`);
      return `synproxy${number('mss')}${number('wscale')}${flags.map((flag) => ` ${flag}`).join('')}`;
    }
    case 'flow':
      return `flow ${wordOf(fields.op)} @${wordOf(String(fields.flowtable ?? '').replace(/^@/, ''))}`;
    case 'dup':
    case 'fwd': {
      const device = fields.dev === undefined ? '' : ` device ${printExpression(fields.dev, true)}`;
      return `${kind} to ${printExpression(fields.addr)}${device}`;
    }
    default:
      throw new UnknownJson(kind);
  }
}

function toAddress({ family, addr, port, type_flags: kinds }: JsonObject): string {
  if (addr === undefined && port === undefined) return '';
  const shown = addr === undefined ? '' : printExpression(addr);
  const isSix = typeof addr === 'string' && addr.includes(':');
  const address = isSix && port !== undefined ? `[${shown}]` : shown;
  const version = family === undefined ? '' : ` ${wordOf(family)}`;
  const prefix = listOf(kinds).includes('prefix') ? ' prefix' : '';
  return `${version}${prefix} to ${address}${port === undefined ? '' : `:${printExpression(port)}`}`;
}
