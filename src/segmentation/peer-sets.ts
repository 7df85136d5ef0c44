import type { AddressSet } from '../net/address-set.ts';
import { add, type Bitset, emptyBitset, fullBitset, unite, without } from './bitset.ts';
import { type PeerView, viewOf } from './endpoint.ts';
import type { Selection } from './label-selector.ts';
import type { Inventory } from './model.ts';
import type { PolicyRule } from './network-policy.ts';
import { type IpBlockScope, matchAddresses } from './peer-match.ts';
import type { Population } from './population.ts';
import { Ternary } from './ternary.ts';

/** The workloads that peers mean, as the other end of a connection. */
export class PeerSets {
  readonly population: Population;
  readonly #scope: IpBlockScope;
  readonly #views: readonly PeerView[];
  readonly #byAddresses = new Map<string, Selection>();

  constructor(inventory: Inventory, population: Population, scope: IpBlockScope) {
    this.population = population;
    this.#scope = scope;
    this.#views = inventory.workloads.map((workload) => viewOf({ kind: 'workload', workload }, inventory));
  }

  /** Returns the workloads that a rule of a NetworkPolicy in `namespace` admits, ports left aside. */
  admitted({ peers, blocks }: PolicyRule, namespace: string): Selection {
    if (peers === undefined) return this.everybody();
    const selected = peers
      .filter(({ block }) => block === undefined)
      .map(({ podSelector, namespaceSelector }) =>
        this.population.select(podSelector, namespaceSelector ?? namespace),
      );
    return this.union(blocks === undefined ? selected : [...selected, this.atAddresses(blocks)]);
  }

  everybody(): Selection {
    return { yes: fullBitset(this.#views.length), maybe: emptyBitset(this.#views.length) };
  }

  union(selections: readonly Selection[]): Selection {
    let [yes, maybe]: [Bitset, Bitset] = [emptyBitset(this.#views.length), emptyBitset(this.#views.length)];
    for (const answer of selections) {
      yes = unite(yes, answer.yes);
      maybe = unite(maybe, answer.maybe);
    }
    return { yes, maybe: without(maybe, yes) };
  }

  /** Returns the workloads whose address lies in the set; whether pods count is up to `scope`. */
  atAddresses(set: AddressSet, scope = this.#scope): Selection {
    const key = `${scope} ${set}`;
    let answer = this.#byAddresses.get(key);
    if (answer === undefined) {
      // Workloads without a known address are many, and one answer holds for all of them.
      const unknown = new Map<boolean, Ternary>();
      answer = this.filter((view) => {
        if (view.addresses.length > 0) return matchAddresses(set, view, scope);
        const known = unknown.get(view.isPod) ?? matchAddresses(set, view, scope);
        unknown.set(view.isPod, known);
        return known;
      });
      this.#byAddresses.set(key, answer);
    }
    return answer;
  }

  filter(test: (view: PeerView) => Ternary): Selection {
    const [yes, maybe] = [emptyBitset(this.#views.length), emptyBitset(this.#views.length)];
    for (const [index, view] of this.#views.entries()) {
      const match = test(view);
      if (match !== Ternary.No) add(match === Ternary.Yes ? yes : maybe, index);
    }
    return { yes, maybe };
  }
}
