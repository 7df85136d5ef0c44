import type { Reason } from '../flow/verdict.ts';
import {
  answerTier,
  decided,
  passedBy,
  policyText,
  ruleText,
  type TierAnswer,
  type TierFinding,
  type TierQuestion,
  undecided,
} from './cluster-policy/explain.ts';
import { TierOutcome } from './cluster-policy/tiers.ts';
import { explainNetworkPolicies, objectOf, type Question, speaker } from './explain-network-policies.ts';
import type { ForeignPolicy } from './foreign-policies.ts';
import { type Workload, workloadName } from './model.ts';
import type { SubjectPlan } from './plan.ts';
import type { Segmentation } from './segmentation.ts';

/** A reason, and whether a tier may refuse the connection, which the exemption of the own node does not undo. */
export interface Explained {
  readonly reason: Reason;
  readonly tierMayDeny: boolean;
}

/** Returns the reason of the policies (and of objects that are not modelled) for one direction. */
export function explainPolicies(segmentation: Segmentation, question: Question): Explained {
  const { direction, subject } = question;
  const plan = segmentation.plan(direction, subject.index);
  const [foreign] = plan.foreign;
  if (foreign !== undefined) {
    return { reason: foreignReason(speaker(direction), foreign, subject), tierMayDeny: false };
  }
  const tierQuestion = { ...question, nodes: segmentation.inventory.nodes };
  const admin = answerTier(plan.admin, tierQuestion);
  const { Deny, Onward } = TierOutcome;
  if ((admin.outcomes & Onward) === 0) {
    return { reason: tierReason(admin, tierQuestion), tierMayDeny: (admin.outcomes & Deny) !== 0 };
  }
  let bits = admin.outcomes;
  const next = explainNetworkPolicies(segmentation, question, plan, () => {
    const baseline = answerTier(plan.baseline, tierQuestion);
    bits |= baseline.outcomes & Deny;
    if ((baseline.outcomes & Deny) !== 0 || baseline.outcomes === TierOutcome.Accept) {
      return tierReason(baseline, tierQuestion);
    }
    return nothingSelects(question, plan, passedBy(baseline));
  });
  const passed = passedBy(admin);
  const onward = passed === undefined ? next : { ...next, text: `${next.text}; ${passedText(passed)}` };
  const agrees =
    admin.outcomes === Onward ||
    (next.outcome === 'allow' && (admin.outcomes & Deny) === 0) ||
    (next.outcome === 'deny' && (admin.outcomes & TierOutcome.Accept) === 0);
  return { reason: agrees ? onward : undecided(admin, tierQuestion), tierMayDeny: (bits & Deny) !== 0 };
}

function tierReason(tier: TierAnswer, question: TierQuestion): Reason {
  if (tier.outcomes === TierOutcome.Accept) return decided('allow', tier, question);
  return tier.outcomes === TierOutcome.Deny ? decided('deny', tier, question) : undecided(tier, question);
}

function nothingSelects(
  { direction, subject }: Question,
  { admin, baseline }: SubjectPlan,
  passed: TierFinding | undefined,
): Reason {
  const wide = admin.length + baseline.length > 0 ? ', and no cluster-wide policy decides it' : '';
  const by = passed === undefined ? '' : `; ${passedText(passed)}`;
  const text = `no NetworkPolicy selects ${workloadName(subject)} for ${direction}${wide}${by}`;
  return speaker(direction)('allow', text);
}

function passedText(finding: TierFinding): string {
  return `passed on by ${policyText(finding.rule.policy)}, ${ruleText(finding)}`;
}

function foreignReason(
  say: ReturnType<typeof speaker>,
  { source }: ForeignPolicy,
  subject: Workload,
): Reason {
  const name = source.namespace === undefined ? source.name : `${source.namespace}/${source.name}`;
  const text = `${source.kind} ${name} bears on ${workloadName(subject)} and may decide it: this kind is not evaluated yet`;
  return { ...say('unknown', text), object: objectOf(source), span: source.span };
}
