import type { Direction } from '../../flow/verdict.ts';
import { has } from '../bitset.ts';
import type { Selection } from '../label-selector.ts';
import type { ClusterNode } from '../model.ts';
import type { PeerSets } from '../peer-sets.ts';
import { matchNames, matchNodes } from './match.ts';
import type { ClusterPeer, ClusterPolicy, ClusterRule, Tier, TierRule } from './model.ts';

/** A cluster-wide policy with the workloads it selects and its rules over workloads. */
export interface CompiledClusterPolicy {
  readonly policy: ClusterPolicy;
  readonly selects: Selection;
  /** As they bear on a subject that is certainly selected, and on one that may be. */
  readonly rules: Readonly<
    Record<Direction, { readonly sure: readonly TierRule[]; readonly possible: readonly TierRule[] }>
  >;
}

/** Returns the policies in the order of evaluation, with every selector and network evaluated over the workloads. */
export function compileClusterPolicies(
  policies: readonly ClusterPolicy[],
  peers: PeerSets,
  nodes: readonly ClusterNode[],
): CompiledClusterPolicy[] {
  return [...policies]
    .sort((a, b) => rank(a) - rank(b))
    .map((policy) => {
      const { subject } = policy;
      const direct = (direction: Direction) => {
        const sure = rulesOf(policy, direction, peers, nodes);
        return { sure, possible: sure.map((rule) => ({ ...rule, certain: false })) };
      };
      return {
        policy,
        selects: peers.population.select(subject?.pods, subject?.namespaces ?? []),
        rules: { egress: direct('egress'), ingress: direct('ingress') },
      };
    });
}

/** A faulty policy that does not tell its priority may come before all others; one without priorities comes last. */
function rank({ priority, fault }: ClusterPolicy): number {
  return priority ?? (fault === undefined ? Number.MAX_SAFE_INTEGER : -1);
}

function rulesOf(
  policy: ClusterPolicy,
  direction: Direction,
  peers: PeerSets,
  nodes: readonly ClusterNode[],
): TierRule[] {
  if (policy.fault !== undefined) return anything(policy, direction, peers);
  return policy.rules[direction].map((rule) => ({
    policy,
    rule,
    action: rule.action,
    certain: true,
    ...matched(rule, peers, nodes),
  }));
}

/** A faulty policy may turn out to accept or to deny anything. */
function anything(policy: ClusterPolicy, direction: Direction, peers: PeerSets): TierRule[] {
  const { yes: maybe, maybe: yes } = peers.everybody();
  return (['Accept', 'Deny'] as const).map((action) => ({
    policy,
    rule: {
      index: 0,
      path: ['spec', direction],
      name: undefined,
      action,
      peers: [],
      networks: undefined,
      closed: false,
      ports: undefined,
    },
    action,
    certain: false,
    yes,
    maybe,
  }));
}

function matched(rule: ClusterRule, peers: PeerSets, nodes: readonly ClusterNode[]): Selection {
  if (rule.closed) return rule.action === 'Accept' ? peers.union([]) : peers.everybody();
  const selections = rule.peers.flatMap((peer) => selected(peer, peers, nodes) ?? []);
  if (rule.networks !== undefined) selections.push(peers.atAddresses(rule.networks, 'match'));
  return peers.union(selections);
}

function selected(peer: ClusterPeer, peers: PeerSets, nodes: readonly ClusterNode[]): Selection | undefined {
  if (peer.kind === 'pods') return peers.population.select(peer.pods.pods, peer.pods.namespaces);
  if (peer.kind === 'nodes') return peers.filter((view) => matchNodes(peer, view, nodes).answer);
  if (peer.kind === 'domainNames') return peers.filter((view) => matchNames(peer.names, view).answer);
  return undefined;
}

/** The rules of both tiers that bear on one workload, in the order of evaluation, with a text that tells them apart. */
export interface WorkloadTiers {
  readonly admin: readonly TierRule[];
  readonly baseline: readonly TierRule[];
  readonly key: string;
}

/** Returns the tiers of the workload with this index for one direction. */
export function tiersOf(
  policies: readonly CompiledClusterPolicy[],
  direction: Direction,
  workload: number,
): WorkloadTiers {
  const tiers: Record<Tier, TierRule[]> = { Admin: [], Baseline: [] };
  const unordered: TierRule[] = [];
  let [key, ordered] = ['', false];
  for (const [index, { policy, selects, rules }] of policies.entries()) {
    const sure = has(selects.yes, workload);
    if (!sure && !has(selects.maybe, workload)) continue;
    const own = rules[direction];
    if (own.sure.length === 0) continue;
    key += sure ? `${index},` : `${index}?,`;
    tiers[policy.tier].push(...(sure ? own.sure : own.possible));
    if (policy.tier === 'Admin') continue;
    if (policy.priority !== undefined) ordered = true;
    else if (policy.fault === undefined) unordered.push(...own.possible);
  }
  // Where a BaselineAdminNetworkPolicy stands among ClusterNetworkPolicies nobody defines: it may come first as well.
  const baseline = ordered ? [...unordered, ...tiers.Baseline] : tiers.Baseline;
  return { admin: tiers.Admin, baseline, key };
}
