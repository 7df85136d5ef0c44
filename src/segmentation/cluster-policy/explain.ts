import type { Outcome, Reason } from '../../flow/verdict.ts';
import { clusterPeerText, trafficText } from '../changes.ts';
import type { PeerView } from '../endpoint.ts';
import type { ClusterNode } from '../model.ts';
import { pathText } from '../network-policy.ts';
import { portsAdmit } from '../policy-ports.ts';
import { isApiProtocol } from '../protocol.ts';
import { Ternary } from '../ternary.ts';
import { matchClusterPeers } from './match.ts';
import type { ClusterPeer, ClusterPolicy, TierRule } from './model.ts';
import { tierOutcomes } from './tiers.ts';

/** Id of this layer in reasons. */
export const layer = 'clusternetworkpolicy';

/** One direction of one connection. */
export interface TierQuestion {
  readonly direction: Reason['direction'];
  readonly view: PeerView;
  /** Index of the destination workload, for port names; -1 when it is not a pod. */
  readonly destination: number;
  readonly protocol: number;
  readonly port: number;
  readonly nodes: readonly ClusterNode[];
}

/** How one rule of a tier answers. */
export interface TierFinding {
  readonly rule: TierRule;
  readonly answer: Ternary;
  readonly peer: ClusterPeer | undefined;
  readonly why: string | undefined;
}

/** What a tier says: the bits of `TierOutcome`, and the rules that match or may match, in their order. */
export interface TierAnswer {
  readonly outcomes: number;
  readonly findings: readonly TierFinding[];
}

/** Returns what the rules of a tier say, as {@link tierOutcomes}, with what it rests on. */
export function answerTier(rules: readonly TierRule[], question: TierQuestion): TierAnswer {
  const { view, destination, protocol, port, nodes } = question;
  const found = new Map<TierRule, TierFinding>();
  const outcomes = tierOutcomes(rules, (rule) => {
    const { ports } = rule.rule;
    if (ports !== undefined && !portsAdmit(ports, protocol, port, destination)) return Ternary.No;
    const { answer, peer, why } =
      rule.policy.fault === undefined
        ? matchClusterPeers(rule.rule, view, nodes)
        : { answer: Ternary.Maybe, peer: undefined, why: undefined };
    if (answer !== Ternary.No) found.set(rule, { rule, answer, peer, why });
    return answer;
  });
  return { outcomes, findings: [...found.values()] };
}

/** Returns the rule that passes the connection on for certain, if that is how the tier is left. */
export function passedBy({ findings }: TierAnswer): TierFinding | undefined {
  const [first] = findings;
  if (first === undefined || first.rule.action !== 'Pass') return undefined;
  return first.answer === Ternary.Yes && first.rule.certain ? first : undefined;
}

/** Returns the reason of a tier that certainly decides. */
export function decided(outcome: 'allow' | 'deny', tier: TierAnswer, question: TierQuestion): Reason {
  const action = outcome === 'allow' ? 'Accept' : 'Deny';
  const finding = tier.findings.find(({ rule }) => rule.action === action) as TierFinding;
  const { policy, rule } = finding.rule;
  const { direction, view, protocol, port } = question;
  const way = direction === 'ingress' ? 'from' : 'to';
  const what = `${trafficText(protocol, port)} ${way} ${view.text}`;
  const closed = rule.closed
    ? '; it has a peer of a kind that is not known, so it fails closed and denies everything'
    : '';
  const verb = outcome === 'allow' ? 'accepts' : 'denies';
  const text = `${policyText(policy)} ${verb} ${what}: ${ruleText(finding)}${closed}`;
  const change = outcome === 'deny' ? exceptionText(finding, question) : undefined;
  return { ...reason(outcome, text, finding, question), ...(change !== undefined && { change }) };
}

/** Returns the reason of a tier of which it is not known what it does. */
export function undecided(tier: TierAnswer, question: TierQuestion): Reason {
  const { findings } = tier;
  const faulty = findings.find(({ rule }) => rule.policy.fault !== undefined);
  const doubts = findings.filter(({ answer, rule }) => answer === Ternary.Maybe || !rule.certain);
  // A doubt about a rule that does the same as what follows changes nothing.
  const last = findings.at(-1) as TierFinding;
  const otherwise = doubts.includes(last) ? 'Pass' : last.rule.action;
  const doubted = doubts.find(({ rule }) => rule.action !== otherwise) ?? doubts[0];
  const rivals = rivalsAmong(findings);
  if (rivals !== undefined) return undefinedOrder(rivals, question);
  if (faulty !== undefined && doubted === faulty) {
    const { policy } = faulty.rule;
    const text = `${policyText(policy)} is faulty (${policy.fault}), so what it does is not known`;
    return {
      ...reason('unknown', text, undefined, question),
      object: objectOf(policy),
      span: policy.source.at(['metadata', 'name']),
    };
  }
  const finding = doubted ?? (findings[0] as TierFinding);
  const { policy, action } = finding.rule;
  const why =
    finding.why ??
    (finding.answer === Ternary.Yes && !finding.rule.certain
      ? 'labels that no manifest tells decide whether the policy selects the pod'
      : 'near the own node the API does not tell whether it applies');
  const text = `${policyText(policy)} may ${verbOf[action]} it by ${ruleText(finding)}: ${why}`;
  return reason('unknown', text, finding, question);
}

const verbOf = { Accept: 'accept', Deny: 'deny', Pass: 'pass on' } as const;

/** The first two rules that match, of policies that nothing puts in an order, and that do different things. */
function rivalsAmong(findings: readonly TierFinding[]): readonly [TierFinding, TierFinding] | undefined {
  const firsts = findings.filter(
    (finding, index) =>
      finding.answer === Ternary.Yes &&
      findings.findIndex(({ rule }) => rule.policy === finding.rule.policy) === index &&
      finding.rule.policy.fault === undefined,
  );
  for (const [index, one] of firsts.entries()) {
    const other = firsts.slice(index + 1).find(({ rule }) => {
      const [a, b] = [one.rule.policy.priority, rule.policy.priority];
      return (a === b || a === undefined || b === undefined) && rule.action !== one.rule.action;
    });
    if (other !== undefined) return [one, other];
  }
  return undefined;
}

function undefinedOrder([one, other]: readonly [TierFinding, TierFinding], question: TierQuestion): Reason {
  const [a, b] = [one.rule, other.rule];
  const cause =
    a.policy.priority === b.policy.priority
      ? `both have priority ${a.policy.priority}`
      : 'a BaselineAdminNetworkPolicy has no place among the priorities of ClusterNetworkPolicies';
  const text = `${policyText(a.policy)} would ${verbOf[a.action]} it (${ruleText(one)}), ${policyText(b.policy)} would ${verbOf[b.action]} it (${ruleText(other)}), and which comes first is undefined: ${cause}`;
  const change =
    a.policy.priority === b.policy.priority
      ? `give ${nameOf(a.policy)} or ${nameOf(b.policy)} another priority`
      : `move the rules of ${nameOf(a.policy.priority === undefined ? a.policy : b.policy)} into a ClusterNetworkPolicy with a priority of its own`;
  return { ...reason('unknown', text, one, question), change };
}

function reason(
  outcome: Outcome,
  text: string,
  finding: TierFinding | undefined,
  { direction }: TierQuestion,
): Reason {
  const said = { layer, direction, outcome, text };
  if (finding === undefined) return said;
  const { policy, rule } = finding.rule;
  return {
    ...said,
    object: objectOf(policy),
    rule: rule.index,
    span: policy.source.at(finding.peer?.path ?? rule.path),
  };
}

/** An exception before the rule in the same list is the change that leaves all else as it is. */
function exceptionText({ rule: { policy, rule } }: TierFinding, question: TierQuestion): string | undefined {
  const { direction, view, protocol, port } = question;
  const peer = clusterPeerText(view, direction);
  if (peer === undefined) return undefined;
  const action = policy.source.kind === 'ClusterNetworkPolicy' ? 'Accept' : 'Allow';
  const way = direction === 'ingress' ? 'from' : 'to';
  // A rule names no protocol without ports, but one without a list is about any traffic.
  const on = isApiProtocol(protocol) ? ` on ${trafficText(protocol, port)}` : '';
  return `put a rule with action ${action} ${way} ${peer}${on} before ${pathText(rule.path)} of ${nameOf(policy)}`;
}

/** Returns e.g. `AdminNetworkPolicy lockdown (tier Admin, priority 5)`. */
export function policyText(policy: ClusterPolicy): string {
  const priority = policy.priority === undefined ? '' : `, priority ${policy.priority}`;
  return `${nameOf(policy)} (tier ${policy.tier}${priority})`;
}

function nameOf({ source, name }: ClusterPolicy): string {
  return `${source.kind} ${name}`;
}

/** Returns e.g. `ingress[0].from[1] (deny-all)`. */
export function ruleText({ rule: { rule }, peer }: TierFinding): string {
  const path = pathText(peer?.path ?? rule.path);
  return rule.name === undefined ? path : `${path} (${rule.name})`;
}

function objectOf({ source, name }: ClusterPolicy): NonNullable<Reason['object']> {
  return { kind: source.kind, name };
}
