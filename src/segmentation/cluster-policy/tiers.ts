import { has } from '../bitset.ts';
import { portsAdmit } from '../policy-ports.ts';
import { Ternary } from '../ternary.ts';
import type { TierRule } from './model.ts';

/** What a tier may do with a connection, as bits: more than one where the manifests do not tell. */
export const TierOutcome = {
  Accept: 1,
  Deny: 2,
  /** The next tier decides: a rule passed it on, or none matched. */
  Onward: 4,
} as const;

const bits = { Accept: TierOutcome.Accept, Deny: TierOutcome.Deny, Pass: TierOutcome.Onward } as const;
/** No rule of the policy matches; other than a Pass, this lets policies of equal priority decide. */
const none = 8;

/**
 * Returns the bits of {@link TierOutcome} that the rules of one tier leave possible, in their order: the first rule that
 * matches decides. Which of several policies of equal priority comes first the API leaves open, so that each that
 * matches may decide.
 */
export function tierOutcomes(rules: readonly TierRule[], match: (rule: TierRule) => Ternary): number {
  let possible = 0;
  let at = 0;
  while (at < rules.length) {
    const { priority } = (rules[at] as TierRule).policy;
    let group = 0;
    let undecided = none;
    while (at < rules.length && (rules[at] as TierRule).policy.priority === priority) {
      const { policy, certain } = rules[at] as TierRule;
      let own = certain ? 0 : none;
      let open = true;
      for (; at < rules.length && (rules[at] as TierRule).policy === policy; at++) {
        const rule = rules[at] as TierRule;
        if (!open) continue;
        const answer = match(rule);
        if (answer === Ternary.No) continue;
        own |= bits[rule.action];
        open = answer === Ternary.Maybe;
      }
      if (open) own |= none;
      group |= own & ~none;
      undecided &= own;
    }
    possible |= group;
    if (undecided === 0) return possible;
  }
  return possible | TierOutcome.Onward;
}

/** Returns whether a rule matches with the workload of index `peer` as the other end. `destination` is for port names. */
export function matchTierRule(
  { yes, maybe, rule }: TierRule,
  peer: number,
  destination: number,
  protocol: number,
  port: number,
): Ternary {
  const answer = has(yes, peer) ? Ternary.Yes : has(maybe, peer) ? Ternary.Maybe : Ternary.No;
  if (answer === Ternary.No || rule.ports === undefined) return answer;
  return portsAdmit(rule.ports, protocol, port, destination) ? answer : Ternary.No;
}

/**
 * Returns what a tier and those after it say together. `onward` is the answer of the tiers after it. Near the own node
 * (`local`) a refusal is in doubt: the documentation of NetworkPolicy exempts that traffic, the API of the tiers does
 * not speak of it.
 */
export function foldTier(outcomes: number, local: Ternary, onward: () => Ternary): Ternary {
  const { Accept, Deny, Onward } = TierOutcome;
  let possible = outcomes & (Accept | Deny);
  if (local !== Ternary.No && (possible & Deny) !== 0) possible |= Accept;
  if ((outcomes & Onward) !== 0) {
    const next = onward();
    if (next !== Ternary.No) possible |= Accept;
    if (next !== Ternary.Yes) possible |= Deny;
  }
  return possible === Accept ? Ternary.Yes : possible === Deny ? Ternary.No : Ternary.Maybe;
}
