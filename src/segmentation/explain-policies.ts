import type { Direction, Outcome, Reason } from '../flow/verdict.ts';
import type { PeerView } from './endpoint.ts';
import type { ForeignPolicy } from './foreign-policies.ts';
import { type Workload, workloadName } from './model.ts';
import { type NetworkPolicy, type PolicyPeer, type PolicyRule, pathText } from './network-policy.ts';
import { matchPeer } from './peer-match.ts';
import type { DirectedPolicy } from './plan.ts';
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
interface RuleFinding {
  readonly policy: NetworkPolicy;
  readonly rule: PolicyRule;
  readonly peer: PolicyPeer | undefined;
  readonly peerAnswer: Ternary;
  readonly why: string | undefined;
  readonly portMatches: boolean;
}

/** Returns the reason of the policies (and of objects that are not modelled) for one direction. */
export function explainPolicies(segmentation: Segmentation, question: Question): Reason {
  const { direction, subject, protocol } = question;
  const { policies, possible, foreign } = segmentation.plan(direction, subject.index);
  const say = speaker(direction);
  const decisive = foreign.find(
    ({ effect }) => effect === 'override' || (effect === 'baseline' && policies.length === 0),
  );
  if (decisive !== undefined) return foreignReason(say, decisive, subject);
  let reason: Reason;
  if (policies.length === 0 && possible.length === 0) {
    reason = say('allow', `no NetworkPolicy selects ${workloadName(subject)} for ${direction}`);
  } else if (!isApiProtocol(protocol)) {
    const [first] = [...policies, ...possible] as [DirectedPolicy];
    const text = `NetworkPolicy ${first.policy.name} isolates ${workloadName(subject)} for ${direction}, and what that means for ${protocolText(protocol)} is up to the network plugin`;
    reason = { ...say('unknown', text), ...reference(first.policy) };
  } else if (policies.length > 0) {
    reason = explainIsolated(segmentation, question, policies, possible);
  } else {
    reason = explainPerhapsIsolated(segmentation, question, possible);
  }
  const restricting = foreign.find(({ effect }) => effect === 'restrict');
  return restricting === undefined || reason.outcome === 'deny'
    ? reason
    : foreignReason(say, restricting, subject);
}

function speaker(direction: Direction) {
  return (outcome: Outcome, text: string): Reason => ({ layer, direction, outcome, text });
}

function foreignReason(
  say: ReturnType<typeof speaker>,
  { source, effect }: ForeignPolicy,
  subject: Workload,
): Reason {
  const name = source.namespace === undefined ? source.name : `${source.namespace}/${source.name}`;
  const bearing = effect === 'restrict' ? 'may refuse it' : 'may decide it';
  return {
    ...say(
      'unknown',
      `${source.kind} ${name} bears on ${workloadName(subject)} and ${bearing}: this kind is not evaluated yet`,
    ),
    object: objectOf(source),
    span: source.span,
  };
}

/** The policies isolate the subject: allowed by a rule, or denied, or not known. */
function explainIsolated(
  segmentation: Segmentation,
  question: Question,
  policies: readonly DirectedPolicy[],
  possible: readonly DirectedPolicy[],
): Reason {
  const findings = policies.flatMap((policy) => findRules(segmentation, question, policy));
  const allowing = findings.find(({ peerAnswer, portMatches }) => peerAnswer === Ternary.Yes && portMatches);
  if (allowing !== undefined) return allowedBy(question, allowing);
  const doubtful = findings.find(({ peerAnswer, portMatches }) => peerAnswer !== Ternary.No && portMatches);
  if (doubtful !== undefined) return doubtfulPeer(question, doubtful);
  for (const directed of possible) {
    const admitting = findRules(segmentation, question, directed).find(
      ({ peerAnswer, portMatches }) => peerAnswer !== Ternary.No && portMatches,
    );
    if (directed.policy.fault !== undefined || admitting !== undefined) {
      return doubtfulPolicy(question, directed.policy, 'would allow it');
    }
  }
  return denied(question, policies, findings);
}

/** No policy certainly selects the subject: open unless one of the possible ones does and does not allow it. */
function explainPerhapsIsolated(
  segmentation: Segmentation,
  question: Question,
  possible: readonly DirectedPolicy[],
): Reason {
  let allowing: RuleFinding | undefined;
  for (const directed of possible) {
    const found = findRules(segmentation, question, directed).find(
      ({ peerAnswer, portMatches }) => peerAnswer === Ternary.Yes && portMatches,
    );
    if (found === undefined || directed.policy.fault !== undefined) {
      return doubtfulPolicy(question, directed.policy, 'would isolate it');
    }
    allowing ??= found;
  }
  return allowedBy(question, allowing as RuleFinding);
}

function findRules(
  { ipBlockScope }: Segmentation,
  { view, destination, protocol, port, masqueraded }: Question,
  { policy, rules }: DirectedPolicy,
): RuleFinding[] {
  return rules.map(({ rule }) => {
    const portMatches = rule.ports === undefined || portsAdmit(rule.ports, protocol, port, destination);
    let best: Omit<RuleFinding, 'policy' | 'rule' | 'portMatches'> = {
      peer: undefined,
      peerAnswer: rule.peers === undefined ? Ternary.Yes : Ternary.No,
      why: undefined,
    };
    for (const peer of rule.peers ?? []) {
      const { answer, why } = matchPeer(peer, view, policy.namespace, ipBlockScope, masqueraded);
      if (answer > best.peerAnswer) best = { peer, peerAnswer: answer, why };
    }
    return { policy, rule, portMatches, ...best };
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
  const near = findings.find(({ peerAnswer }) => peerAnswer === Ternary.Yes);
  const first = near?.policy ?? (policies[0] as DirectedPolicy).policy;
  const others = policies.map(({ policy }) => policy).filter((policy) => policy !== first);
  const isolates = `NetworkPolicy ${first.name} isolates ${workloadName(subject)} for ${direction}${alsoText(others)}`;
  const say = speaker(direction);
  const wanted = `${protocolText(protocol)} ${port}`;
  if (near !== undefined && near.rule.ports !== undefined) {
    const allowed = portsText(near.rule.ports);
    const text = `${isolates}, and ${pathText(near.rule.path)} allows ${view.text} on ${allowed} only, not on ${wanted}`;
    return { ...say('deny', text), ...reference(first), span: first.source.at([...near.rule.path, 'ports']) };
  }
  if (findings.length === 0) {
    const text = `${isolates}, and there is no ${direction} rule`;
    return { ...say('deny', text), ...reference(first) };
  }
  const way = direction === 'ingress' ? 'from' : 'to';
  return {
    ...say('deny', `${isolates}, and no rule allows ${wanted} ${way} ${view.text}`),
    ...reference(first),
  };
}

function alsoText(others: readonly NetworkPolicy[]): string {
  if (others.length === 0) return '';
  const named = others.slice(0, 3).map(({ name }) => name);
  const rest = others.length - named.length;
  return ` (as ${others.length === 1 ? 'does' : 'do'} ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''})`;
}

function objectOf({ kind, name, namespace }: NetworkPolicy['source']): NonNullable<Reason['object']> {
  return namespace === undefined ? { kind, name } : { kind, name, namespace };
}

function reference(policy: NetworkPolicy): Required<Pick<Reason, 'object' | 'span'>> {
  const { source, namespace } = policy;
  return { object: { ...objectOf(source), namespace }, span: source.at(['metadata', 'name']) };
}
