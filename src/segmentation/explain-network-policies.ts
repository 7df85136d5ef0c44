import type { Direction, Outcome, Reason } from '../flow/verdict.ts';
import { policyPeerText, trafficText } from './changes.ts';
import type { PeerView } from './endpoint.ts';
import { type Workload, workloadName } from './model.ts';
import { type NetworkPolicy, type PolicyRule, pathText } from './network-policy.ts';
import { matchPeers, type PeersAnswer } from './peer-match.ts';
import type { DirectedPolicy, SubjectPlan } from './plan.ts';
import { portsAdmit, portsText } from './policy-ports.ts';
import { isApiProtocol, protocolText } from './protocol.ts';
import type { Segmentation } from './segmentation.ts';
import { Ternary } from './ternary.ts';

/** Id of this layer in reasons. */
export const layer = 'networkpolicy';

/** One direction of one connection, as the policies of the subject see it. */
export interface Question {
  readonly direction: Direction;
  readonly subject: Workload;
  readonly view: PeerView;
  /** Index of the destination workload, for port names; -1 when it is not a pod. */
  readonly destination: number;
  readonly protocol: number;
  readonly port: number;
  readonly masqueraded: boolean;
}

/** How one rule answers. */
interface RuleFinding extends PeersAnswer {
  readonly policy: NetworkPolicy;
  readonly rule: PolicyRule;
  readonly portMatches: boolean;
}

/**
 * Returns the reason of the NetworkPolicies for one direction. `baseline` gives that of the tiers after them and is asked
 * only where it may count.
 */
export function explainNetworkPolicies(
  segmentation: Segmentation,
  question: Question,
  { policies, possible }: SubjectPlan,
  baseline: () => Reason,
): Reason {
  const { direction, subject, protocol } = question;
  const [first] = [...policies, ...possible];
  if (first === undefined) return baseline();
  if (!isApiProtocol(protocol)) {
    if (policies.length === 0) baseline();
    const text = `NetworkPolicy ${first.policy.name} isolates ${workloadName(subject)} for ${direction}, and what that means for ${protocolText(protocol)} is up to the network plugin`;
    return { ...speaker(direction)('unknown', text), ...reference(first.policy) };
  }
  return policies.length > 0
    ? explainIsolated(segmentation, question, policies, possible)
    : explainPerhapsIsolated(segmentation, question, possible, baseline());
}

/** Returns a function that makes reasons of this layer. */
export function speaker(direction: Direction) {
  return (outcome: Outcome, text: string): Reason => ({ layer, direction, outcome, text });
}

/** The policies isolate the subject: allowed by a rule, or denied, or not known. */
function explainIsolated(
  segmentation: Segmentation,
  question: Question,
  policies: readonly DirectedPolicy[],
  possible: readonly DirectedPolicy[],
): Reason {
  const findings = policies.flatMap((policy) => findRules(segmentation, question, policy));
  const allowing = findings.find(({ answer, portMatches }) => answer === Ternary.Yes && portMatches);
  if (allowing !== undefined) return allowedBy(question, allowing);
  const doubtful = findings.find(({ answer, portMatches }) => answer !== Ternary.No && portMatches);
  if (doubtful !== undefined) return doubtfulPeer(question, doubtful);
  for (const directed of possible) {
    const admitting = findRules(segmentation, question, directed).find(
      ({ answer, portMatches }) => answer !== Ternary.No && portMatches,
    );
    if (directed.policy.fault !== undefined || admitting !== undefined) {
      return doubtfulPolicy(question, directed.policy, 'would allow it');
    }
  }
  return denied(question, policies, findings);
}

/** No policy certainly selects the subject: the baseline counts, unless one of the possible ones does select it. */
function explainPerhapsIsolated(
  segmentation: Segmentation,
  question: Question,
  possible: readonly DirectedPolicy[],
  baseline: Reason,
): Reason {
  let allowing: RuleFinding | undefined;
  for (const directed of possible) {
    const findings = findRules(segmentation, question, directed).filter(({ portMatches }) => portMatches);
    const found = findings.find(({ answer }) => answer === Ternary.Yes);
    const denies = findings.every(({ answer }) => answer === Ternary.No);
    const outcome = found !== undefined ? 'allow' : denies ? 'deny' : 'unknown';
    if (directed.policy.fault !== undefined || outcome === 'unknown' || outcome !== baseline.outcome) {
      if (baseline.outcome === 'unknown') return baseline;
      const effect = baseline.outcome === 'allow' ? 'would isolate it' : 'would allow it';
      return doubtfulPolicy(question, directed.policy, effect);
    }
    allowing ??= found;
  }
  return allowing === undefined ? baseline : allowedBy(question, allowing);
}

function findRules(
  { ipBlockScope }: Segmentation,
  { view, destination, protocol, port, masqueraded }: Question,
  { policy, rules }: DirectedPolicy,
): RuleFinding[] {
  return rules.map(({ rule }) => {
    const portMatches = rule.ports === undefined || portsAdmit(rule.ports, protocol, port, destination);
    return {
      policy,
      rule,
      portMatches,
      ...matchPeers(rule, view, policy.namespace, ipBlockScope, masqueraded),
    };
  });
}

function allowedBy(
  { direction, view, protocol, port }: Question,
  { policy, rule, peer }: RuleFinding,
): Reason {
  const path = peer?.path ?? rule.path;
  const way = direction === 'ingress' ? 'from' : 'to';
  const text = `NetworkPolicy ${policy.name} allows ${protocolText(protocol)} ${port} ${way} ${view.text}: ${pathText(path)}`;
  return {
    ...speaker(direction)('allow', text),
    ...reference(policy),
    rule: rule.index,
    span: policy.source.at(path),
  };
}

function doubtfulPeer({ direction }: Question, { policy, rule, peer, why }: RuleFinding): Reason {
  const path = peer?.path ?? rule.path;
  const text = `NetworkPolicy ${policy.name} may allow it by ${pathText(path)}: ${why}`;
  return {
    ...speaker(direction)('unknown', text),
    ...reference(policy),
    rule: rule.index,
    span: policy.source.at(path),
  };
}

function doubtfulPolicy({ direction, subject }: Question, policy: NetworkPolicy, effect: string): Reason {
  const text =
    policy.fault === undefined
      ? `labels that a controller adds decide whether NetworkPolicy ${policy.name} selects ${workloadName(subject)}; then it ${effect}`
      : `NetworkPolicy ${policy.name} is faulty (${policy.fault}), so what it means for ${workloadName(subject)} is not known`;
  return { ...speaker(direction)('unknown', text), ...reference(policy) };
}

/** The policy that came nearest to allowing it stands first: one with the right peer and the wrong port. */
function denied(
  question: Question,
  policies: readonly DirectedPolicy[],
  findings: readonly RuleFinding[],
): Reason {
  const { direction, subject, view, protocol, port } = question;
  const near = findings.find(({ answer }) => answer === Ternary.Yes);
  const first = near?.policy ?? (policies[0] as DirectedPolicy).policy;
  const others = policies.map(({ policy }) => policy).filter((policy) => policy !== first);
  const isolates = `NetworkPolicy ${first.name} isolates ${workloadName(subject)} for ${direction}${alsoText(others)}`;
  const say = speaker(direction);
  const wanted = trafficText(protocol, port);
  if (near !== undefined && near.rule.ports !== undefined) {
    const ports = pathText([...near.rule.path, 'ports']);
    const text = `${isolates}, and ${pathText(near.rule.path)} allows ${view.text} on ${portsText(near.rule.ports)} only, not on ${wanted}`;
    const change = `add ${wanted} to ${ports} of NetworkPolicy ${first.name}`;
    return {
      ...say('deny', text),
      ...reference(first),
      span: first.source.at([...near.rule.path, 'ports']),
      change,
    };
  }
  const way = direction === 'ingress' ? 'from' : 'to';
  const lacking =
    findings.length === 0 ? `there is no ${direction} rule` : `no rule allows ${wanted} ${way} ${view.text}`;
  const peer = policyPeerText(view, first.namespace);
  const change = `add to spec.${direction} of NetworkPolicy ${first.name} a rule ${way} ${peer} on ${wanted}`;
  return {
    ...say('deny', `${isolates}, and ${lacking}`),
    ...reference(first),
    ...(peer !== undefined && { change }),
  };
}

function alsoText(others: readonly NetworkPolicy[]): string {
  if (others.length === 0) return '';
  const named = others.slice(0, 3).map(({ name }) => name);
  const rest = others.length - named.length;
  return ` (as ${others.length === 1 ? 'does' : 'do'} ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''})`;
}

/** Returns the reference to an object that a reason rests on. */
export function objectOf({ kind, name, namespace }: NetworkPolicy['source']): NonNullable<Reason['object']> {
  return namespace === undefined ? { kind, name } : { kind, name, namespace };
}

function reference(policy: NetworkPolicy): Required<Pick<Reason, 'object' | 'span'>> {
  const { source, namespace } = policy;
  return { object: { ...objectOf(source), namespace }, span: source.at(['metadata', 'name']) };
}
