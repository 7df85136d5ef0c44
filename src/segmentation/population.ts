import { add, type Bitset, emptyBitset, fullBitset, has, intersect, unite, without } from './bitset.ts';
import { LabelIndex, type Selection, type Selector } from './label-selector.ts';
import type { Inventory } from './model.ts';

/** Answers which workloads the selectors of policies mean, each distinct selector once. */
export class Population {
  readonly #inventory: Inventory;
  readonly #podLabels: LabelIndex;
  readonly #namespaceLabels: LabelIndex;
  /** Workloads that selectors can match: not on the host's network, not finished. */
  readonly #selectable: Bitset;
  readonly #answers = new Map<string, Selection>();

  constructor(inventory: Inventory) {
    const { workloads, namespaces } = inventory;
    this.#inventory = inventory;
    this.#podLabels = new LabelIndex(workloads.map(({ labels }) => labels));
    this.#namespaceLabels = new LabelIndex(namespaces.map(({ labels }) => labels));
    this.#selectable = this.#filter(({ hostNetwork, finished }) => !hostNetwork && !finished);
  }

  #filter(test: (workload: Inventory['workloads'][number]) => boolean): Bitset {
    const set = emptyBitset(this.#inventory.workloads.length);
    for (const workload of this.#inventory.workloads) if (test(workload)) add(set, workload.index);
    return set;
  }

  /**
   * Returns the pods that `pods` matches (all when undefined) in the namespaces that `namespaces` matches: a selector,
   * or the name of one namespace.
   */
  select(pods: Selector | undefined, namespaces: Selector | string): Selection {
    const key = `${typeof namespaces === 'string' ? `=${namespaces}` : keyOf(namespaces)}\n${pods === undefined ? '' : keyOf(pods)}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#select(pods, namespaces);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #select(pods: Selector | undefined, namespaces: Selector | string): Selection {
    const where = typeof namespaces === 'string' ? this.#in(namespaces) : this.#inAny(namespaces);
    const nobody = emptyBitset(this.#inventory.workloads.length);
    const which = pods === undefined ? undefined : this.#podLabels.select(pods);
    const everybody = fullBitset(this.#inventory.workloads.length);
    const yes = intersect(intersect(where.yes, which?.yes ?? everybody), this.#selectable);
    const possibly = intersect(
      unite(where.yes, where.maybe),
      unite(which?.yes ?? everybody, which?.maybe ?? nobody),
    );
    return { yes, maybe: without(intersect(possibly, this.#selectable), yes) };
  }

  #in(name: string): Selection {
    return {
      yes: this.#filter(({ namespace }) => namespace.name === name),
      maybe: emptyBitset(this.#inventory.workloads.length),
    };
  }

  #inAny(selector: Selector): Selection {
    const { yes, maybe } = this.#namespaceLabels.select(selector);
    return {
      yes: this.#filter(({ namespace }) => has(yes, namespace.index)),
      maybe: this.#filter(({ namespace }) => has(maybe, namespace.index)),
    };
  }
}

function keyOf(selector: Selector): string {
  return JSON.stringify(selector.map(({ key, operator, values }) => [key, operator, ...values]));
}
