import { rulesExtension } from './codes.ts';
import type { CorrelationDraft } from './drafts.ts';
import { needs, nothingBefore, priorityOf, sourceOf, textOf } from './item-values.ts';
import { applyAlertOverride, overridesOf } from './override.ts';
import { mergedExceptions, readExceptions } from './read-exceptions.ts';
import type { Item } from './read-items.ts';

/** What a correlation may ask; each has exactly one. */
export const askKinds = ['count', 'sequence', 'absence'] as const;

/** Takes in an item that defines or changes a correlation; what is wrong with it is told, and it is left out. */
export function collectCorrelation(
  known: Map<string, CorrelationDraft>,
  item: Item,
  index: number,
  sources: ReadonlySet<string>,
): void {
  const before = known.get(item.name);
  const appendable = ['output', 'desc', 'tags', 'exceptions'];
  const own = [...askKinds, 'within', 'cooldown', 'max_keys'];
  const how = overridesOf(item, appendable, [...appendable, 'priority', 'enabled', ...own]);
  if (how === undefined) return;
  if (how.size === 0) {
    const draft = newCorrelation(item, before, index, sources);
    if (draft !== undefined) known.set(item.name, draft);
    return;
  }
  if (before === undefined) {
    nothingBefore(item);
    return;
  }
  if (!asksOneThing(item, 1)) return;
  for (const [key, kind] of how) {
    const isShared = applyAlertOverride(before, item, key, kind, {
      text: (name) => textOf(item, name),
      priority: () => priorityOf(item),
      exceptions: (isAppending) => mergedExceptions(before.exceptions, item, isAppending),
    });
    if (isShared) continue;
    if (key === 'within' || key === 'cooldown') before[key] = item;
    else if (key === 'max_keys') before.maxKeys = item;
    else before.asks = item;
  }
  before.item = item;
  before.visibility = index;
}

function newCorrelation(
  item: Item,
  before: CorrelationDraft | undefined,
  index: number,
  sources: ReadonlySet<string>,
): CorrelationDraft | undefined {
  const source = sourceOf(item, before, sources);
  const missing = ['within', 'output', 'desc', 'priority'].filter((key) => !needs(item, key));
  const isOne = asksOneThing(item, 0);
  const [output, description] = ['output', 'desc'].map((key) =>
    item.has(key) ? textOf(item, key) : undefined,
  );
  const priority = priorityOf(item);
  if (source === undefined || missing.length > 0 || !isOne || !output || !description || !priority)
    return undefined;
  return {
    name: item.name,
    source,
    output,
    description,
    priority,
    tags: item.texts('tags').map(({ text }) => text),
    enabled: item.boolean('enabled') ?? true,
    exceptions: readExceptions(item, false),
    item,
    asks: item,
    within: item,
    cooldown: item,
    maxKeys: item,
    index: before?.index ?? index,
    visibility: index,
  };
}

/** Whether an item has one of the keys that say what is asked, or at most `spare` fewer. */
function asksOneThing(item: Item, spare: number): boolean {
  const given = askKinds.filter((key) => item.has(key));
  if (given.length === 1 || given.length + spare === 1) return true;
  const [, second] = given;
  item.report(
    rulesExtension,
    'A correlation asks exactly one thing: `count`, `sequence` or `absence`',
    second === undefined ? item.context.span : item.keyAt(second),
  );
  return false;
}
