import { Ternary } from '../ternary.ts';
import type { AuthorizationPolicy } from './authorization-policy.ts';
import type { MeshConnection } from './connection.ts';
import { type MeshRule, mayComeFrom, ruleMatches } from './rules.ts';

/** A policy on a proxy; `certain`: whether it is there for sure, or labels that no manifest tells decide. */
export interface BoundPolicy {
  readonly policy: AuthorizationPolicy;
  readonly certain: boolean;
  /** The rules of the policy, as far as they can match. */
  readonly rules: readonly MeshRule[];
}

/** All policies on one proxy. */
export interface PolicyPlan {
  readonly custom: readonly BoundPolicy[];
  readonly deny: readonly BoundPolicy[];
  readonly allow: readonly BoundPolicy[];
  /** Whether it makes a difference what the proxy takes the traffic for. */
  readonly protocolMatters: boolean;
}

/** What the policies of one proxy say, and by which rule. */
export interface PlanDecision {
  readonly outcome: Ternary;
  readonly cause: 'open' | 'allowed' | 'denied' | 'not allowed' | 'provider' | 'in doubt';
  readonly policy?: AuthorizationPolicy;
  readonly certain?: boolean;
  readonly rule?: MeshRule;
}

export const emptyPlan: PolicyPlan = { custom: [], deny: [], allow: [], protocolMatters: false };

/** Returns whether nothing is on the proxy. */
export function isEmptyPlan({ custom, deny, allow }: PolicyPlan): boolean {
  return custom.length + deny.length + allow.length === 0;
}

/** Returns the plan of bound policies. A faulty policy whose action cannot be told may do anything. */
export function planOf(bound: readonly BoundPolicy[]): PolicyPlan {
  if (bound.length === 0) return emptyPlan;
  const having = (action: string) => bound.filter(({ policy }) => policy.action === action);
  const unclear = bound.filter(({ policy }) => policy.fault?.startsWith('it has no action'));
  return {
    custom: having('CUSTOM'),
    deny: [...having('DENY'), ...unclear],
    allow: having('ALLOW'),
    protocolMatters: bound.some(({ policy }) => policy.rules.some(({ beyondLayer4 }) => beyondLayer4)),
  };
}

/**
 * Returns what the policies of one proxy say: CUSTOM that matches leaves it to a provider outside; then DENY that
 * matches denies; then ALLOW, if there is one, must match (istio.io/docs, "Authorization Policy").
 */
export function judgePlan({ custom, deny, allow }: PolicyPlan, connection: MeshConnection): PlanDecision {
  let doubt: PlanDecision | undefined;
  for (const { policy, certain, rules } of deny) {
    if (policy.fault !== undefined) {
      doubt ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
    }
    for (const rule of rules) {
      const match = ruleMatches(rule, connection, false);
      if (match === Ternary.No) continue;
      if (match === Ternary.Yes && certain) {
        return { outcome: Ternary.No, cause: 'denied', policy, certain, rule };
      }
      doubt ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain, rule };
    }
  }
  const allowing = judgeAllow(allow, connection);
  if (allowing.outcome === Ternary.No) return allowing;
  for (const { policy, certain, rules } of custom) {
    if (doubt !== undefined) break;
    if (policy.fault !== undefined) doubt = { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
    const rule = rules.find((one) => ruleMatches(one, connection, false) !== Ternary.No);
    if (rule !== undefined) doubt ??= { outcome: Ternary.Maybe, cause: 'provider', policy, certain, rule };
  }
  return doubt ?? allowing;
}

const open: PlanDecision = { outcome: Ternary.Yes, cause: 'open' };

function judgeAllow(allow: readonly BoundPolicy[], connection: MeshConnection): PlanDecision {
  if (allow.length === 0) return open;
  /** The first policy that certainly makes the proxy deny what no rule allows. */
  let isolated: AuthorizationPolicy | undefined;
  let allowed: PlanDecision | undefined;
  /** A rule or a faulty policy that may allow it. */
  let perhaps: PlanDecision | undefined;
  /** A policy that does not certainly allow it, and that only may be there. */
  let against: PlanDecision | undefined;
  for (const { policy, certain, rules } of allow) {
    if (policy.fault !== undefined) {
      perhaps ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
      continue;
    }
    if (certain) isolated ??= policy;
    let doubtful: MeshRule | undefined;
    let certainRule: MeshRule | undefined;
    for (const rule of rules) {
      const match = ruleMatches(rule, connection, true);
      if (match === Ternary.Maybe) doubtful ??= rule;
      if (match !== Ternary.Yes) continue;
      certainRule = rule;
      break;
    }
    if (certainRule !== undefined) {
      const found = { outcome: Ternary.Yes, cause: 'allowed', policy, certain, rule: certainRule } as const;
      if (certain) return found;
      allowed ??= found;
      continue;
    }
    against ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
    if (doubtful !== undefined) {
      perhaps ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain, rule: doubtful };
    }
  }
  if (isolated === undefined) return perhaps ?? against ?? allowed ?? open;
  if (allowed !== undefined) return { ...allowed, outcome: Ternary.Maybe, cause: 'in doubt' };
  return perhaps ?? { outcome: Ternary.No, cause: 'not allowed', policy: isolated, certain: true };
}

/** Returns the policy on a proxy with all its rules. */
export function bind(policy: AuthorizationPolicy, certain: boolean): BoundPolicy {
  return { policy, certain, rules: policy.rules };
}

const narrowed = new WeakMap<PolicyPlan, Map<string, PolicyPlan>>();

/**
 * Returns the plan without the rules that the client's identity alone keeps from matching: what is left is short, and
 * made once for each identity that manifests give.
 */
export function planFor(plan: PolicyPlan, connection: MeshConnection): PolicyPlan {
  if (isEmptyPlan(plan)) return plan;
  const { identity, proxy } = connection;
  const who =
    identity === undefined || identity === 'somebody'
      ? identity
      : `${identity.namespace}/${identity.serviceAccount}`;
  const key = `${proxy === 'ztunnel' ? proxy : ''} ${who}`;
  const known = narrowed.get(plan) ?? new Map<string, PolicyPlan>();
  narrowed.set(plan, known);
  let found = known.get(key);
  if (found === undefined) {
    found = narrow(plan, connection);
    known.set(key, found);
  }
  return found;
}

function narrow(
  { custom, deny, allow, protocolMatters }: PolicyPlan,
  connection: MeshConnection,
): PolicyPlan {
  const cut = (bound: BoundPolicy): BoundPolicy => {
    return { ...bound, rules: bound.rules.filter((rule) => mayComeFrom(rule, connection)) };
  };
  const counts = ({ policy, rules }: BoundPolicy) => rules.length > 0 || policy.fault !== undefined;
  // The first certain ALLOW policy isolates, whatever its rules; uncertain ones may.
  const first = allow.find(({ policy, certain }) => certain && policy.fault === undefined);
  return {
    custom: custom.map(cut).filter(counts),
    deny: deny.map(cut).filter(counts),
    allow: allow
      .map(cut)
      .filter((bound) => counts(bound) || bound.policy === first?.policy || !bound.certain),
    protocolMatters,
  };
}
