import type { Direction } from '../flow/verdict.ts';
import { add, type Bitset, emptyBitset, fullBitset, has, members, unite, without } from './bitset.ts';
import type { TierRule } from './cluster-policy/model.ts';
import { type PeerView, viewOf } from './endpoint.ts';
import type { ForeignPolicy } from './foreign-policies.ts';
import { blockText } from './ip-block.ts';
import type { Selection } from './label-selector.ts';
import type { Inventory } from './model.ts';
import type { NetworkPolicy, PolicyPeer, PolicyRule } from './network-policy.ts';
import { type IpBlockScope, matchBlock } from './peer-match.ts';
import type { Population } from './population.ts';
import { Ternary } from './ternary.ts';

/** A rule with the workloads that it certainly and possibly admits as the other end. */
export interface CompiledRule extends Selection {
  readonly rule: PolicyRule;
}

/** One direction of a policy. */
export interface DirectedPolicy {
  readonly policy: NetworkPolicy;
  readonly rules: readonly CompiledRule[];
}

/** A policy with the workloads it selects and its rules over workloads. */
export interface CompiledPolicy {
  readonly policy: NetworkPolicy;
  readonly selects: Selection;
  /** Undefined where the policy says nothing about that direction. */
  readonly directions: Readonly<Record<Direction, DirectedPolicy | undefined>>;
}

/** All that decides on the traffic of a workload in one direction. */
export interface SubjectPlan {
  /** Policies that certainly select it: it is isolated when there is one. */
  readonly policies: readonly DirectedPolicy[];
  /** Policies that may select it, or that do but whose content is faulty. */
  readonly possible: readonly DirectedPolicy[];
  /** The rules of `policies`, in their order. */
  readonly rules: readonly CompiledRule[];
  /** Objects of kinds that are not modelled and that bear on it. */
  readonly foreign: readonly ForeignPolicy[];
  /** Rules of the Admin tier in the order of evaluation: they come before all `policies`. */
  readonly admin: readonly TierRule[];
  /** Rules of the Baseline tier in the order of evaluation: they count where no NetworkPolicy isolates. */
  readonly baseline: readonly TierRule[];
}

/** The plan of a workload that nothing selects. */
export const openPlan: SubjectPlan = {
  policies: [],
  possible: [],
  rules: [],
  foreign: [],
  admin: [],
  baseline: [],
};

/** Returns the policies with every selector and block evaluated over the workloads of the inventory. */
export function compilePolicies(
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  population: Population,
  scope: IpBlockScope,
): CompiledPolicy[] {
  const peers = new PeerSets(inventory, population, scope);
  return policies.map((policy) => {
    const direct = (direction: Direction): DirectedPolicy | undefined => {
      const rules = policy.rules[direction];
      if (rules === undefined) return undefined;
      return { policy, rules: rules.map((rule) => ({ rule, ...peers.admitted(rule, policy.namespace) })) };
    };
    return {
      policy,
      selects: population.select(policy.subject, policy.namespace),
      directions: { egress: direct('egress'), ingress: direct('ingress') },
    };
  });
}

/** The workloads that peers mean, as the other end of a connection. */
class PeerSets {
  readonly #population: Population;
  readonly #scope: IpBlockScope;
  readonly #views: readonly PeerView[];
  readonly #byBlock = new Map<string, Selection>();

  constructor(inventory: Inventory, population: Population, scope: IpBlockScope) {
    this.#population = population;
    this.#scope = scope;
    this.#views = inventory.workloads.map((workload) => viewOf({ kind: 'workload', workload }, inventory));
  }

  admitted({ peers }: PolicyRule, namespace: string): Selection {
    const size = this.#views.length;
    if (peers === undefined) return { yes: fullBitset(size), maybe: emptyBitset(size) };
    let [yes, maybe]: [Bitset, Bitset] = [emptyBitset(size), emptyBitset(size)];
    for (const peer of peers) {
      const answer = this.#selected(peer, namespace);
      yes = unite(yes, answer.yes);
      maybe = unite(maybe, answer.maybe);
    }
    return { yes, maybe: without(maybe, yes) };
  }

  #selected(peer: PolicyPeer, namespace: string): Selection {
    if (peer.block === undefined) {
      return this.#population.select(peer.podSelector, peer.namespaceSelector ?? namespace);
    }
    const key = blockText(peer.block);
    let answer = this.#byBlock.get(key);
    if (answer === undefined) {
      const [yes, maybe] = [emptyBitset(this.#views.length), emptyBitset(this.#views.length)];
      for (const [index, view] of this.#views.entries()) {
        const match = matchBlock(peer.block, view, this.#scope);
        if (match !== Ternary.No) add(match === Ternary.Yes ? yes : maybe, index);
      }
      answer = { yes, maybe };
      this.#byBlock.set(key, answer);
    }
    return answer;
  }
}

/** Returns the plan of every workload for one direction, by workload index; equal plans are one object. */
export function subjectPlans(
  direction: Direction,
  inventory: Inventory,
  policies: readonly CompiledPolicy[],
  foreign: readonly ForeignPolicy[],
): SubjectPlan[] {
  const certain: number[][] = inventory.workloads.map(() => []);
  const possible: number[][] = inventory.workloads.map(() => []);
  const others: number[][] = inventory.workloads.map(() => []);
  for (const [index, { policy, selects, directions }] of policies.entries()) {
    if (directions[direction] === undefined) continue;
    const sound = policy.fault === undefined;
    for (const workload of members(selects.yes)) (sound ? certain : possible)[workload]?.push(index);
    for (const workload of members(selects.maybe)) possible[workload]?.push(index);
  }
  for (const [index, { directions, pods }] of foreign.entries()) {
    if (directions.has(direction)) for (const workload of members(pods)) others[workload]?.push(index);
  }
  const known = new Map<string, SubjectPlan>([['||', openPlan]]);
  const directed = (indexes: readonly number[] | undefined) =>
    (indexes ?? []).map((index) => policies[index]?.directions[direction] as DirectedPolicy);
  return inventory.workloads.map(({ index }) => {
    const key = `${certain[index]}|${possible[index]}|${others[index]}`;
    let plan = known.get(key);
    if (plan === undefined) {
      const isolating = directed(certain[index]);
      plan = {
        policies: isolating,
        possible: directed(possible[index]),
        rules: isolating.flatMap(({ rules }) => rules),
        foreign: (others[index] ?? []).map((at) => foreign[at] as ForeignPolicy),
        admin: [],
        baseline: [],
      };
      known.set(key, plan);
    }
    return plan;
  });
}

/** Returns how a rule answers for the workload with this index as the other end, ports left aside. */
export function admits({ yes, maybe }: CompiledRule, peer: number): Ternary {
  if (has(yes, peer)) return Ternary.Yes;
  return has(maybe, peer) ? Ternary.Maybe : Ternary.No;
}
