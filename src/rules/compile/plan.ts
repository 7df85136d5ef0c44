import type { EventSource } from '../../event/field.ts';
import type { Comparison, Condition, Exists, Literal } from '../ast.ts';
import { renderCondition, renderOperand } from '../syntax/render-condition.ts';
import { type Leaf, leafOf } from './leaf.ts';

/** What is known of every term: `cost` and `chance` (to hold) are guesses, for the order in which terms are asked. */
interface Weighed {
  readonly id: number;
  readonly cost: number;
  readonly chance: number;
}

/** A term with everything known folded away; equal terms are the same object. */
export type Term<E> = Weighed &
  (
    | { readonly kind: 'constant'; readonly value: boolean }
    | { readonly kind: 'leaf'; readonly leaf: Leaf<E>; readonly field: string }
    | { readonly kind: 'and' | 'or'; readonly terms: readonly Term<E>[] }
    | { readonly kind: 'not'; readonly term: Term<E> }
  );

/**
 * Turns conditions into terms for events of one type, each distinct term once: what compares `evt.type` is decided, what follows is
 * folded, and terms that are cheap and likely to decide stand before others, which changes nothing as no term has a side effect.
 */
export class Planner<E> {
  readonly #source: EventSource<E>;
  /** Name of the type of event; undefined when it may be any. */
  readonly #type: string | undefined;
  readonly #leaves: LeafCache<E>;
  readonly #terms = new Map<string, Term<E>>();
  readonly #known = new Map<Condition, Term<E>>();
  readonly #yes: Term<E>;
  readonly #no: Term<E>;

  constructor(source: EventSource<E>, type: string | undefined, leaves: LeafCache<E>) {
    this.#source = source;
    this.#type = type;
    this.#leaves = leaves;
    this.#yes = this.#intern('yes', (id) => ({
      kind: 'constant',
      value: true,
      id,
      cost: 0,
      chance: 1,
    }));
    this.#no = this.#intern('no', (id) => ({
      kind: 'constant',
      value: false,
      id,
      cost: 0,
      chance: 0,
    }));
  }

  term(condition: Condition): Term<E> {
    const term = this.#known.get(condition) ?? this.#make(condition);
    this.#known.set(condition, term);
    return term;
  }

  #make(condition: Condition): Term<E> {
    switch (condition.kind) {
      case 'and':
      case 'or':
        return this.#joined(
          condition.kind,
          condition.terms.map((term) => this.term(term)),
        );
      case 'not': {
        const term = this.term(condition.term);
        if (term.kind === 'constant') return term.value ? this.#no : this.#yes;
        if (term.kind === 'not') return term.term;
        return this.#intern(`not ${term.id}`, (id) => ({
          kind: 'not',
          term,
          id,
          cost: term.cost,
          chance: 1 - term.chance,
        }));
      }
      case 'macro':
        throw new Error(`a macro was left in a condition: ${condition.name}`);
      default:
        return this.#leaf(condition);
    }
  }

  #joined(kind: 'and' | 'or', terms: readonly Term<E>[]): Term<E> {
    const ending = kind === 'or';
    const distinct = new Map<number, Term<E>>();
    for (const term of terms) {
      // `a and (b and c)` is `a and b and c`.
      for (const one of term.kind === kind ? term.terms : [term]) {
        if (one.kind === 'constant') {
          if (one.value === ending) return one;
          continue;
        }
        distinct.set(one.id, one);
      }
    }
    // What ends the question soonest for its cost comes first: optimal where terms are independent.
    const weight = ({ cost, chance }: Term<E>) => cost / (ending ? chance : 1 - chance);
    const sorted = [...distinct.values()].sort((a, b) => weight(a) - weight(b) || a.id - b.id);
    const [first] = sorted;
    if (first === undefined) return ending ? this.#no : this.#yes;
    if (sorted.length === 1) return first;
    // How likely it is that a term is reached, which makes its cost count.
    let [reached, cost] = [1, 0];
    for (const term of sorted) {
      cost += reached * term.cost;
      reached *= ending ? 1 - term.chance : term.chance;
    }
    const chance = ending ? 1 - reached : reached;
    return this.#intern(`${kind} ${sorted.map(({ id }) => id)}`, (id) => ({
      kind,
      terms: sorted,
      id,
      cost,
      chance,
    }));
  }

  #leaf(condition: Comparison | Exists): Term<E> {
    const decided = this.#type === undefined ? undefined : decide(condition, this.#type);
    if (decided !== undefined) return decided ? this.#yes : this.#no;
    const key = this.#leaves.keyOf(condition);
    return this.#intern(key, (id) => {
      const leaf = this.#leaves.get(key, condition, this.#source);
      const { cost, chance } = leaf;
      return { kind: 'leaf', leaf, field: renderOperand(leaf.left), id, cost, chance };
    });
  }

  #intern(key: string, make: (id: number) => Term<E>): Term<E> {
    let term = this.#terms.get(key);
    if (term === undefined) {
      term = make(this.#terms.size);
      this.#terms.set(key, term);
    }
    return term;
  }
}

/** Comparisons made ready once, for all types of events. */
export class LeafCache<E> {
  readonly #leaves = new Map<string, Leaf<E>>();
  readonly #keys = new WeakMap<Condition, string>();

  keyOf(condition: Comparison | Exists): string {
    const key = this.#keys.get(condition) ?? renderCondition(condition);
    this.#keys.set(condition, key);
    return key;
  }

  get(key: string, condition: Comparison | Exists, source: EventSource<E>): Leaf<E> {
    const leaf = this.#leaves.get(key) ?? leafOf(condition, source);
    this.#leaves.set(key, leaf);
    return leaf;
  }
}

/** What a comparison of `evt.type` says of events of this type; undefined for others. */
function decide(condition: Comparison | Exists, type: string): boolean | undefined {
  const { left } = condition;
  if (left.kind !== 'field' || left.name !== 'evt.type') return undefined;
  if (condition.kind === 'exists') return true;
  const { operator, modifier, right } = condition;
  const values = right.kind === 'list' ? right.items : [right];
  if (modifier !== undefined || !values.every((value): value is Literal => value.kind === 'literal'))
    return undefined;
  const isNamed = values.some(({ text }) => text === type);
  if (operator === '=' || operator === '==' || operator === 'in') return isNamed;
  return operator === '!=' ? !isNamed : undefined;
}
