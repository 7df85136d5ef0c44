import type { Comparison, Condition, Literal } from './ast.ts';
import type { SourceCatalogue } from './operand-type.ts';

/** One flag per type of event, by its number. */
export type EventTypeSet = Uint8Array;

/**
 * Returns for which types of events a condition may hold, going by its comparisons of `evt.type` alone: every other
 * comparison may hold, or not, for all of them. Macros must have been put in.
 */
export function eventTypesOf(condition: Condition, source: SourceCatalogue): EventTypeSet {
  return new TypeFinder(source).find(condition, false);
}

class TypeFinder {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #count: number;
  readonly #known = [new Map<Condition, EventTypeSet>(), new Map<Condition, EventTypeSet>()] as const;

  constructor({ types }: SourceCatalogue) {
    this.#numbers = new Map(types.map((name, number) => [name, number]));
    this.#count = types.length;
  }

  find(condition: Condition, isNegated: boolean): EventTypeSet {
    const known = this.#known[isNegated ? 1 : 0];
    const found = known.get(condition) ?? this.#find(condition, isNegated);
    known.set(condition, found);
    return found;
  }

  #find(condition: Condition, isNegated: boolean): EventTypeSet {
    switch (condition.kind) {
      case 'not':
        return this.find(condition.term, !isNegated);
      case 'and':
      case 'or': {
        const sets = condition.terms.map((term) => this.find(term, isNegated));
        const isUnion = (condition.kind === 'or') !== isNegated;
        return Uint8Array.from({ length: this.#count }, (_, type) => {
          return Number(isUnion ? sets.some((set) => set[type] === 1) : sets.every((set) => set[type] === 1));
        });
      }
      case 'comparison':
        return this.#comparison(condition, isNegated);
      default:
        return new Uint8Array(this.#count).fill(1);
    }
  }

  #comparison({ left, operator, modifier, right }: Comparison, isNegated: boolean): EventTypeSet {
    const all = new Uint8Array(this.#count).fill(1);
    if (left.kind !== 'field' || left.name !== 'evt.type') return all;
    const values = right.kind === 'list' ? right.items : [right];
    if (modifier !== undefined || !values.every((value): value is Literal => value.kind === 'literal'))
      return all;
    const isExcluding = operator === '!=';
    if (!isExcluding && operator !== '=' && operator !== '==' && operator !== 'in') return all;
    const named = new Uint8Array(this.#count);
    for (const { text } of values) {
      const number = this.#numbers.get(text);
      if (number !== undefined) named[number] = 1;
    }
    return isExcluding !== isNegated ? named.map((flag) => 1 - flag) : named;
  }
}
