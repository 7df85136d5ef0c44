import { matches } from '../label-selector.ts';
import type { Service, Workload } from '../model.ts';
import { Ternary } from '../ternary.ts';
import type { AuthorizationPolicy, TargetReference } from './authorization-policy.ts';
import type { MeshConnection } from './connection.ts';
import { type MeshRule, ruleMatches } from './rules.ts';
import type { Waypoint } from './waypoints.ts';

/** A policy on a proxy; `certain`: whether it is there for sure, or labels that no manifest tells decide. */
export interface BoundPolicy {
  readonly policy: AuthorizationPolicy;
  readonly certain: boolean;
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
  for (const { policy, certain } of deny) {
    if (policy.fault !== undefined) {
      doubt ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
    }
    for (const rule of policy.rules) {
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
  for (const { policy, certain } of custom) {
    if (doubt !== undefined) break;
    if (policy.fault !== undefined) doubt = { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
    const rule = policy.rules.find((one) => ruleMatches(one, connection, false) !== Ternary.No);
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
  for (const { policy, certain } of allow) {
    if (policy.fault !== undefined) {
      perhaps ??= { outcome: Ternary.Maybe, cause: 'in doubt', policy, certain };
      continue;
    }
    if (certain) isolated ??= policy;
    let doubtful: MeshRule | undefined;
    let certainRule: MeshRule | undefined;
    for (const rule of policy.rules) {
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

/** Finds the policies on each proxy. */
export class PolicyIndex {
  readonly #rootNamespace: string;
  readonly #byNamespace: ReadonlyMap<string, readonly AuthorizationPolicy[]>;
  readonly #known = new Map<string, PolicyPlan>();
  readonly #number: ReadonlyMap<AuthorizationPolicy, number>;

  constructor(policies: readonly AuthorizationPolicy[], rootNamespace: string) {
    this.#rootNamespace = rootNamespace;
    this.#byNamespace = Map.groupBy(policies, ({ namespace }) => namespace);
    this.#number = new Map(policies.map((policy, index) => [policy, index]));
  }

  /**
   * Returns the policies on the pods' own proxy: of their namespace and the root namespace, by labels. ztunnel takes
   * neither CUSTOM policies nor those with targets; a gateway also those that name it.
   */
  ofWorkload(
    { labels, namespace }: Workload,
    proxy: 'sidecar' | 'ambient' | 'gateway',
    gateway?: string,
  ): PolicyPlan {
    const bound: BoundPolicy[] = [];
    for (const policy of this.#in(this.#rootNamespace, namespace.name)) {
      if (policy.targets.length > 0) {
        const isNamed = ({ group, kind, name }: TargetReference) =>
          group === 'gateway.networking.k8s.io' && kind === 'Gateway' && name === gateway;
        const here = gateway !== undefined && policy.namespace === namespace.name;
        if (here && policy.targets.some(isNamed)) bound.push({ policy, certain: true });
        continue;
      }
      if (proxy === 'ambient' && policy.action === 'CUSTOM') continue;
      const selects = matches(policy.selector, labels);
      if (selects !== Ternary.No) bound.push({ policy, certain: selects === Ternary.Yes });
    }
    return this.#plan(bound);
  }

  /** Returns the policies on a waypoint for what comes for a Service, or for a pod itself: those that name one of them. */
  ofWaypoint({ namespace, name }: Waypoint, service: Service | undefined): PolicyPlan {
    const bound: BoundPolicy[] = [];
    const spaces = [this.#rootNamespace, namespace, ...(service === undefined ? [] : [service.namespace])];
    for (const policy of this.#in(...spaces)) {
      const isNamed = (target: TargetReference) => {
        if (target.kind === 'Service' && target.group === '') {
          return policy.namespace === service?.namespace && target.name === service.name;
        }
        if (target.group !== 'gateway.networking.k8s.io') return false;
        if (target.kind === 'Gateway') return policy.namespace === namespace && target.name === name;
        const ofAll = target.kind === 'GatewayClass' && target.name === 'istio-waypoint';
        return ofAll && policy.namespace === this.#rootNamespace;
      };
      if (policy.targets.some(isNamed)) bound.push({ policy, certain: true });
    }
    return this.#plan(bound);
  }

  /** Returns a text that equal plans share. */
  keyOf({ custom, deny, allow }: PolicyPlan): string {
    return [custom, deny, allow].map((list) => this.#keyOf(list)).join(';');
  }

  *#in(...namespaces: string[]): Generator<AuthorizationPolicy> {
    for (const namespace of new Set(namespaces)) yield* this.#byNamespace.get(namespace) ?? [];
  }

  #keyOf(bound: readonly BoundPolicy[]): string {
    return bound.map(({ policy, certain }) => `${this.#number.get(policy)}${certain ? '' : '?'}`).join();
  }

  #plan(bound: readonly BoundPolicy[]): PolicyPlan {
    const key = this.#keyOf(bound);
    const plan = this.#known.get(key) ?? planOf(bound);
    this.#known.set(key, plan);
    return plan;
  }
}
