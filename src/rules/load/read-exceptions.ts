import type { Path } from '../../manifest/resource.ts';
import { appendNoValues, exceptionNameNotUnique, rulesValidate, rulesYamlValidate } from './codes.ts';
import type { ExceptionDraft, ExceptionRow, ExceptionValue } from './drafts.ts';
import type { ItemContext } from './findings.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';

/** Returns the exceptions of a rule's item; in one that appends they may lack fields, to be found in the rule before. */
export function readExceptions(item: Item, isAppending: boolean): ExceptionDraft[] {
  const { exceptions } = item.fields;
  if (exceptions === undefined || exceptions === null) return [];
  if (!Array.isArray(exceptions)) {
    item.report(rulesYamlValidate, 'Rule exceptions must be a sequence', item.at('exceptions'));
    return [];
  }
  const found: ExceptionDraft[] = [];
  for (const [index, value] of exceptions.entries()) {
    const one = readException(item, value, ['exceptions', index], isAppending);
    if (one === undefined) continue;
    if (found.some(({ name }) => name === one.name)) {
      const message = `Multiple definitions of exception '${one.name}' in the same rule`;
      item.report(exceptionNameNotUnique, message, one.span, { inner: one.context });
    }
    found.push(one);
  }
  return found;
}

/** Returns exceptions with those of an item: values of known ones are added, new ones need fields. */
export function mergedExceptions(
  before: readonly ExceptionDraft[],
  item: Item,
  isAppending: boolean,
): readonly ExceptionDraft[] {
  const given = readExceptions(item, isAppending);
  if (!isAppending) return given;
  const result = [...before];
  for (const one of given) {
    const at = result.findIndex(({ name }) => name === one.name);
    const known = result[at];
    const fault = (message: string) => item.report(rulesValidate, message, one.span, { inner: one.context });
    if (known === undefined) {
      if (one.fields.length === 0) fault('Rule exception must have fields property with a list of fields');
      else if (one.values.length === 0) fault('Rule exception must have values property');
      else result.push(one);
      continue;
    }
    if (one.fields.length > 0) fault('Can not append exception fields to existing exception, only values');
    else if (one.comps.length > 0) fault('Can not append exception comps to existing exception, only values');
    else if (one.values.length === 0)
      item.report(appendNoValues, 'Overriding/appending exception with no values', one.span, {
        inner: one.context,
      });
    else result[at] = { ...known, values: [...known.values, ...one.values] };
  }
  return result;
}

function readException(
  item: Item,
  value: unknown,
  path: Path,
  isAppending: boolean,
): ExceptionDraft | undefined {
  const span = item.at(...path);
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const name = item.text(...path, 'name');
  const context: ItemContext = {
    type: 'exception',
    name: name?.text ?? '',
    span: name === undefined ? span : item.at(...path, 'name'),
  };
  const fault = (message: string) =>
    item.report(rulesYamlValidate, message, context.span, { inner: context });
  if (name === undefined) {
    fault("Item has no mapping for key 'name'");
    return undefined;
  }
  const has = (key: string) => (fields as Record<string, unknown>)[key] !== undefined;
  if (!has('fields') && !isAppending) {
    fault("Item has no mapping for key 'fields'");
    return undefined;
  }
  const single = !Array.isArray((fields as Record<string, unknown>).fields);
  return {
    name: name.text,
    context,
    span: context.span,
    single,
    fields: textsOf(item, [...path, 'fields'], fields, 'fields'),
    comps: textsOf(item, [...path, 'comps'], fields, 'comps'),
    values: rowsOf(item, [...path, 'values'], fields),
  };
}

function textsOf(item: Item, path: Path, fields: object, key: string): PlacedText[] {
  const value = (fields as Record<string, unknown>)[key];
  if (value === undefined) return [];
  if (Array.isArray(value)) return item.texts(...path);
  return [item.text(...path)].filter((text) => text !== undefined);
}

function rowsOf(item: Item, path: Path, fields: object): ExceptionRow[] {
  const { values } = fields as { readonly values?: unknown };
  if (values === undefined || values === null) return [];
  if (!Array.isArray(values)) {
    item.report(rulesYamlValidate, 'Exception values must be a sequence', item.at(...path));
    return [];
  }
  return values.map((row, index): ExceptionRow => {
    const at = [...path, index];
    const cells = Array.isArray(row)
      ? row.map((_, cell) => valueAt(item, row, at, cell))
      : [item.text(...at)];
    return { values: cells.filter((cell) => cell !== undefined), span: item.at(...at) };
  });
}

function valueAt(item: Item, row: readonly unknown[], at: Path, cell: number): ExceptionValue | undefined {
  return Array.isArray(row[cell]) ? item.texts(...at, cell) : item.text(...at, cell);
}
