import { eitherOf, loneElement } from './nft-bit-fields.ts';
import type { ElementItem, NftElement } from './nft-elements.ts';
import { type FieldValue, type NftField, not, opaque, type Relation } from './nft-field.ts';
import type { Match } from './ruleset.ts';

/** What a rule looks keys up in. */
export interface Container {
  /** `{ … }` or `@name`, for texts. */
  readonly name: string;
  readonly elements: readonly NftElement[];
  /** It may hold others than those. */
  readonly changes: boolean;
  /** All of its elements stay for a while only, or count against a limit. */
  readonly varies: boolean;
  /** It has no name and is made for one rule. */
  readonly isAnonymous: boolean;
  /** Of a named one: what was read out of it before. */
  readonly read?: Map<string, unknown>;
}

/** Returns what `make` gives, made once for each `key` of a named set or map: many rules may ask for the same. */
export function readOnce<T>({ read }: Container, key: string, make: () => T): T {
  if (read === undefined) return make();
  if (!read.has(key)) read.set(key, make());
  return read.get(key) as T;
}

/** One way to be met: all conditions hold. */
export type Alternative = readonly Match[];

/** Returns the condition that what the fields ask for is in the container, `in` or `not in`. O(n log n). */
export function lookup(
  fields: readonly NftField[],
  container: Container,
  relation: Relation,
): readonly Match[] {
  const { elements, isAnonymous } = container;
  const [field, second] = fields;
  const [only, more] = elements;
  const isLone = isAnonymous && only !== undefined && more === undefined && only.key.length === 1;
  if (field?.bits !== undefined && second === undefined && isLone) {
    const value = readItem(field, only.key[0]!);
    const match = value === undefined ? undefined : loneElement(field, value, relation);
    if (match !== undefined) return [match];
  }
  const key = `in ${textOf(fields)}`;
  const alternatives = readOnce(container, key, () => alternativesOf(fields, container));
  if (relation !== '!=') return alternatives.length === 1 ? alternatives[0]! : [anyOf(alternatives)];
  const [single] = alternatives;
  return alternatives.length === 1 && single?.length === 1 ? [not(single[0]!)] : [not(anyOf(alternatives))];
}

/** Returns the ways in which a key of the fields is met by the elements, grouped so that they are few. */
export function alternativesOf(fields: readonly NftField[], container: Container): Alternative[] {
  const { elements, changes, varies, name } = container;
  if (changes) return [...met(fields, elements, varies, false), [opaque(`${textOf(fields)} ${name}`, true)]];
  return met(fields, elements, varies, true);
}

function met(
  fields: readonly NftField[],
  elements: readonly NftElement[],
  all: boolean,
  emptyToo: boolean,
): Alternative[] {
  // What a wildcard stands for besides, all other keys, is in the container too.
  if (elements.some(({ key, varies }) => key.length === 0 && !varies && !all)) return [[]];
  const lasting = elements.filter((one) => !one.varies && !all);
  const passing = elements.filter((one) => one.varies || all);
  const may = opaque(`an element for ${textOf(fields)} is there`, true);
  return [
    ...grouped(fields, lasting, emptyToo && passing.length === 0),
    ...grouped(fields, passing, false).map((one) => [...one, may]),
  ];
}

function textOf(fields: readonly NftField[]): string {
  return fields.map(({ text }) => text).join(' . ');
}

/** A key as it was read: of each field its texts and values. */
export interface Row {
  readonly texts: readonly string[];
  readonly values: readonly (readonly FieldValue[])[];
}

/** `emptyToo`: no element at all is a condition of its own, which never holds. */
function grouped(
  fields: readonly NftField[],
  elements: readonly NftElement[],
  emptyToo: boolean,
): Alternative[] {
  const rows: Row[] = [];
  const unread: Alternative[] = [];
  for (const { key } of elements) {
    const values = fields.map((field, i) => (key[i] === undefined ? undefined : readItem(field, key[i])));
    if (key.length === 0) unread.push([]);
    else if (key.length === fields.length && values.every((one) => one !== undefined))
      rows.push({ texts: key.map(({ text }) => text), values: values.map((one) => [one]) });
    else unread.push(halfRead(fields, key, values));
  }
  const [only] = fields;
  if (rows.length === 0)
    return emptyToo && unread.length === 0 && only && fields.length === 1 ? [[only.oneOf([])]] : unread;
  return [...groupRows(fields, rows), ...unread];
}

/** Returns the ways to have one of the keys: those that differ in one field only are one way. O(n log n). */
export function groupRows(fields: readonly NftField[], rows: readonly Row[]): Alternative[] {
  let merged = rows;
  for (let i = 0; i < fields.length; i++) merged = merge(merged, i);
  return merged.map(({ values }) => fields.map((field, i) => field.oneOf(values[i]!)));
}

/** What is understood of a key, and the rest as it is written. */
function halfRead(
  fields: readonly NftField[],
  key: readonly ElementItem[],
  values: readonly (FieldValue | undefined)[],
): Alternative {
  if (key.length !== fields.length)
    return [opaque(`${textOf(fields)} ${key.map(({ text }) => text).join(' . ')}`)];
  return fields.map((field, i) =>
    values[i] === undefined ? opaque(`${field.text} ${key[i]!.text}`) : field.oneOf([values[i]]),
  );
}

/** Makes one row of those that differ in one field only. */
function merge(rows: readonly Row[], at: number): Row[] {
  const groups = new Map<string, Row & { readonly list: FieldValue[]; readonly names: string[] }>();
  for (const row of rows) {
    const others = row.texts.map((text, i) => (i === at ? '' : text)).join('\u0000');
    const group = groups.get(others);
    if (group === undefined)
      groups.set(others, { ...row, list: [...row.values[at]!], names: [row.texts[at]!] });
    else {
      for (const value of row.values[at]!) group.list.push(value);
      group.names.push(row.texts[at]!);
    }
  }
  return [...groups.values()].map(({ texts, values, list, names }) => ({
    texts: texts.map((text, i) => (i === at ? names.sort().join(',') : text)),
    values: values.map((value, i) => (i === at ? list : value)),
  }));
}

function readItem(field: NftField, { text, known }: ElementItem): FieldValue | undefined {
  return known ? field.read(text) : undefined;
}

/** Returns the condition that one of the ways is open. */
export function anyOf(alternatives: readonly Alternative[]): Match {
  return alternatives.every((one) => one.length === 1)
    ? eitherOf(alternatives.map(([one]) => one!))
    : { kind: 'any of', alternatives, negated: false };
}
