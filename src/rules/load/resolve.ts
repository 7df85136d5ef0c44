import type { Condition } from '../ast.ts';
import { parseCondition } from '../syntax/parse-condition.ts';
import { rulesCompileCondition, rulesValidate } from './codes.ts';
import type { Definitions } from './collect.ts';
import type { MacroDraft } from './drafts.ts';
import { ListSubstitution, type ListValues, quoteItem } from './lists.ts';
import type { PlacedText } from './placed-text.ts';
import type { Item } from './read-items.ts';

/** A condition as it stands in one place, macros not yet put in. */
export interface Piece {
  readonly item: Item;
  /** The text that was parsed, lists put in. */
  readonly text: PlacedText;
  readonly condition: Condition;
}

/** A condition with its macros, and the pieces that it is made of. */
export interface ResolvedCondition {
  readonly condition: Condition;
  readonly pieces: ReadonlySet<Piece>;
}

/** What is known of a macro: nothing while it is being resolved, null when it is faulty. */
type MacroState = { readonly draft: MacroDraft; state: ResolvedCondition | 'busy' | null | undefined };

/** Puts lists and macros into conditions. Remembers what was used. */
export class Resolver {
  readonly usedMacros: Set<string> = new Set();
  readonly #lists: ListSubstitution;
  readonly #macros: ReadonlyMap<string, MacroState>;

  constructor({ lists, macros }: Definitions) {
    const byName = new Map<string, ListValues>();
    const usedInLists = new Set<string>();
    for (const { name, items, index, visibility } of lists.values()) {
      const values = items.flatMap(({ text }) => {
        const other = lists.get(text);
        if (other === undefined || other.index >= visibility) return [quoteItem(text)];
        usedInLists.add(text);
        return other.items.map((item) => quoteItem(item.text));
      });
      byName.set(name, { name, index, values });
    }
    this.#lists = new ListSubstitution(byName);
    for (const name of usedInLists) this.#lists.used.add(name);
    this.#macros = new Map([...macros].map(([name, draft]) => [name, { draft, state: undefined }]));
    for (const macro of this.#macros.values()) this.#macro(macro);
  }

  get usedLists(): ReadonlySet<string> {
    return this.#lists.used;
  }

  /** Returns a rule's condition with everything put in; undefined when something is wrong, which is told. */
  resolve(item: Item, condition: PlacedText): ResolvedCondition | undefined {
    return this.#resolve(item, condition, Number.POSITIVE_INFINITY) ?? undefined;
  }

  #macro(macro: MacroState): void {
    if (macro.state !== undefined) return;
    macro.state = 'busy';
    const { item, condition, visibility } = macro.draft;
    macro.state = this.#resolve(item, condition, visibility);
  }

  #resolve(item: Item, source: PlacedText, visibility: number): ResolvedCondition | null {
    const text = this.#lists.apply(source);
    if (text === undefined) {
      item.report(
        rulesCompileCondition,
        'the condition grows too long when its lists are put in',
        source.at({ start: 0, end: 0 }),
      );
      return null;
    }
    const parsed = parseCondition(text.text);
    if (!parsed.ok) {
      item.report(rulesCompileCondition, parsed.message, text.at(parsed.at));
      return null;
    }
    const pieces = new Set<Piece>([{ item, text, condition: parsed.condition }]);
    const condition = this.#inline(parsed.condition, item, text, visibility, pieces);
    return condition === undefined ? null : { condition, pieces };
  }

  /** The condition with macros put in; undefined when one is not there. */
  #inline(
    condition: Condition,
    item: Item,
    text: PlacedText,
    visibility: number,
    pieces: Set<Piece>,
  ): Condition | undefined {
    switch (condition.kind) {
      case 'macro': {
        const macro = this.#macros.get(condition.name);
        if (macro === undefined || macro.draft.index >= visibility) {
          item.report(
            rulesValidate,
            `Undefined macro '${condition.name}' used in filter.`,
            text.at(condition.at),
          );
          return undefined;
        }
        this.usedMacros.add(condition.name);
        this.#macro(macro);
        if (macro.state === 'busy') {
          item.report(rulesValidate, `reference loop in macro '${condition.name}'`, text.at(condition.at));
          return undefined;
        }
        for (const piece of macro.state?.pieces ?? []) pieces.add(piece);
        return macro.state?.condition;
      }
      case 'and':
      case 'or': {
        const terms = condition.terms.map((term) => this.#inline(term, item, text, visibility, pieces));
        if (terms.includes(undefined)) return undefined;
        const same = terms.every((term, index) => term === condition.terms[index]);
        return same ? condition : { ...condition, terms: terms as Condition[] };
      }
      case 'not': {
        const term = this.#inline(condition.term, item, text, visibility, pieces);
        return term === undefined || term === condition.term ? term && condition : { ...condition, term };
      }
      default:
        return condition;
    }
  }
}
