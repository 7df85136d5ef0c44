import type { Direction, Outcome } from '../flow/verdict.ts';
import type { Resource } from '../manifest/resource.ts';
import { Protocol } from '../net/protocol.ts';
import { add, type Bitset, emptyBitset, has } from './bitset.ts';
import { type CompiledClusterPolicy, compileClusterPolicies } from './cluster-policy/compile.ts';
import type { TierRule } from './cluster-policy/model.ts';
import { isClusterPolicy, readClusterPolicy } from './cluster-policy/read.ts';
import { foldTier, matchTierRule, tierOutcomes } from './cluster-policy/tiers.ts';
import { nodesOf } from './endpoint.ts';
import { type ForeignPolicy, readForeignPolicies } from './foreign-policies.ts';
import { lastOfEach } from './inventory.ts';
import type { Inventory, Workload } from './model.ts';
import { isNetworkPolicy, readNetworkPolicy } from './network-policy.ts';
import type { IpBlockScope } from './peer-match.ts';
import { PeerSets } from './peer-sets.ts';
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
import { type CniProfile, kubernetes } from './profile.ts';
import { isApiProtocol } from './protocol.ts';
import { both, either, Ternary, unanimous } from './ternary.ts';

export interface SegmentationOptions {
  /** The network plugin; what the API promises of any by default. */
  readonly profile?: CniProfile;
  /** Default: as the profile says. */
  readonly ipBlockMatchesPods?: IpBlockScope;
}

const outcomes: Readonly<Record<Ternary, Outcome>> = { 0: 'deny', 1: 'unknown', 2: 'allow' };

/**
 * NetworkPolicies and cluster-wide policies compiled against the workloads of the same manifests: every selector is evaluated once, here, so
 * that an {@link outcome} only tests bits and ports.
 */
export class Segmentation {
  readonly inventory: Inventory;
  readonly policies: readonly CompiledPolicy[];
  /** ClusterNetworkPolicies, AdminNetworkPolicies and BaselineAdminNetworkPolicies in the order of evaluation. */
  readonly clusterPolicies: readonly CompiledClusterPolicy[];
  readonly foreign: readonly ForeignPolicy[];
  readonly profile: CniProfile;
  readonly ipBlockScope: IpBlockScope;
  readonly population: Population;
  readonly #egress: readonly SubjectPlan[];
  readonly #ingress: readonly SubjectPlan[];
  /** Workloads that rules alone do not decide on: on the host's network, or finished. */
  readonly #special: Bitset;

  constructor(inventory: Inventory, resources: readonly Resource[], options: SegmentationOptions = {}) {
    this.inventory = inventory;
    this.profile = options.profile ?? kubernetes;
    this.ipBlockScope = options.ipBlockMatchesPods ?? this.profile.ipBlockMatchesPods;
    this.population = new Population(inventory);
    const names = new PortNames(inventory.workloads);
    const peers = new PeerSets(inventory, this.population, this.ipBlockScope);
    const declared = lastOfEach(resources);
    const read = declared.filter(isNetworkPolicy).map((resource) => readNetworkPolicy(resource, names));
    this.policies = compilePolicies(read, peers);
    const wide = declared.filter(isClusterPolicy).map((resource) => readClusterPolicy(resource, names));
    this.clusterPolicies = compileClusterPolicies(wide, peers, inventory.nodes);
    this.foreign = readForeignPolicies(declared, inventory, this.population);
    const plans = (direction: Direction) =>
      this.profile.enforcesPolicies
        ? subjectPlans(direction, inventory, this.policies, this.foreign, this.clusterPolicies)
        : inventory.workloads.map(() => openPlan);
    this.#egress = plans('egress');
    this.#ingress = plans('ingress');
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
    const out = this.#judge('egress', source, destination, destination, protocol, port);
    if (out === Ternary.No) return 'deny';
    return outcomes[both(out, this.#judge('ingress', destination, source, destination, protocol, port))];
  }

  /** At least one end is on its host's network (policies see a node) or has finished (nothing is there). */
  #specialOutcome(source: number, destination: number, protocol: number, port: number): Ternary {
    const { workloads } = this.inventory;
    const [from, to] = [workloads[source] as Workload, workloads[destination] as Workload];
    if (from.finished || to.finished) return Ternary.Maybe;
    if (from.hostNetwork && to.hostNetwork) return Ternary.Yes;
    const nodes = [from, to].map((workload) => nodesOf({ kind: 'workload', workload }));
    const local = shareNode(nodes[0] ?? 'anywhere', nodes[1] ?? 'anywhere');
    return to.hostNetwork
      ? this.#judge('egress', source, destination, destination, protocol, port, local)
      : this.#judge('ingress', destination, source, destination, protocol, port, local);
  }

  /**
   * One direction: what the plan of a workload says of the peer workload. `local`: whether the peer is the own node of
   * the workload.
   */
  #judge(
    direction: Direction,
    subject: number,
    peer: number,
    destination: number,
    protocol: number,
    port: number,
    local: Ternary = Ternary.No,
  ): Ternary {
    const plan = this.plan(direction, subject);
    if (plan === openPlan) return Ternary.Yes;
    if (plan.foreign.length > 0) return either(Ternary.Maybe, local);
    const answer =
      plan.admin.length + plan.baseline.length === 0
        ? judgePolicies(plan, peer, destination, protocol, port, local, yes)
        : judgeTiers(plan, peer, destination, protocol, port, local);
    return this.doubts(protocol) && local !== Ternary.Yes ? both(answer, Ternary.Maybe) : answer;
  }

  /** Whether it is not known if the plugin lets the protocol through at all where policies select a pod. */
  doubts(protocol: number): boolean {
    return protocol === Protocol.Sctp && this.profile.sctp === 'unknown';
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

const yes = () => Ternary.Yes;

/** What the tiers say around the NetworkPolicies. */
function judgeTiers(
  plan: SubjectPlan,
  peer: number,
  destination: number,
  protocol: number,
  port: number,
  local: Ternary,
): Ternary {
  const match = (rule: TierRule) => matchTierRule(rule, peer, destination, protocol, port);
  const baseline = () => foldTier(tierOutcomes(plan.baseline, match), local, yes);
  return foldTier(tierOutcomes(plan.admin, match), local, () =>
    judgePolicies(plan, peer, destination, protocol, port, local, baseline),
  );
}

/** What the NetworkPolicies say, and `baseline` where none isolates. */
function judgePolicies(
  { policies, possible, rules }: SubjectPlan,
  peer: number,
  destination: number,
  protocol: number,
  port: number,
  local: Ternary,
  baseline: () => Ternary,
): Ternary {
  const isolated = policies.length > 0;
  if (!isolated && possible.length === 0) return baseline();
  if (!isApiProtocol(protocol)) {
    const byPlugin = either(Ternary.Maybe, local);
    return isolated ? byPlugin : unanimous([baseline(), byPlugin]);
  }
  const perhaps = possible.map(({ policy, rules: own }) =>
    policy.fault === undefined ? judgeRules(own, peer, destination, protocol, port) : Ternary.Maybe,
  );
  if (!isolated) {
    // Whichever of them select the pod: the baseline counts if none does, and rules only add up.
    return unanimous([baseline(), ...perhaps.map((answer) => either(answer, local))]);
  }
  const answer = judgeRules(rules, peer, destination, protocol, port);
  const added = perhaps.some((one) => one !== Ternary.No) ? Ternary.Maybe : Ternary.No;
  return either(either(answer, added), local);
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
