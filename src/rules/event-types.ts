import type { Comparison, Condition, Literal } from './ast.ts';
import type { SourceCatalogue } from './operand-type.ts';

/** One flag per type of event, by its number. */
export type EventTypeSet = Uint8Array;

/** What was found of each source; conditions that rules share are gone through once. */
const finders = new WeakMap<SourceCatalogue, TypeFinder>();

/**
 * Returns for which types of events a condition may hold, going by its comparisons of `evt.type` alone: every other
 * comparison may hold, or not, for all of them. Macros must have been put in. The set must not be changed.
 */
export function eventTypesOf(condition: Condition, source: SourceCatalogue): EventTypeSet {
  let finder = finders.get(source);
  if (finder === undefined) {
    finder = new TypeFinder(source);
    finders.set(source, finder);
  }
  return finder.find(condition, false);
}

class TypeFinder {
  readonly #numbers: ReadonlyMap<string, number>;
  /** Most conditions do not ask for a type: this one set stands for them. */
  readonly #all: EventTypeSet;
  readonly #known = [new WeakMap<Condition, EventTypeSet>(), new WeakMap<Condition, EventTypeSet>()] as const;

  constructor({ types }: SourceCatalogue) {
    this.#numbers = new Map(types.map((name, number) => [name, number]));
    this.#all = new Uint8Array(types.length).fill(1);
  }

  find(condition: Condition, isNegated: boolean): EventTypeSet {
    const known = this.#known[isNegated ? 1 : 0];
    let found = known.get(condition);
    if (found === undefined) {
      found = this.#find(condition, isNegated);
      known.set(condition, found);
    }
    return found;
  }

  #find(condition: Condition, isNegated: boolean): EventTypeSet {
    switch (condition.kind) {
      case 'not':
        return this.find(condition.term, !isNegated);
      case 'and':
      case 'or': {
        const sets = condition.terms.map((term) => this.find(term, isNegated));
        return (condition.kind === 'or') !== isNegated ? this.#union(sets) : this.#intersection(sets);
      }
      case 'comparison':
        return this.#comparison(condition, isNegated);
      default:
        return this.#all;
    }
  }

  #union(sets: readonly EventTypeSet[]): EventTypeSet {
    if (sets.includes(this.#all)) return this.#all;
    const union = new Uint8Array(this.#all.length);
    for (const set of sets) for (let type = 0; type < union.length; type++) union[type]! |= set[type]!;
    return union;
  }

  #intersection(sets: readonly EventTypeSet[]): EventTypeSet {
    const some = sets.filter((set) => set !== this.#all);
    if (some.length < 2) return some[0] ?? this.#all;
    const both = this.#all.slice();
    for (const set of some) for (let type = 0; type < both.length; type++) both[type]! &= set[type]!;
    return both;
  }

  #comparison({ left, operator, modifier, right }: Comparison, isNegated: boolean): EventTypeSet {
    if (left.kind !== 'field' || left.name !== 'evt.type') return this.#all;
    const values = right.kind === 'list' ? right.items : [right];
    if (modifier !== undefined || !values.every((value): value is Literal => value.kind === 'literal'))
      return this.#all;
    const isExcluding = operator === '!=';
    if (!isExcluding && operator !== '=' && operator !== '==' && operator !== 'in') return this.#all;
    const named = new Uint8Array(this.#all.length);
    for (const { text } of values) {
      const number = this.#numbers.get(text);
      if (number !== undefined) named[number] = 1;
    }
    return isExcluding !== isNegated ? named.map((flag) => 1 - flag) : named;
  }
}
