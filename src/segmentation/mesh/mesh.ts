import type { Reason } from '../../flow/verdict.ts';
import type { Resource } from '../../manifest/resource.ts';
import { sameAddress } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { Prefix } from '../../net/prefix.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Endpoint } from '../endpoint.ts';
import { lastOfEach } from '../inventory.ts';
import { type Inventory, type Workload, workloadName } from '../model.ts';
import type { HttpRequest } from '../request.ts';
import { Ternary } from '../ternary.ts';
import { blockOf } from './attributes.ts';
import {
  type AuthorizationPolicy,
  isEnforcedPolicy,
  readAuthorizationPolicy,
} from './authorization-policy.ts';
import { MeshClients } from './clients.ts';
import { explainMesh } from './explain.ts';
import { membershipOf } from './membership.ts';
import { isPeerAuthentication, readPeerAuthentication } from './peer-authentication.ts';
import { MeshServers } from './servers.ts';
import { localTrustDomain } from './string-match.ts';
import { judgeWorld, type MeshServer, worldsOf } from './worlds.ts';

/** What the mesh configuration says, which is no Kubernetes object. */
export interface MeshOptions {
  /** Namespace whose policies are for the whole mesh. Default `istio-system`. */
  readonly rootNamespace?: string;
  /** Default `cluster.local`. */
  readonly trustDomain?: string;
}

/** One connection as the mesh is asked about it. `protocol` is an IP protocol number, `port` that of the pod. */
export interface MeshConnectionQuestion {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly protocol: number;
  readonly port: number;
  readonly request?: HttpRequest;
}

/** TCP ports that the mesh lets through for certain, and those that it may let through. */
export interface MeshBounds {
  readonly certain: PortSet;
  readonly possible: PortSet;
}

/** TCP port of the tunnels (HBONE) in which ambient traffic travels. */
const tunnelPort = 15008;
const openBounds: MeshBounds = { certain: PortSet.all, possible: PortSet.all };

/**
 * What Istio's AuthorizationPolicies and PeerAuthentications say of connections, compiled against the workloads of the
 * same manifests. It bears on TCP to pods in the mesh alone; an HTTP 403 counts as a denial.
 */
export class Mesh {
  /** As they were given. */
  readonly options: MeshOptions;
  /** AuthorizationPolicies that decide anything. */
  readonly policies: readonly AuthorizationPolicy[];
  readonly #clients: MeshClients;
  readonly #servers: MeshServers;
  readonly #blocks: readonly Prefix[];

  constructor(inventory: Inventory, resources: readonly Resource[], options: MeshOptions = {}) {
    this.options = options;
    const { rootNamespace = 'istio-system', trustDomain = localTrustDomain } = options;
    const declared = lastOfEach(resources);
    this.policies = declared
      .filter(isEnforcedPolicy)
      .map((resource) => readAuthorizationPolicy(resource, trustDomain));
    const members = inventory.workloads.map(membershipOf);
    const authentications = declared.filter(isPeerAuthentication).map(readPeerAuthentication);
    this.#servers = new MeshServers(
      inventory,
      members,
      declared,
      this.policies,
      authentications,
      rootNamespace,
    );
    this.#clients = new MeshClients(inventory, members, declared, trustDomain);
    this.#blocks = blocksOf(this.policies);
  }

  /** Returns the reasons of the mesh for one connection; none where it has no say. */
  judge({ source, destination, protocol, port, request }: MeshConnectionQuestion): readonly Reason[] {
    if (protocol !== Protocol.Tcp || destination.kind !== 'workload') return [];
    const { workload } = destination;
    const server = this.#servers.of(workload);
    if (server === undefined || isItself(source, destination) || isGone(source)) return [];
    const client = this.#clients.of(source);
    const worlds = worldsOf(client, server, port, request);
    return explainMesh({
      client,
      source: source.kind === 'workload' ? source.workload : undefined,
      clientText: this.#clients.text(source),
      server,
      destination: workload,
      port,
      request,
      worlds,
    });
  }

  /**
   * Returns the TCP ports of the destination's pods that the mesh lets the source reach, for certain and possibly: those
   * on which no reason of {@link judge} without a request denies and, for certain, none is unknown.
   */
  tcpBounds(source: Endpoint, destination: Workload): MeshBounds {
    const server = this.#servers.of(destination);
    const end: Endpoint = { kind: 'workload', workload: destination };
    if (server === undefined || isItself(source, end) || isGone(source)) return openBounds;
    const client = this.#clients.of(source);
    let [certain, possible] = [PortSet.empty, PortSet.empty];
    for (const { from, to } of this.#servers.intervals(destination)) {
      const outcome = answer(client, server, from);
      if (outcome === Ternary.No) continue;
      const ports = PortSet.range(from, to);
      possible = possible.union(ports);
      if (outcome === Ternary.Yes) certain = certain.union(ports);
    }
    return { certain, possible };
  }

  /**
   * Returns a text that is equal for workloads between which the mesh makes no difference, neither as a source nor as a
   * destination.
   */
  signature(workload: Workload): string {
    return `${this.#clients.signature(workload, this.policies)}|${this.#servers.signature(workload)}`;
  }

  /**
   * Returns the TCP port that a connection between the two really uses, as network policies see it: 15008 where it is
   * tunnelled for ambient mode; undefined where it uses its own port, or where the manifests do not tell.
   */
  carrier(source: Endpoint, destination: Workload): number | undefined {
    if (source.kind !== 'workload' || isItself(source, { kind: 'workload', workload: destination }))
      return undefined;
    const [from, to] = [source.workload, destination].map((one) => this.#servers.membership(one).mode);
    const isMeshed = (mode: string | undefined) => mode !== 'none' && mode !== 'unknown';
    if (!isMeshed(from) || !isMeshed(to) || to === 'gateway') return undefined;
    return from === 'ambient' || to === 'ambient' ? tunnelPort : undefined;
  }

  /** Returns every address range that a policy names: within one of the pieces they cut, all addresses are judged alike. */
  addressBlocks(): readonly Prefix[] {
    return this.#blocks;
  }

  /** Returns how the pods of a workload are in the mesh, and why, e.g. `shop/web has a sidecar by …`. */
  membershipText(workload: Workload): string {
    return `${workloadName(workload)} ${this.#servers.membership(workload).text}`;
  }
}

/** What the reasons without a request fold to. */
function answer(client: ReturnType<MeshClients['of']>, server: MeshServer, port: number): Ternary {
  let first: Ternary | undefined;
  for (const world of worldsOf(client, server, port, undefined)) {
    const outcome = world.refused ? Ternary.No : judgeWorld(world).outcome;
    if (outcome === Ternary.Maybe || (first !== undefined && outcome !== first)) return Ternary.Maybe;
    first = outcome;
  }
  return first ?? Ternary.Yes;
}

function isGone(source: Endpoint): boolean {
  return source.kind === 'workload' && source.workload.finished;
}

/** A pod's connection to itself stays inside it. */
function isItself(source: Endpoint, destination: Endpoint): boolean {
  if (source.kind !== 'workload' || destination.kind !== 'workload') return false;
  if (source.workload !== destination.workload) return false;
  const [from, to] = [source.address, destination.address];
  return source.workload.single || (from !== undefined && to !== undefined && sameAddress(from, to));
}

function blocksOf(policies: readonly AuthorizationPolicy[]): Prefix[] {
  const found = new Map<string, Prefix>();
  for (const { rules } of policies) {
    for (const { sources, when } of rules) {
      for (const { topic, name, values, notValues } of [...sources.flat(), ...when]) {
        if (topic !== 'address' || name === 'destination.ip') continue;
        for (const value of [...values, ...notValues]) {
          const prefix = blockOf(value);
          if (prefix !== undefined) found.set(formatPrefix(prefix), prefix);
        }
      }
    }
  }
  return [...found.values()];
}
