import type { Priority } from '../rule-set.ts';
import { rulesValidate } from './codes.ts';
import type { AlertDraft, ExceptionDraft, RuleDraft } from './drafts.ts';
import { JoinedText, type PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';

export type Override = 'append' | 'replace';

/** Keys that name an item or say how it is taken, and so are never changed by it. */
const aside: ReadonlySet<string> = new Set([
  'rule',
  'macro',
  'list',
  'correlation',
  'append',
  'override',
  'source',
]);

/**
 * Returns how an item changes an earlier one, key by key; empty when it does not, undefined when what it says of that is
 * wrong. Each overridable key of the item must be listed, and each listed one be there.
 */
export function overridesOf(
  item: Item,
  appendable: readonly string[],
  replaceable: readonly string[],
): ReadonlyMap<string, Override> | undefined {
  const { override } = item.fields;
  const isAppending = item.boolean('append') === true;
  const fault = (message: string, key = 'override'): undefined => {
    item.report(rulesValidate, message, item.keyAt(key));
    return undefined;
  };
  if (override === undefined || override === null) {
    return new Map(
      isAppending && (item.kind === 'macro' || item.kind === 'list')
        ? [[appendable[0] as string, 'append']]
        : [],
    );
  }
  if (isAppending)
    return fault(
      "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under override instead.",
    );
  if (typeof override !== 'object' || Array.isArray(override))
    return fault("Key 'override' must be a map of keys to `append` or `replace`");
  const found = new Map<string, Override>();
  for (const [key, how] of Object.entries(override)) {
    if (how !== 'append' && how !== 'replace')
      return fault(`Key '${key}' cannot be overridden as \`${how}\`: it is \`append\` or \`replace\``);
    if (!(how === 'append' ? appendable : replaceable).includes(key)) {
      return fault(
        `Key '${key}' cannot be ${how === 'append' ? 'appended to' : 'replaced'}, use one of: ${(how === 'append' ? appendable : replaceable).join(', ')}`,
      );
    }
    if (!item.has(key))
      return fault(`An ${how} override for '${key}' was specified but '${key}' is not defined`);
    found.set(key, how);
  }
  const unlisted = Object.keys(item.fields).find(
    (key) => !aside.has(key) && !found.has(key) && replaceable.includes(key),
  );
  if (unlisted !== undefined)
    return fault(
      `Unexpected key '${unlisted}': no corresponding entry under 'override' is defined`,
      unlisted,
    );
  return found;
}

/** How the values of an item's keys are read. */
export interface KeyReaders {
  text(key: string): PlacedText | undefined;
  priority(): Priority | undefined;
  exceptions(isAppending: boolean): readonly ExceptionDraft[];
}

/** Changes a rule by the keys of an item. `duration` reads that of a recording. */
export function applyOverrides(
  rule: RuleDraft,
  item: Item,
  overrides: ReadonlyMap<string, Override>,
  read: KeyReaders & { duration(): number | undefined },
): void {
  for (const [key, how] of overrides) {
    if (applyAlertOverride(rule, item, key, how, read)) continue;
    switch (key) {
      case 'condition':
        rule.condition = changed(rule.condition, read.text(key), how);
        break;
      case 'capture':
        rule.capture = item.boolean('capture') ?? rule.capture;
        break;
      case 'capture_duration':
        rule.captureDuration = read.duration();
        break;
      case 'warn_evttypes':
        rule.warnEventTypes = item.boolean(key) ?? rule.warnEventTypes;
        break;
      case 'skip-if-unknown-filter':
        rule.skipIfUnknownFilter = item.boolean(key) ?? rule.skipIfUnknownFilter;
        break;
    }
  }
}

/** Changes what makes alerts by one key of an item; false when the key is none of those that they all have. */
export function applyAlertOverride(
  draft: AlertDraft,
  item: Item,
  key: string,
  how: Override,
  read: KeyReaders,
): boolean {
  switch (key) {
    case 'output':
      draft.output = changed(draft.output, read.text(key), how);
      return true;
    case 'desc':
      draft.description = changed(draft.description, read.text(key), how);
      return true;
    case 'tags': {
      const tags = item.texts('tags').map(({ text }) => text);
      draft.tags = how === 'append' ? [...draft.tags, ...tags] : tags;
      return true;
    }
    case 'exceptions':
      draft.exceptions = read.exceptions(how === 'append');
      return true;
    case 'priority':
      draft.priority = read.priority() ?? draft.priority;
      return true;
    case 'enabled':
      draft.enabled = item.boolean('enabled') ?? draft.enabled;
      return true;
    default:
      return false;
  }
}

function changed(before: PlacedText, text: PlacedText | undefined, how: Override): PlacedText {
  if (text === undefined) return before;
  return how === 'append' ? new JoinedText([before, text], ' ') : text;
}
