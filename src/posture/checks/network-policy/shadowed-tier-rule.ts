import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import type { Direction } from '../../../flow/verdict.ts';
import type {
  ClusterPeer,
  ClusterPods,
  ClusterPolicy,
  ClusterRule,
} from '../../../segmentation/cluster-policy/model.ts';
import { pathText } from '../../../segmentation/network-policy.ts';
import type { Check } from '../definition.ts';
import { implies } from './companions.ts';
import { coversPorts } from './covers-ports.ts';

/** Beyond so many rules in one tier, only rules of the same policy are compared: the work grows with the square. */
const mostCompared = 2_000;

/** A rule of a tier that an earlier one leaves nothing to decide. */
export const shadowedTierRule: Check = {
  code: 'PKT1017',
  title: 'Shadowed rule of a tier',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: `The rules of a ClusterNetworkPolicy, AdminNetworkPolicy or BaselineAdminNetworkPolicy are tried in order, policies by
their priority, and the first that matches decides: Accept, Deny, and Pass too, which ends the tier. Everything that this
rule would match is matched by a rule before it. It never decides; if the two have different actions, its author thinks
otherwise.

Move it before the wider rule, give its policy a lower \`priority\` number, narrow the wider rule, or remove it.`,
  example: {
    bad: 'ingress:\n- {action: Accept, from: [{namespaces: {}}]}\n- {action: Deny, from: [{namespaces: {matchLabels: {team: guest}}}]}',
    good: 'ingress:\n- {action: Deny, from: [{namespaces: {matchLabels: {team: guest}}}]}\n- {action: Accept, from: [{namespaces: {}}]}',
  },
  run({ segmentation }) {
    const sound = segmentation.clusterPolicies
      .map(({ policy }) => policy)
      .filter(({ fault }) => fault === undefined);
    const tiers = [...Map.groupBy(sound, ({ tier }) => tier).values()];
    return tiers.flatMap((policies) =>
      (['ingress', 'egress'] as const).flatMap((direction) => {
        const count = policies.reduce((sum, { rules }) => sum + rules[direction].length, 0);
        return policies.flatMap((policy, index) => {
          const before =
            count > mostCompared ? [] : policies.slice(0, index).filter((other) => precedes(other, policy));
          return policy.rules[direction].flatMap((rule) => {
            const wider = widerRule(policy, rule, before, direction);
            return wider === undefined ? [] : [finding(policy, rule, wider)];
          });
        });
      }),
    );
  },
};

interface Wider {
  readonly policy: ClusterPolicy;
  readonly rule: ClusterRule;
}

/** Whether a policy is certainly evaluated before another one of its tier, for every pod that the other selects. */
function precedes(first: ClusterPolicy, second: ClusterPolicy): boolean {
  if (first.priority === undefined || second.priority === undefined || first.priority >= second.priority)
    return false;
  return (
    first.subject !== undefined && second.subject !== undefined && coversPods(first.subject, second.subject)
  );
}

function widerRule(
  policy: ClusterPolicy,
  rule: ClusterRule,
  before: readonly ClusterPolicy[],
  direction: Direction,
): Wider | undefined {
  for (const other of [...before, policy]) {
    const earlier = other === policy ? other.rules[direction].slice(0, rule.index) : other.rules[direction];
    const found = earlier.find((wide) => covers(wide, rule));
    if (found !== undefined) return { policy: other, rule: found };
  }
  return undefined;
}

function finding({ source, name }: ClusterPolicy, rule: ClusterRule, wider: Wider): Diagnostic {
  const earlier = `${pathText(wider.rule.path)}${wider.policy.source === source ? '' : ` of ${wider.policy.name}`}`;
  const other = wider.rule.action === rule.action ? 'says the same' : `says ${wider.rule.action}`;
  return diagnose(shadowedTierRule, {
    message: `${pathText(rule.path)} (${rule.action}) of ${name} never decides: ${earlier} matches all of it before and ${other}`,
    severity: wider.rule.action === rule.action ? 'note' : 'warning',
    span: source.at(rule.path),
    related: [{ span: wider.policy.source.at(wider.rule.path), message: 'this rule comes first' }],
    help: wider.rule.action === rule.action ? 'remove it' : `move it before ${earlier}, or narrow that one`,
  });
}

function covers(wide: ClusterRule, narrow: ClusterRule): boolean {
  if (wide.closed || narrow.closed || narrow.peers.length === 0) return false;
  return coversPorts(wide.ports, narrow.ports) && narrow.peers.every((peer) => coversPeer(wide, peer));
}

function coversPeer(wide: ClusterRule, peer: ClusterPeer): boolean {
  switch (peer.kind) {
    case 'pods':
      return wide.peers.some((other) => other.kind === 'pods' && coversPods(other.pods, peer.pods));
    case 'nodes':
      return wide.peers.some((other) => other.kind === 'nodes' && implies(peer.nodes, other.nodes));
    case 'networks':
      return wide.networks?.covers(peer.addresses) ?? false;
    default:
      return false;
  }
}

function coversPods(wide: ClusterPods, narrow: ClusterPods): boolean {
  return implies(narrow.namespaces, wide.namespaces) && implies(narrow.pods ?? [], wide.pods ?? []);
}
