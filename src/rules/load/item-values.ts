import { type Priority, priorities } from '../rule-set.ts';
import { rulesValidate, rulesYamlValidate, unknownSource } from './codes.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';

const words: Readonly<Partial<Record<Item['kind'], string>>> = {
  rule: 'Rule',
  macro: 'Macro',
  list: 'List',
  correlation: 'Correlation',
};

/** Whether an item has a name; one without is told. */
export function isNamed(item: Item): boolean {
  if (item.name !== '') return true;
  item.report(rulesYamlValidate, `Mapping for key '${item.kind}' is empty`, item.keyAt(item.kind));
  return false;
}

/** Whether an item has a key that it needs; a missing one is told. */
export function needs(item: Item, key: string): boolean {
  if (item.has(key)) return true;
  item.report(rulesYamlValidate, `Item has no mapping for key '${key}'`, item.context.span);
  return false;
}

/** The text of a key that is there; anything but a text is told. */
export function textOf(item: Item, key: string): PlacedText | undefined {
  const text = item.text(key);
  if (text === undefined)
    item.report(rulesYamlValidate, `Can't decode YAML scalar value: \`${key}\` is a text`, item.at(key));
  return text;
}

/** The priority, in any case of letters; undefined when there is none, and when it is none, which is told. */
export function priorityOf(item: Item): Priority | undefined {
  const text = item.text('priority')?.text;
  if (text === undefined) return undefined;
  const wanted = text.toLowerCase() === 'info' ? 'informational' : text.toLowerCase();
  const found = priorities.find((one) => one.toLowerCase() === wanted);
  if (found === undefined)
    item.report(rulesYamlValidate, 'Invalid priority', item.at('priority'), {
      help: `one of ${priorities.join(', ')}`,
    });
  return found;
}

/** The source of events; undefined when there is no such source, or another than the one it had before, which is told. */
export function sourceOf(
  item: Item,
  before: { readonly source: string } | undefined,
  sources: ReadonlySet<string>,
): string | undefined {
  const source = item.text('source')?.text ?? 'syscall';
  const place = item.has('source') ? item.at('source') : item.at(item.kind);
  if (!sources.has(source)) {
    item.report(unknownSource, `Unknown source ${source}, skipping`, place);
    return undefined;
  }
  if (before === undefined || before.source === source) return source;
  item.report(
    rulesValidate,
    `${words[item.kind]} has been re-defined with a different source than '${before.source}'`,
    place,
  );
  return undefined;
}

/** Tells that an item changes another one that is not there. */
export function nothingBefore(item: Item, key: string = item.has('override') ? 'override' : 'append'): void {
  const message = `${words[item.kind]} has '${key}' key but no ${item.kind} by that name already exists`;
  item.report(rulesValidate, message, item.keyAt(key));
}
