import type { Address } from '../../net/address.ts';
import type { PeerView } from '../endpoint.ts';
import type { HttpRequest } from '../request.ts';
import { Ternary } from '../ternary.ts';
import type { MeshConnection } from './connection.ts';
import { type PortProtocol, portProtocol, type ServiceEntrance } from './http-ports.ts';
import type { Identity, Membership } from './membership.ts';
import { type ModeScopes, type ModeSetting, modesAt } from './peer-authentication.ts';
import { isEmptyPlan, judgePlan, type PlanDecision, type PolicyPlan, planFor } from './policy-plan.ts';
import { type Waypoint, waypointIdentity } from './waypoints.ts';

/** The client, as the mesh sees it. */
export interface MeshClient {
  readonly view: PeerView;
  /** Whether its connections are mutual TLS where the other side takes it. */
  readonly proxied: Ternary;
  readonly identity: Identity | 'somebody';
  readonly identityText: string;
}

/** The pods of a workload as a destination, with all that is enforced on them. */
export interface MeshServer {
  readonly membership: Membership;
  readonly addresses: readonly Address[];
  readonly scopes: ModeScopes;
  readonly entrances: ReadonlyMap<number, readonly ServiceEntrance[]>;
  readonly tokens: boolean;
  /** By what the proxy is, as far as it may be that. */
  readonly plans: Readonly<Record<'sidecar' | 'ambient' | 'gateway', PolicyPlan>>;
  /** For traffic to the pods' own addresses. */
  readonly waypoint: WaypointPlan | undefined;
  /** For traffic to a Service, by the Service's index in `entrances`. */
  readonly waypoints: ReadonlyMap<ServiceEntrance, WaypointPlan>;
  /** Ports that a Service opens to clients outside, whose address it may replace. */
  readonly masquerades: ReadonlySet<number>;
}

export interface WaypointPlan {
  readonly waypoint: Waypoint;
  readonly plan: PolicyPlan;
}

/** One proxy on the way, with what is on it. */
export interface Stage {
  readonly plan: PolicyPlan;
  readonly connection: MeshConnection;
  readonly at: Waypoint | undefined;
}

/** One way things may be, among those that the manifests leave open. */
export interface World {
  readonly proxy: 'none' | 'sidecar' | 'ambient' | 'gateway';
  readonly client: 'proxied' | 'plaintext';
  /** The mode of mutual TLS that holds; undefined without a proxy that asks for it. */
  readonly setting: ModeSetting | undefined;
  /** Whether mutual TLS is asked for and the client has none. */
  readonly refused: boolean;
  readonly protocol: 'ztunnel' | 'tcp' | 'http';
  readonly route: string;
  readonly stages: readonly Stage[];
}

const openWorld: World = {
  proxy: 'none',
  client: 'plaintext',
  setting: undefined,
  refused: false,
  protocol: 'tcp',
  route: '',
  stages: [],
};

/** Returns every way in which a connection may meet the mesh; one when the manifests tell all. */
export function worldsOf(
  client: MeshClient,
  server: MeshServer,
  port: number,
  request: HttpRequest | undefined,
): World[] {
  const { candidates, captured } = server.membership;
  const worlds: World[] = [];
  for (const proxy of candidates) {
    const ports = proxy === 'sidecar' || proxy === 'ambient' ? captured[proxy] : undefined;
    if (proxy === 'none' || ports?.certain.contains(port) === false) worlds.push(openWorld);
    if (proxy === 'none' || ports?.possible.contains(port) === false) continue;
    for (const proxied of [true, false]) {
      if (client.proxied === (proxied ? Ternary.No : Ternary.Yes)) continue;
      if (proxy === 'gateway') worlds.push(...gatewayWorlds(client, server, port, request, proxied));
      else if (proxy === 'sidecar') worlds.push(...sidecarWorlds(client, server, port, request, proxied));
      else worlds.push(...ambientWorlds(client, server, port, request, proxied));
    }
  }
  return worlds;
}

/** Returns what the policies say in one world in which mutual TLS does not refuse. */
export function judgeWorld({ stages }: World): PlanDecision {
  let worst: PlanDecision = { outcome: Ternary.Yes, cause: 'open' };
  for (const { plan, connection } of stages) {
    const decision = judgePlan(planFor(plan, connection), connection);
    if (decision.outcome < worst.outcome || worst.cause === 'open') worst = decision;
    if (decision.outcome === Ternary.No) return decision;
  }
  return worst;
}

function connectionOf(
  { view }: MeshClient,
  { addresses, tokens, masquerades }: MeshServer,
  port: number,
  request: HttpRequest | undefined,
): Omit<MeshConnection, 'proxy' | 'identity'> {
  const outside = !view.isPod && view.nodes === undefined;
  return {
    addresses: view.addresses,
    masqueraded: outside && masquerades.has(port),
    destinations: addresses,
    ports: [port],
    request,
    tokens,
  };
}

function protocolsOf(
  plan: PolicyPlan,
  known: PortProtocol,
  request: HttpRequest | undefined,
): readonly ('tcp' | 'http')[] {
  if (known !== 'detected') return [known];
  if (!plan.protocolMatters) return ['tcp'];
  return request === undefined ? ['http', 'tcp'] : ['http'];
}

function sidecarWorlds(
  client: MeshClient,
  server: MeshServer,
  port: number,
  request: HttpRequest | undefined,
  proxied: boolean,
): World[] {
  const plan = server.plans.sidecar;
  const base = connectionOf(client, server, port, request);
  const protocols = protocolsOf(plan, portProtocol(server.entrances.get(port)), request);
  return modesAt(server.scopes, port).flatMap((setting) =>
    protocols.map((protocol): World => {
      // Clients with a proxy send plaintext where the server takes nothing else.
      const identity = proxied && setting.mode !== 'DISABLE' ? client.identity : undefined;
      return {
        proxy: 'sidecar',
        client: proxied ? 'proxied' : 'plaintext',
        setting,
        refused: setting.mode === 'STRICT' && !proxied,
        protocol,
        route: '',
        stages: [{ plan, connection: { ...base, proxy: protocol, identity }, at: undefined }],
      };
    }),
  );
}

/** PeerAuthentication is not for gateways: their listeners say whether they ask clients for certificates. */
function gatewayWorlds(
  client: MeshClient,
  server: MeshServer,
  port: number,
  request: HttpRequest | undefined,
  proxied: boolean,
): World[] {
  const plan = server.plans.gateway;
  const base = connectionOf(client, server, port, request);
  const identities = proxied ? [client.identity, undefined] : [undefined];
  return identities.flatMap((identity) =>
    protocolsOf(plan, 'detected', request).map((protocol): World => {
      return {
        proxy: 'gateway',
        client: identity === undefined ? 'plaintext' : 'proxied',
        setting: undefined,
        refused: false,
        protocol,
        route: '',
        stages: [{ plan, connection: { ...base, proxy: protocol, identity }, at: undefined }],
      };
    }),
  );
}

function ambientWorlds(
  client: MeshClient,
  server: MeshServer,
  port: number,
  request: HttpRequest | undefined,
  proxied: boolean,
): World[] {
  const { plans, scopes, entrances, waypoints, waypoint } = server;
  const base = connectionOf(client, server, port, request);
  const identity = proxied ? client.identity : undefined;
  const direct: Stage = {
    plan: plans.ambient,
    connection: { ...base, proxy: 'ztunnel', identity },
    at: undefined,
  };
  const routes: { route: string; protocol: World['protocol']; stages: readonly Stage[] }[] = [];
  const through = (
    { waypoint: at, plan }: WaypointPlan,
    route: string,
    known: PortProtocol,
    ports: number[],
  ) => {
    const behind: Stage = {
      ...direct,
      connection: { ...direct.connection, identity: waypointIdentity(at), addresses: [], masqueraded: true },
    };
    for (const proxy of protocolsOf(plan, known, request)) {
      const connection: MeshConnection = { ...base, proxy, identity, masqueraded: true, ports };
      routes.push({ route, protocol: proxy, stages: [{ plan, connection, at }, behind] });
    }
  };
  // Waypoints are for clients in the mesh; plaintext goes to the pod at once.
  if (proxied && waypoint !== undefined) {
    through(waypoint, 'the pod itself', portProtocol(entrances.get(port)), [port]);
  }
  if (!proxied || waypoint === undefined || waypoint.waypoint.source === undefined) {
    routes.push({ route: 'the pod itself', protocol: 'ztunnel', stages: [direct] });
  }
  for (const entrance of (proxied ? entrances.get(port) : undefined) ?? []) {
    const used = waypoints.get(entrance);
    if (used === undefined) continue;
    const { service, entry, protocol } = entrance;
    through(used, `Service ${service.namespace}/${service.name}`, protocol, [...new Set([entry.port, port])]);
  }
  return modesAt(scopes, port).flatMap((setting) =>
    routes.map((route): World => {
      return {
        proxy: 'ambient',
        client: proxied ? 'proxied' : 'plaintext',
        setting,
        refused: setting.mode === 'STRICT' && !proxied,
        ...route,
      };
    }),
  );
}

/** Returns whether no policy is on any proxy of the world. */
export function isUnpoliced({ stages }: World): boolean {
  return stages.every(({ plan }) => isEmptyPlan(plan));
}
