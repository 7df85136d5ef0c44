import {
  deprecatedItem,
  invalidListName,
  invalidMacroName,
  rulesValidate,
  rulesYamlValidate,
} from './codes.ts';
import { collectCorrelation } from './collect-correlation.ts';
import type { CorrelationDraft, ListDraft, MacroDraft, RuleDraft } from './drafts.ts';
import { isNamed, needs, nothingBefore, priorityOf, sourceOf, textOf } from './item-values.ts';
import { applyOverrides, type Override, overridesOf } from './override.ts';
import { JoinedText } from './placed-text.ts';
import { mergedExceptions, readExceptions } from './read-exceptions.ts';
import type { Item } from './read-items.ts';
import { checkVersions, type Versions } from './versions.ts';

const NAME = /^[A-Za-z]+[A-Za-z0-9_]*$/;

/** What all items together define, in the order of their first definitions. */
export class Definitions {
  readonly lists: Map<string, ListDraft> = new Map();
  readonly macros: Map<string, MacroDraft> = new Map();
  readonly rules: Map<string, RuleDraft> = new Map();
  readonly correlations: Map<string, CorrelationDraft> = new Map();
  readonly #sources: ReadonlySet<string>;
  readonly #versions: Versions;
  #index = 0;

  /** `sources` are the sources of events that there are. */
  constructor(sources: ReadonlySet<string>, versions: Versions) {
    this.#sources = sources;
    this.#versions = versions;
  }

  /** Takes in one item; what is wrong with it is told, and it is left out. */
  add(item: Item): void {
    this.#index++;
    switch (item.kind) {
      case 'required_engine_version':
      case 'required_plugin_versions':
        checkVersions(item, this.#versions);
        break;
      case 'list':
        if (isNamed(item)) this.#list(item);
        break;
      case 'macro':
        if (isNamed(item)) this.#macro(item);
        break;
      case 'rule':
        if (isNamed(item)) this.#rule(item);
        break;
      case 'correlation':
        if (isNamed(item)) collectCorrelation(this.correlations, item, this.#index, this.#sources);
        break;
    }
  }

  #list(item: Item): void {
    const { name } = item;
    if (!NAME.test(name))
      item.report(
        invalidListName,
        `List has an invalid name. List names should match a regular expression: ${NAME.source}`,
        item.at('list'),
      );
    const before = this.lists.get(name);
    const how = overridesOf(item, ['items'], ['items']);
    if (how === undefined || !needs(item, 'items')) return;
    const items = item.texts('items');
    if (before === undefined) {
      if (how.size > 0) nothingBefore(item);
      else this.lists.set(name, { name, items, item, index: this.#index, visibility: this.#index });
      return;
    }
    before.items = how.get('items') === 'append' ? [...before.items, ...items] : items;
    before.item = item;
    before.visibility = this.#index;
  }

  #macro(item: Item): void {
    const { name } = item;
    if (!NAME.test(name))
      item.report(
        invalidMacroName,
        `Macro has an invalid name. Macro names should match a regular expression: ${NAME.source}`,
        item.at('macro'),
      );
    const before = this.macros.get(name);
    const how = overridesOf(item, ['condition'], ['condition']);
    if (how === undefined || !needs(item, 'condition')) return;
    const condition = textOf(item, 'condition');
    if (condition === undefined) return;
    if (before === undefined) {
      if (how.size > 0) nothingBefore(item);
      else this.macros.set(name, { name, condition, item, index: this.#index, visibility: this.#index });
      return;
    }
    const isAppended = how.get('condition') === 'append';
    before.condition = isAppended ? new JoinedText([before.condition, condition], ' ') : condition;
    before.item = item;
    before.visibility = this.#index;
  }

  #rule(item: Item): void {
    const before = this.rules.get(item.name);
    const how = overridesOf(
      item,
      ['condition', 'output', 'desc', 'tags', 'exceptions'],
      [
        'condition',
        'output',
        'desc',
        'tags',
        'exceptions',
        'priority',
        'enabled',
        'capture',
        'capture_duration',
        'warn_evttypes',
        'skip-if-unknown-filter',
      ],
    );
    if (how === undefined) return;
    if (how.size > 0 || item.boolean('append') === true) {
      if (before === undefined) nothingBefore(item);
      else this.#change(before, item, how);
      return;
    }
    const isToggle =
      item.has('enabled') && !['condition', 'output', 'desc', 'priority'].some((key) => item.has(key));
    if (isToggle) {
      const help = 'write `override: {enabled: replace}` beside `enabled`';
      item.report(
        deprecatedItem,
        "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').",
        item.keyAt('enabled'),
        { help },
      );
      if (before === undefined) nothingBefore(item, 'enabled');
      else before.enabled = item.boolean('enabled') ?? before.enabled;
      return;
    }
    const rule = this.#newRule(item, before);
    if (rule === undefined) return;
    if (before === undefined) this.rules.set(item.name, rule);
    else Object.assign(before, rule, { index: before.index });
  }

  #newRule(item: Item, before: RuleDraft | undefined): RuleDraft | undefined {
    const source = sourceOf(item, before, this.#sources);
    if (source === undefined) return undefined;
    const needed = ['condition', 'output', 'desc', 'priority'].filter((key) => !needs(item, key));
    const [condition, output, description] = ['condition', 'output', 'desc'].map((key) =>
      item.has(key) ? textOf(item, key) : undefined,
    );
    const priority = priorityOf(item);
    if (needed.length > 0 || !condition || !output || !description || !priority) return undefined;
    return {
      name: item.name,
      source,
      condition,
      output,
      description,
      priority,
      tags: item.texts('tags').map(({ text }) => text),
      enabled: item.boolean('enabled') ?? true,
      warnEventTypes: item.boolean('warn_evttypes') ?? true,
      skipIfUnknownFilter: item.boolean('skip-if-unknown-filter') ?? false,
      capture: item.boolean('capture') ?? false,
      captureDuration: durationOf(item),
      exceptions: readExceptions(item, false),
      item,
      index: this.#index,
      visibility: this.#index,
    };
  }

  #change(rule: RuleDraft, item: Item, how: ReadonlyMap<string, Override>): void {
    const isLegacy = item.boolean('append') === true;
    if (isLegacy && !item.has('condition') && !item.has('exceptions')) {
      item.report(rulesValidate, 'Appended rule must have exceptions or condition property', item.at('rule'));
      return;
    }
    const overrides = isLegacy
      ? new Map<string, Override>(
          [
            ['condition', 'append'],
            ['exceptions', 'append'],
          ].filter(([key]) => item.has(key as string)) as [string, Override][],
        )
      : how;
    applyOverrides(rule, item, overrides, {
      text: (key) => textOf(item, key),
      priority: () => priorityOf(item),
      exceptions: (isAppending) => mergedExceptions(rule.exceptions, item, isAppending),
      duration: () => durationOf(item),
    });
    rule.item = item;
    rule.visibility = this.#index;
  }
}

/** Milliseconds. */
function durationOf(item: Item): number | undefined {
  const value = item.fields.capture_duration;
  if (value === undefined || value === null) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  item.report(
    rulesYamlValidate,
    "Can't decode YAML scalar value: `capture_duration` is a number of milliseconds",
    item.at('capture_duration'),
  );
  return undefined;
}
