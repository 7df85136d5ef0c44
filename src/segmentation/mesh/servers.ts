import type { Resource } from '../../manifest/resource.ts';
import type { IntegerRange } from '../../net/integer-set.ts';
import { addressesOf } from '../endpoint.ts';
import { matches } from '../label-selector.ts';
import type { Inventory, Service, Workload } from '../model.ts';
import { hidesClientAddress } from '../services.ts';
import { Ternary } from '../ternary.ts';
import { fieldAt } from '../values.ts';
import { groupOf, namespaceOf } from '../workloads.ts';
import { portOf } from './attributes.ts';
import { type AuthorizationPolicy, readSelector } from './authorization-policy.ts';
import { entrancesOf, type ServiceEntrance, servicesByNamespace } from './http-ports.ts';
import type { Membership } from './membership.ts';
import { type ModeScopes, MtlsModes, type PeerAuthentication } from './peer-authentication.ts';
import { PolicyIndex } from './policy-index.ts';
import { isEmptyPlan, type PolicyPlan } from './policy-plan.ts';
import { Waypoints } from './waypoints.ts';
import type { MeshServer, WaypointPlan } from './worlds.ts';

/** What is enforced on the pods of each workload. */
export class MeshServers {
  readonly #members: readonly Membership[];
  readonly #servers: readonly (MeshServer | undefined)[];
  readonly #index: PolicyIndex;
  readonly #intervals = new Map<number, readonly IntegerRange[]>();
  readonly #ports = new Map<PolicyPlan, readonly number[]>();
  readonly #authentications: ReadonlyMap<PeerAuthentication | undefined, number>;

  constructor(
    inventory: Inventory,
    members: readonly Membership[],
    resources: readonly Resource[],
    policies: readonly AuthorizationPolicy[],
    authentications: readonly PeerAuthentication[],
    rootNamespace: string,
  ) {
    this.#members = members;
    this.#index = new PolicyIndex(policies, rootNamespace);
    this.#authentications = new Map(authentications.map((policy, index) => [policy, index]));
    const modes = new MtlsModes(authentications, rootNamespace);
    const services = servicesByNamespace(inventory);
    const waypoints = new Waypoints(resources);
    const tokens = resources.filter(
      ({ kind, apiVersion }) =>
        kind === 'RequestAuthentication' && apiVersion.startsWith('security.istio.io/'),
    );
    this.#servers = inventory.workloads.map((workload) => {
      if (workload.finished) return undefined;
      const scopes = modes.scopesOf(workload);
      return this.#read(workload, scopes, services, waypoints, tokens, rootNamespace);
    });
  }

  #read(
    workload: Workload,
    scopes: ModeScopes,
    services: ReadonlyMap<string, readonly Service[]>,
    waypoints: Waypoints,
    tokens: readonly Resource[],
    rootNamespace: string,
  ): MeshServer | undefined {
    const index = this.#index;
    const membership = this.#members[workload.index] as Membership;
    const plans = {
      sidecar: index.ofWorkload(workload, 'sidecar'),
      ambient: index.ofWorkload(workload, 'ambient'),
      gateway: index.ofWorkload(workload, 'gateway', membership.gateway),
    };
    const entrances = entrancesOf(workload, services.get(workload.namespace.name) ?? []);
    const ambient = membership.mode === 'ambient' || membership.mode === 'unknown';
    const own = ambient ? waypoints.ofWorkload(workload) : undefined;
    const behind = new Map<ServiceEntrance, WaypointPlan>();
    for (const entrance of ambient ? [...entrances.values()].flat() : []) {
      const waypoint = waypoints.ofService(entrance.service, workload.namespace);
      if (waypoint === undefined) continue;
      behind.set(entrance, { waypoint, plan: index.ofWaypoint(waypoint, entrance.service) });
    }
    const waypoint = own && { waypoint: own, plan: index.ofWaypoint(own, undefined) };
    const somewhere = [
      ...Object.values(plans),
      ...[...behind.values(), ...(waypoint ? [waypoint] : [])].map(({ plan }) => plan),
    ];
    const open = scopes.wide.every((scope) => scope.length === 0) && scopes.own.every((policy) => !policy);
    if (open && somewhere.every(isEmptyPlan)) return undefined;
    return {
      membership,
      addresses: addressesOf(workload),
      scopes,
      entrances,
      tokens: tokens.some((resource) => mayAccept(resource, workload, rootNamespace)),
      plans,
      waypoint,
      waypoints: behind,
      masquerades: new Set(
        [...entrances]
          .filter(([, list]) => list.some(({ service }) => hidesClientAddress(service)))
          .map(([port]) => port),
      ),
    };
  }

  /** Returns what is enforced on the pods of a workload; undefined when nothing could be. */
  of({ index }: Workload): MeshServer | undefined {
    return this.#servers[index];
  }

  /** Returns how the pods are in the mesh. */
  membership({ index }: Workload): Membership {
    return this.#members[index] as Membership;
  }

  /** Returns the ranges of ports, together all of them, within each of which every port is judged alike. */
  intervals(workload: Workload): readonly IntegerRange[] {
    const { index } = workload;
    let found = this.#intervals.get(index);
    if (found === undefined) {
      found = cut(this.#boundaries(this.#servers[index]));
      this.#intervals.set(index, found);
    }
    return found;
  }

  #boundaries(server: MeshServer | undefined): number[] {
    if (server === undefined) return [];
    const { membership, scopes, entrances, masquerades: exposed } = server;
    const { sidecar, ambient } = membership.captured;
    const named = plansOf(server).flatMap((plan) => {
      const ports = this.#ports.get(plan) ?? portsOf(plan);
      this.#ports.set(plan, ports);
      return ports;
    });
    const levels = scopes.own.flatMap((policy) => [...(policy?.ports.keys() ?? [])]);
    const single = [...named, ...levels, ...entrances.keys(), ...exposed];
    const captures = [sidecar.certain, sidecar.possible, ambient.certain, ambient.possible];
    const ranges = captures.flatMap((set) => set.ranges());
    return [
      ...single.flatMap((port) => [port, port + 1]),
      ...ranges.flatMap(({ from, to }) => [from, to + 1]),
    ];
  }

  /** Returns a text that is equal for workloads on which the same is enforced. */
  signature(workload: Workload): string {
    if (workload.finished || workload.hostNetwork) return `#${workload.index}`;
    const server = this.#servers[workload.index];
    const membership = this.membership(workload);
    if (server === undefined) return membership.mode;
    const { scopes, entrances, tokens, waypoint, waypoints, addresses } = server;
    const key = (plan: PolicyPlan) => this.#index.keyOf(plan);
    const usesAddress = plansOf(server).some(({ allow, deny, custom }) =>
      [...allow, ...deny, ...custom].some(({ policy }) =>
        policy.rules.some(({ when }) => when.some(({ name }) => name === 'destination.ip')),
      ),
    );
    const number = (policy: PeerAuthentication | undefined) => this.#authentications.get(policy) ?? '';
    const waypointKey = (used: WaypointPlan | undefined) =>
      used && [used.waypoint.namespace, used.waypoint.name, key(used.plan)];
    return JSON.stringify([
      membership.mode,
      membership.candidates,
      Object.values(membership.captured).map(({ certain, possible }) => `${certain} ${possible}`),
      Object.values(server.plans).map(key),
      scopes.own.map(number),
      scopes.wide.map((scope) => scope.map(number)),
      [...entrances].map(([port, list]) => [
        port,
        list.map((entrance) => [
          entrance.protocol,
          entrance.uncertain,
          entrance.entry.port,
          hidesClientAddress(entrance.service),
          waypointKey(waypoints.get(entrance)),
        ]),
      ]),
      tokens,
      waypointKey(waypoint),
      usesAddress ? addresses : [],
    ]);
  }
}

function mayAccept(resource: Resource, workload: Workload, rootNamespace: string): boolean {
  if (groupOf(resource) !== 'security.istio.io') return false;
  const namespace = namespaceOf(resource);
  if (namespace !== rootNamespace && namespace !== workload.namespace.name) return false;
  const selector = readSelector(fieldAt(resource.value, 'spec', 'selector'));
  return typeof selector === 'string' || matches(selector, workload.labels) !== Ternary.No;
}

function plansOf({ plans, waypoint, waypoints }: MeshServer): PolicyPlan[] {
  const used = [...waypoints.values(), ...(waypoint === undefined ? [] : [waypoint])];
  return [...Object.values(plans), ...used.map(({ plan }) => plan)];
}

function portsOf({ custom, deny, allow }: PolicyPlan): number[] {
  const found = new Set<number>();
  for (const { policy } of [...custom, ...deny, ...allow]) {
    for (const { operations, when } of policy.rules) {
      for (const { topic, values, notValues } of [...operations.flat(), ...when]) {
        if (topic !== 'port') continue;
        for (const value of [...values, ...notValues]) found.add(portOf(value) ?? 0);
      }
    }
  }
  return [...found];
}

function cut(starts: readonly number[]): IntegerRange[] {
  const sorted = [...new Set([0, ...starts])].filter((port) => port <= 65535).sort((a, b) => a - b);
  return sorted.map((from, i) => ({ from, to: (sorted[i + 1] ?? 65536) - 1 }));
}
