import { parseIsoText } from '../../event/fields/time-text.ts';
import { type ItemLimits, leftText, noLimits, type ParsedJson, readItems } from '../../event/json-items.ts';
import { type Priority, priorities } from '../rule-set.ts';
import type { RuleAlert } from './alert.ts';

/** An alert as it came. */
export interface ReadAlert extends RuleAlert {
  /** What tells an alert that is sent again, where its sender gives one (Picket does, Falco does not). */
  readonly id?: string;
}

/** What a text with alerts came to. */
export interface ReadAlerts {
  readonly alerts: readonly ReadAlert[];
  /** What is no alert, by the number of its line or item, from 1. */
  readonly faults: readonly { readonly item: number; readonly message: string }[];
  /** How many items that is, those that were not looked at among them. */
  readonly undecodable: number;
}

/** How deep the value of a field may be nested. */
const maxDepth = 20;
/** A longer one is none that Picket gives. */
const longestId = 64;
/** Of names: they are kept for long, and stand in metrics. */
const longestName = 256;
const mostTags = 100;

/**
 * Returns the alerts of a body as Falco's `http_output` sends it with `json_output: true` (falco `formats.cpp`), of an array of
 * such objects, or of one JSON text a line. Values of fields stay the JSON that came, digit by digit. What is no alert, or beyond the
 * limits, is told and left out; nothing is thrown.
 */
export function readAlerts(text: string, limits: ItemLimits = noLimits): ReadAlerts {
  const alerts: ReadAlert[] = [];
  const faults: { item: number; message: string }[] = [];
  const fault = (message: string, item: number) => void faults.push({ item, message });
  const take = (value: unknown, item: number) => {
    const alert = alertOf(value);
    if (typeof alert === 'string') fault(alert, item);
    else alerts.push(alert);
  };
  const itemsOf = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const left = readItems(text, { parse, itemsOf, take, fault }, limits);
  const undecodable = faults.length + left;
  if (left > 0) fault(leftText(left), alerts.length + faults.length + 1);
  return { alerts, faults, undecodable };
}

/** A text, number, boolean or null as it stood in the JSON. */
class Literal {
  readonly value: unknown;
  readonly source: string;

  constructor(value: unknown, source: string) {
    this.value = value;
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Parses JSON and keeps how each primitive value was written (ECMAScript "JSON.parse source text access"). */
function parse(text: string): ParsedJson {
  const keepSource: Reviver = (_, value, { source }) =>
    source === undefined ? value : new Literal(value, source);
  try {
    return { value: JSON.parse(text, keepSource as (key: string, value: unknown) => unknown) };
  } catch (error) {
    return { message: error instanceof Error ? error.message : 'no JSON' };
  }
}

type Members = Readonly<Record<string, unknown>>;

/** The alert, or why it is none. */
function alertOf(value: unknown): ReadAlert | string {
  if (!isObject(value)) return 'no JSON object';
  const texts = new Map<string, string | undefined>();
  for (const key of ['rule', 'priority', 'source', 'hostname', 'output', 'message', 'time'] as const) {
    const text = textOf(value, key);
    if (text === null) return `${key} is no text`;
    texts.set(key, text);
  }
  const name = texts.get('rule') ?? '';
  if (name === '') return 'no alert of Falco: it names no rule';
  const priority = priorityOf(texts.get('priority'));
  if (priority === undefined) return `no priority: ${shown(texts.get('priority'))}`;
  for (const key of ['rule', 'source', 'hostname'] as const)
    if ((texts.get(key) ?? '').length > longestName) return `${key} is longer than ${longestName}`;
  const tags = tagsOf(value);
  if (tags === undefined) return 'tags is no list of texts';
  if (tags.length > mostTags) return `more than ${mostTags} tags`;
  if (tags.some((tag) => tag.length > longestName)) return `a tag is longer than ${longestName}`;
  const fields = fieldsOf(value);
  if (typeof fields === 'string') return fields;
  const time = timeOf(texts.get('time'), fields);
  if (time === undefined) return `no time in RFC 3339: ${shown(texts.get('time'))}`;
  // They stand in every alert of Falco, and are put there again when it is printed.
  for (const key of timeFields) if (fields.get(key) === String(time)) fields.delete(key);
  const id = textOf(value, 'id');
  return {
    ...(id && id.length <= longestId && { id }),
    rule: { name, priority, source: texts.get('source') ?? 'syscall', tags },
    time,
    hostname: texts.get('hostname') ?? '',
    message: texts.get('message') ?? withoutHead(texts.get('output') ?? '', priority),
    fields,
  };
}

const timeFields = ['evt.time', 'evt.time.iso8601'] as const;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Literal);
}

function member(value: Members, key: string): unknown {
  const found = Object.hasOwn(value, key) ? value[key] : undefined;
  return found instanceof Literal && found.value === null ? undefined : found;
}

/** The text of a key; undefined when it is missing, null when it is no text. */
function textOf(value: Members, key: string): string | undefined | null {
  const found = member(value, key);
  if (found === undefined) return undefined;
  return found instanceof Literal && typeof found.value === 'string' ? found.value : null;
}

function priorityOf(text: string | undefined): Priority | undefined {
  const wanted = text?.toLowerCase();
  return priorities.find((one) => one.toLowerCase() === (wanted === 'info' ? 'informational' : wanted));
}

function tagsOf(value: Members): string[] | undefined {
  const found = member(value, 'tags');
  if (found === undefined) return [];
  if (!Array.isArray(found)) return undefined;
  const tags = found.map((tag) => (tag instanceof Literal ? tag.value : undefined));
  return tags.every((tag) => typeof tag === 'string') ? tags : undefined;
}

/** The output fields as JSON texts, or what is wrong with them. */
function fieldsOf(value: Members): Map<string, string> | string {
  const found = member(value, 'output_fields');
  if (found === undefined) return new Map();
  if (!isObject(found)) return 'output_fields is no object';
  const fields = new Map<string, string>();
  for (const [name, inner] of Object.entries(found)) {
    if (name.length > longestName) return `the name of an output field is longer than ${longestName}`;
    const text = jsonOf(inner, maxDepth);
    if (text === undefined) return `output_fields is nested deeper than ${maxDepth}`;
    fields.set(name, text);
  }
  return fields;
}

/** A value as JSON again, without spaces; undefined when it is too deep. */
function jsonOf(value: unknown, depth: number): string | undefined {
  if (value instanceof Literal) return value.source;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((inner) => jsonOf(inner, depth - 1));
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  }
  const members: string[] = [];
  for (const [key, inner] of Object.entries(value as Members)) {
    const text = jsonOf(inner, depth - 1);
    if (text === undefined) return undefined;
    members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

/** `time`; where it is missing, the time among the fields. */
function timeOf(text: string | undefined, fields: ReadonlyMap<string, string>): bigint | undefined {
  if (text !== undefined) return parseIsoText(text);
  const given = timeFields
    .map((key) => fields.get(key) ?? '')
    .find((one) => /^\d{1,18}$|^[1-8]\d{18}$/.test(one));
  return given === undefined ? undefined : BigInt(given);
}

const head =
  /^(?:\d\d:\d\d:\d\d\.\d{9}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:?\d\d)): ([A-Za-z]+) /;

/** An output without the time and the priority that Falco puts before it. */
function withoutHead(output: string, priority: Priority): string {
  const found = head.exec(output);
  return found === null || priorityOf(found[1]) !== priority ? output : output.slice(found[0].length);
}

function shown(text: string | undefined): string {
  return text === undefined ? 'none is given' : JSON.stringify(text.slice(0, 40));
}
