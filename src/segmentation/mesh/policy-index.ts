import { matches } from '../label-selector.ts';
import type { Service, Workload } from '../model.ts';
import { Ternary } from '../ternary.ts';
import type { AuthorizationPolicy, TargetReference } from './authorization-policy.ts';
import { type BoundPolicy, bind, type PolicyPlan, planOf } from './policy-plan.ts';
import type { Waypoint } from './waypoints.ts';

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
      if (policy.targets.length > 0 && policy.fault === undefined) {
        const isNamed = ({ group, kind, name }: TargetReference) =>
          group === 'gateway.networking.k8s.io' && kind === 'Gateway' && name === gateway;
        const here = gateway !== undefined && policy.namespace === namespace.name;
        if (here && policy.targets.some(isNamed)) bound.push(bind(policy, true));
        continue;
      }
      if (proxy === 'ambient' && policy.action === 'CUSTOM') continue;
      const selects = matches(policy.selector, labels);
      if (selects !== Ternary.No) bound.push(bind(policy, selects === Ternary.Yes));
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
      if (policy.targets.some(isNamed)) bound.push(bind(policy, true));
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
