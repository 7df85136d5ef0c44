import { add, type Bitset, emptyBitset, fullBitset, intersect, unite, without } from './bitset.ts';
import { both, Ternary } from './ternary.ts';

/** The labels of one object, and for which keys the manifests do not tell whether and how they are set. */
export interface Labels {
  readonly known: ReadonlyMap<string, string>;
  /** `others`: every key that is not in `known`. */
  readonly undetermined: ReadonlySet<string> | 'others';
}

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

/** One condition on one label key. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: ReadonlySet<string>;
}

/** A compiled LabelSelector: the conjunction of its requirements; the empty one matches everything. */
export type Selector = readonly Requirement[];

/** Objects that certainly and that possibly match; disjoint. */
export interface Selection {
  readonly yes: Bitset;
  readonly maybe: Bitset;
}

const noValues: ReadonlySet<string> = new Set();
const operators: ReadonlySet<string> = new Set<SelectorOperator>(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/**
 * Returns the compiled form of a `meta/v1` LabelSelector (`matchLabels` and `matchExpressions`, all of which must
 * hold; null parts count as absent), or undefined for a value that the API server would refuse: wrong types, an
 * unknown operator, In or NotIn without values, Exists or DoesNotExist with values.
 */
export function compileSelector(value: unknown): Selector | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { matchLabels, matchExpressions } = value as { matchLabels?: unknown; matchExpressions?: unknown };
  const requirements: Requirement[] = [];
  if (matchLabels !== undefined && matchLabels !== null) {
    if (typeof matchLabels !== 'object' || Array.isArray(matchLabels)) return undefined;
    for (const [key, text] of Object.entries(matchLabels)) {
      if (typeof text !== 'string') return undefined;
      requirements.push({ key, operator: 'In', values: new Set([text]) });
    }
  }
  if (matchExpressions !== undefined && matchExpressions !== null) {
    if (!Array.isArray(matchExpressions)) return undefined;
    for (const expression of matchExpressions) {
      const requirement = compileExpression(expression);
      if (requirement === undefined) return undefined;
      requirements.push(requirement);
    }
  }
  return requirements;
}

function compileExpression(value: unknown): Requirement | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { key, operator, values } = value as { key?: unknown; operator?: unknown; values?: unknown };
  if (typeof key !== 'string' || typeof operator !== 'string' || !operators.has(operator)) return undefined;
  const list = values ?? [];
  if (!Array.isArray(list) || !list.every((text) => typeof text === 'string')) return undefined;
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues !== list.length > 0) return undefined;
  return {
    key,
    operator: operator as SelectorOperator,
    values: takesValues ? new Set(list) : noValues,
  };
}

/** Returns whether `selector` matches an object with these labels. NotIn and DoesNotExist match a missing key. */
export function matches(selector: Selector, labels: Labels): Ternary {
  let answer: Ternary = Ternary.Yes;
  for (const requirement of selector) answer = both(answer, meets(requirement, labels));
  return answer;
}

function meets({ key, operator, values }: Requirement, { known, undetermined }: Labels): Ternary {
  const value = known.get(key);
  if (value === undefined && (undetermined === 'others' || undetermined.has(key))) return Ternary.Maybe;
  const positive = operator === 'In' || operator === 'Exists';
  const found = value !== undefined && (values === noValues || values.has(value));
  return found === positive ? Ternary.Yes : Ternary.No;
}

/** Returns the selector as people write it on a command line, e.g. `tier=db,env in (a,b),!canary`. */
export function selectorText(selector: Selector): string {
  if (selector.length === 0) return 'everything';
  return selector
    .map(({ key, operator, values }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      const list = [...values];
      if (operator === 'In' && list.length === 1) return `${key}=${list[0]}`;
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${list.join(',')})`;
    })
    .join(',');
}

/** Answers selectors over a fixed population at once: one set operation per label value instead of one test per object. */
export class LabelIndex {
  readonly #size: number;
  readonly #byKey = new Map<string, { readonly present: Bitset; readonly byValue: Map<string, Bitset> }>();
  readonly #undetermined = new Map<string, Bitset>();
  readonly #others: Bitset;

  constructor(population: readonly Labels[]) {
    this.#size = population.length;
    this.#others = emptyBitset(this.#size);
    for (const [i, { known, undetermined }] of population.entries()) {
      for (const [key, value] of known) this.#record(i, key, value);
      if (undetermined === 'others') {
        add(this.#others, i);
        continue;
      }
      for (const key of undetermined) {
        if (!known.has(key))
          add(
            getOrInsert(this.#undetermined, key, () => emptyBitset(this.#size)),
            i,
          );
      }
    }
  }

  #record(member: number, key: string, value: string): void {
    const entry = getOrInsert(this.#byKey, key, () => ({
      present: emptyBitset(this.#size),
      byValue: new Map(),
    }));
    add(entry.present, member);
    add(
      getOrInsert(entry.byValue, value, () => emptyBitset(this.#size)),
      member,
    );
  }

  /** Returns which objects `selector` matches; the same answers as {@link matches} one by one. */
  select(selector: Selector): Selection {
    let yes = fullBitset(this.#size);
    let possible = yes;
    for (const requirement of selector) {
      const answer = this.#meet(requirement);
      yes = intersect(yes, answer.yes);
      possible = intersect(possible, unite(answer.yes, answer.maybe));
    }
    return { yes, maybe: without(possible, yes) };
  }

  #meet({ key, operator, values }: Requirement): Selection {
    const entry = this.#byKey.get(key);
    const nobody = emptyBitset(this.#size);
    const present = entry?.present ?? nobody;
    const maybe = unite(this.#undetermined.get(key) ?? nobody, without(this.#others, present));
    let found = present;
    if (values !== noValues) {
      found = nobody;
      for (const value of values) found = unite(found, entry?.byValue.get(value) ?? nobody);
    }
    const positive = operator === 'In' || operator === 'Exists';
    return { yes: positive ? found : without(without(fullBitset(this.#size), found), maybe), maybe };
  }
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
