import type { Direction } from '../flow/verdict.ts';
import { PortSet } from '../net/port-set.ts';
import { type TierPorts, tierPorts } from './cluster-policy/tier-ports.ts';
import { nodesOf } from './endpoint.ts';
import type { Workload } from './model.ts';
import { admits, type CompiledRule, type DirectedPolicy, openPlan, type SubjectPlan } from './plan.ts';
import { admittedPorts } from './policy-ports.ts';
import { type Segmentation, shareNode } from './segmentation.ts';
import { Ternary } from './ternary.ts';

/** Ports that are certainly allowed, and ports of which the manifests do not tell. Disjoint; the rest is denied. */
export interface PortAnswer {
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

/** Lower and upper bound of what is allowed; `certain` lies inside `possible`. */
interface Bounds {
  readonly certain: PortSet;
  readonly possible: PortSet;
}

const open: Bounds = { certain: PortSet.all, possible: PortSet.all };
const doubtful: Bounds = { certain: PortSet.empty, possible: PortSet.all };

/**
 * Returns the ports of one protocol (TCP, UDP or SCTP, by number) on which any pods of two workloads may connect: the
 * set of all ports for which `outcome` of the segmentation says allow, and of those for which it says unknown.
 */
export function portAnswer(
  segmentation: Segmentation,
  source: Workload,
  destination: Workload,
  protocol: number,
): PortAnswer {
  if (source.finished || destination.finished) return answerOf(doubtful);
  if (source === destination && source.single) return answerOf(open);
  if (source.hostNetwork && destination.hostNetwork) return answerOf(open);
  const target = destination.hostNetwork ? -1 : destination.index;
  const out = sideBounds(segmentation, 'egress', source, destination, target, protocol);
  const into = sideBounds(segmentation, 'ingress', destination, source, target, protocol);
  return answerOf({
    certain: out.certain.intersect(into.certain),
    possible: out.possible.intersect(into.possible),
  });
}

function answerOf({ certain, possible }: Bounds): PortAnswer {
  return { allowed: certain, unknown: possible.subtract(certain) };
}

function sideBounds(
  segmentation: Segmentation,
  direction: Direction,
  subject: Workload,
  other: Workload,
  destination: number,
  protocol: number,
): Bounds {
  const plan = segmentation.plan(direction, subject.index);
  if (plan === openPlan) return open;
  const local = other.hostNetwork
    ? shareNode(
        nodesOf({ kind: 'workload', workload: subject }),
        nodesOf({ kind: 'workload', workload: other }),
      )
    : Ternary.No;
  if (plan.foreign.length > 0) return local === Ternary.Yes ? open : doubtful;
  const byTier = (rules: typeof plan.admin, onward: () => Bounds) =>
    rules.length === 0
      ? onward()
      : foldTier(tierPorts(rules, other.index, destination, protocol), local, onward);
  const bounds = byTier(plan.admin, () => {
    const baseline = () => byTier(plan.baseline, () => open);
    return policyBounds(plan, other.index, destination, protocol, local, baseline);
  });
  return segmentation.doubts(protocol) && local !== Ternary.Yes
    ? { ...bounds, certain: PortSet.empty }
    : bounds;
}

/** `foldTier` of tiers.ts for all ports at once. */
function foldTier({ accept, deny, onward }: TierPorts, local: Ternary, next: () => Bounds): Bounds {
  let possible = local === Ternary.No ? accept : accept.union(deny);
  let refused = deny;
  if (!onward.isEmpty) {
    const after = next();
    possible = possible.union(onward.intersect(after.possible));
    refused = refused.union(onward.subtract(after.certain));
  }
  return { certain: PortSet.all.subtract(refused), possible };
}

function policyBounds(
  { policies, possible }: SubjectPlan,
  peer: number,
  destination: number,
  protocol: number,
  local: Ternary,
  baseline: () => Bounds,
): Bounds {
  const bounds = ({ policy, rules }: DirectedPolicy): Bounds =>
    policy.fault === undefined ? ruleBounds(rules, peer, destination, protocol) : doubtful;
  const perhaps = possible.map(bounds);
  if (policies.length === 0) {
    const cases = [baseline(), ...perhaps.map((one) => exempt(one, local))];
    return {
      certain: cases.reduce((set, one) => set.intersect(one.certain), PortSet.all),
      possible: cases.reduce((set, one) => set.union(one.possible), PortSet.empty),
    };
  }
  const sure = policies.map(bounds);
  const isolated = {
    certain: sure.reduce((set, one) => set.union(one.certain), PortSet.empty),
    possible: [...sure, ...perhaps].reduce((set, one) => set.union(one.possible), PortSet.empty),
  };
  return exempt(isolated, local);
}

/** NetworkPolicies leave alone what passes between a pod and its own node. */
function exempt(bounds: Bounds, local: Ternary): Bounds {
  if (local === Ternary.Yes) return open;
  return local === Ternary.Maybe ? { ...bounds, possible: PortSet.all } : bounds;
}

function ruleBounds(
  rules: readonly CompiledRule[],
  peer: number,
  destination: number,
  protocol: number,
): Bounds {
  let [certain, possible] = [PortSet.empty, PortSet.empty];
  for (const compiled of rules) {
    const answer = admits(compiled, peer);
    if (answer === Ternary.No) continue;
    const ports = admittedPorts(compiled.rule.ports, protocol, destination);
    possible = possible.union(ports);
    if (answer === Ternary.Yes) certain = certain.union(ports);
  }
  return { certain, possible };
}
