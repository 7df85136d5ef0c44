import type { Direction, Outcome } from '../flow/verdict.ts';
import type { Resource } from '../manifest/resource.ts';
import { add, type Bitset, emptyBitset, has } from './bitset.ts';
import { nodesOf } from './endpoint.ts';
import { type ForeignPolicy, readForeignPolicies } from './foreign-policies.ts';
import { lastOfEach } from './inventory.ts';
import type { Inventory, Workload } from './model.ts';
import { isNetworkPolicy, readNetworkPolicy } from './network-policy.ts';
import type { IpBlockScope } from './peer-match.ts';
import {
  admits,
  type CompiledPolicy,
  type CompiledRule,
  compilePolicies,
  openPlan,
  type SubjectPlan,
  subjectPlans,
} from './plan.ts';
import { PortNames, portsAdmit } from './policy-ports.ts';
import { Population } from './population.ts';
import { isApiProtocol } from './protocol.ts';
import { both, either, Ternary } from './ternary.ts';

export interface SegmentationOptions {
  /** Default `unknown`. */
  readonly ipBlockMatchesPods?: IpBlockScope;
}

const outcomes: Readonly<Record<Ternary, Outcome>> = { 0: 'deny', 1: 'unknown', 2: 'allow' };

/**
 * NetworkPolicies compiled against the workloads of the same manifests: every selector is evaluated once, here, so
 * that an {@link outcome} only tests bits and ports.
 */
export class Segmentation {
  readonly inventory: Inventory;
  readonly policies: readonly CompiledPolicy[];
  readonly foreign: readonly ForeignPolicy[];
  readonly ipBlockScope: IpBlockScope;
  readonly population: Population;
  readonly #egress: readonly SubjectPlan[];
  readonly #ingress: readonly SubjectPlan[];
  /** Workloads that rules alone do not decide on: on the host's network, or finished. */
  readonly #special: Bitset;

  constructor(inventory: Inventory, resources: readonly Resource[], options: SegmentationOptions = {}) {
    this.inventory = inventory;
    this.ipBlockScope = options.ipBlockMatchesPods ?? 'unknown';
    this.population = new Population(inventory);
    const names = new PortNames(inventory.workloads);
    const declared = lastOfEach(resources);
    const read = declared.filter(isNetworkPolicy).map((resource) => readNetworkPolicy(resource, names));
    this.policies = compilePolicies(read, inventory, this.population, this.ipBlockScope);
    this.foreign = readForeignPolicies(declared, inventory, this.population);
    this.#egress = subjectPlans('egress', inventory, this.policies, this.foreign);
    this.#ingress = subjectPlans('ingress', inventory, this.policies, this.foreign);
    this.#special = emptyBitset(inventory.workloads.length);
    for (const { index, hostNetwork, finished } of inventory.workloads) {
      if (hostNetwork || finished) add(this.#special, index);
    }
  }

  /** Returns what decides on the traffic of the workload with this index in one direction. */
  plan(direction: Direction, workload: number): SubjectPlan {
    return (direction === 'egress' ? this.#egress : this.#ingress)[workload] as SubjectPlan;
  }

  /**
   * Returns what the policies say of a connection between any pods of two workloads, by their indexes. `protocol` is
   * an IP protocol number, `port` the port on the destination pod. A connection needs the source's egress and the
   * destination's ingress; a pod always reaches itself. `explain` in explain.ts gives the reasons for the same answer.
   */
  outcome(source: number, destination: number, protocol: number, port: number): Outcome {
    if (has(this.#special, source) || has(this.#special, destination)) {
      return outcomes[this.#specialOutcome(source, destination, protocol, port)];
    }
    if (source === destination && (this.inventory.workloads[source] as Workload).single) return 'allow';
    const out = judge(this.#egress[source] as SubjectPlan, destination, destination, protocol, port);
    if (out === Ternary.No) return 'deny';
    return outcomes[
      both(out, judge(this.#ingress[destination] as SubjectPlan, source, destination, protocol, port))
    ];
  }

  /** At least one end is on its host's network (policies see a node) or has finished (nothing is there). */
  #specialOutcome(source: number, destination: number, protocol: number, port: number): Ternary {
    const { workloads } = this.inventory;
    const [from, to] = [workloads[source] as Workload, workloads[destination] as Workload];
    if (from.finished || to.finished) return Ternary.Maybe;
    if (from.hostNetwork && to.hostNetwork) return Ternary.Yes;
    const byRules = to.hostNetwork
      ? judge(this.plan('egress', source), destination, destination, protocol, port)
      : judge(this.plan('ingress', destination), source, destination, protocol, port);
    const nodes = [from, to].map((workload) => nodesOf({ kind: 'workload', workload }));
    const local = shareNode(nodes[0] ?? 'anywhere', nodes[1] ?? 'anywhere');
    return either(byRules, local);
  }
}

/**
 * Returns whether two ends that each run on one of the given nodes are on the same one. Traffic between a pod and its
 * own node is always allowed (kubernetes.io/docs/concepts/services-networking/network-policies).
 */
export function shareNode(a: ReadonlySet<number> | 'anywhere', b: ReadonlySet<number> | 'anywhere'): Ternary {
  if (a === 'anywhere' || b === 'anywhere') return Ternary.Maybe;
  const shared = [...a].filter((node) => b.has(node)).length;
  if (shared === 0) return Ternary.No;
  return a.size === 1 && b.size === 1 ? Ternary.Yes : Ternary.Maybe;
}

/** Returns what is left of the answer of the NetworkPolicies beside objects that are not modelled. */
export function withForeign({ policies, foreign }: SubjectPlan, byPolicies: Ternary): Ternary {
  let answer = byPolicies;
  for (const { effect } of foreign) {
    if (effect === 'override' || (effect === 'baseline' && policies.length === 0)) return Ternary.Maybe;
    if (effect === 'restrict') answer = both(answer, Ternary.Maybe);
  }
  return answer;
}

/** One direction: what the plan of a workload says of the peer workload. */
function judge(
  plan: SubjectPlan,
  peer: number,
  destination: number,
  protocol: number,
  port: number,
): Ternary {
  if (plan === openPlan) return Ternary.Yes;
  const byPolicies = judgePolicies(plan, peer, destination, protocol, port);
  return plan.foreign.length === 0 ? byPolicies : withForeign(plan, byPolicies);
}

function judgePolicies(
  { policies, possible, rules }: SubjectPlan,
  peer: number,
  destination: number,
  protocol: number,
  port: number,
): Ternary {
  const isolated = policies.length > 0;
  if (!isolated && possible.length === 0) return Ternary.Yes;
  if (!isApiProtocol(protocol)) return Ternary.Maybe;
  if (!isolated) {
    // Whichever of them select the pod: it stays open if none does, and rules only add up.
    const always = possible.every(
      (one) => judgeRules(one.rules, peer, destination, protocol, port) === Ternary.Yes,
    );
    return always ? Ternary.Yes : Ternary.Maybe;
  }
  const answer = judgeRules(rules, peer, destination, protocol, port);
  if (answer !== Ternary.No) return answer;
  const perhaps = possible.some(({ policy, rules }) => {
    return policy.fault !== undefined || judgeRules(rules, peer, destination, protocol, port) !== Ternary.No;
  });
  return perhaps ? Ternary.Maybe : Ternary.No;
}

function judgeRules(
  rules: readonly CompiledRule[],
  peer: number,
  destination: number,
  protocol: number,
  port: number,
): Ternary {
  let answer: Ternary = Ternary.No;
  for (const compiled of rules) {
    const admitted = admits(compiled, peer);
    if (admitted <= answer) continue;
    const { ports } = compiled.rule;
    if (ports !== undefined && !portsAdmit(ports, protocol, port, destination)) continue;
    if (admitted === Ternary.Yes) return Ternary.Yes;
    answer = admitted;
  }
  return answer;
}
