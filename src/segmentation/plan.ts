import type { Direction } from '../flow/verdict.ts';
import { has, members } from './bitset.ts';
import { type CompiledClusterPolicy, tiersOf } from './cluster-policy/compile.ts';
import type { TierRule } from './cluster-policy/model.ts';
import type { ForeignPolicy } from './foreign-policies.ts';
import type { Selection } from './label-selector.ts';
import type { Inventory } from './model.ts';
import type { NetworkPolicy, PolicyRule } from './network-policy.ts';
import type { PeerSets } from './peer-sets.ts';
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
export function compilePolicies(policies: readonly NetworkPolicy[], peers: PeerSets): CompiledPolicy[] {
  return policies.map((policy) => {
    const direct = (direction: Direction): DirectedPolicy | undefined => {
      const rules = policy.rules[direction];
      if (rules === undefined) return undefined;
      return { policy, rules: rules.map((rule) => ({ rule, ...peers.admitted(rule, policy.namespace) })) };
    };
    return {
      policy,
      selects: peers.population.select(policy.subject, policy.namespace),
      directions: { egress: direct('egress'), ingress: direct('ingress') },
    };
  });
}

/** Returns the plan of every workload for one direction, by workload index; equal plans are one object. */
export function subjectPlans(
  direction: Direction,
  inventory: Inventory,
  policies: readonly CompiledPolicy[],
  foreign: readonly ForeignPolicy[],
  clusterPolicies: readonly CompiledClusterPolicy[],
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
  const known = new Map<string, SubjectPlan>([['|||', openPlan]]);
  const directed = (indexes: readonly number[] | undefined) =>
    (indexes ?? []).map((index) => policies[index]?.directions[direction] as DirectedPolicy);
  return inventory.workloads.map(({ index }) => {
    const { admin, baseline, key: tiers } = tiersOf(clusterPolicies, direction, index);
    const key = `${certain[index]}|${possible[index]}|${others[index]}|${tiers}`;
    let plan = known.get(key);
    if (plan === undefined) {
      const isolating = directed(certain[index]);
      plan = {
        policies: isolating,
        possible: directed(possible[index]),
        rules: isolating.flatMap(({ rules }) => rules),
        foreign: (others[index] ?? []).map((at) => foreign[at] as ForeignPolicy),
        admin,
        baseline,
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
