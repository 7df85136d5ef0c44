import { dnsLabelProblem } from '../../manifest/kinds/syntax.ts';
import {
  type Address,
  formatAddress,
  isLoopback,
  isMulticast,
  isUnspecified,
  sameAddress,
} from '../../net/address.ts';
import type { Endpoint } from '../../segmentation/endpoint.ts';
import { endpointText, viewOf } from '../../segmentation/endpoint.ts';
import { targetPorts } from '../../segmentation/explain.ts';
import { type Workload, workloadName } from '../../segmentation/model.ts';
import { type ApiProtocol, apiProtocols, isApiProtocol, protocolText } from '../../segmentation/protocol.ts';
import { destinationOf } from '../judge.ts';
import type { Declared } from '../posture.ts';
import type { ObservedFlow } from './flow-log.ts';

/** One observed connection between two ends that are known, at the port of the pod itself. */
export interface Edge {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly protocol: ApiProtocol;
  readonly port: number;
  /** How many flows it stands for. */
  readonly flows: number;
  readonly line: number;
}

/** A flow that no policy can be made of, and why. */
export interface LeftOut {
  readonly flow: ObservedFlow;
  readonly text: string;
}

/** What the flows mean in terms of what is declared. */
export interface Observation {
  readonly edges: readonly Edge[];
  /** Ends that the manifests do not tell. */
  readonly unidentified: readonly LeftOut[];
  /** Flows that policies have no say in: inside one host, multicast, other protocols, between two ends outside. */
  readonly outOfScope: readonly LeftOut[];
}

/** Returns the observed connections between declared ends; a Service is seen through to the pods behind it. */
export function observe(declared: Declared, flows: readonly ObservedFlow[]): Observation {
  const names = new Map<string, Workload | undefined>();
  for (const workload of declared.inventory.workloads) {
    const name = workloadName(workload);
    // A name that two workloads share says nothing.
    names.set(name, names.has(name) || workload.finished ? undefined : workload);
  }
  const edges: Edge[] = [];
  const unidentified: LeftOut[] = [];
  const outOfScope: LeftOut[] = [];
  for (const flow of flows) {
    const scope = scopeOf(flow);
    if (scope !== undefined) {
      outOfScope.push({ flow, text: scope });
      continue;
    }
    const found = addressable(declared, edgesOf(declared, flow, names));
    if (typeof found === 'string') unidentified.push({ flow, text: found });
    else if (found.length === 0) outOfScope.push({ flow, text: 'neither end is a pod' });
    else edges.push(...found);
  }
  return { edges, unidentified, outOfScope };
}

/** Why NetworkPolicies have no say in a flow. */
function scopeOf({ source, destination, protocol, port }: ObservedFlow): string | undefined {
  if (isLoopback(source) || isLoopback(destination)) return 'on loopback';
  if (isMulticast(destination) || isUnspecified(destination) || isUnspecified(source)) return 'no unicast';
  if (!isApiProtocol(protocol)) return `${protocolText(protocol)} is not in the API of NetworkPolicies`;
  if (port === 0) return 'port 0 is not in the API of NetworkPolicies';
  if (sameAddress(source, destination)) return 'a pod and itself';
  return undefined;
}

function edgesOf(
  declared: Declared,
  flow: ObservedFlow,
  names: ReadonlyMap<string, Workload | undefined>,
): Edge[] | string {
  const { protocol, port, flows, line } = flow;
  const api = (Object.keys(apiProtocols) as ApiProtocol[]).find((name) => apiProtocols[name] === protocol);
  const source = endOf(declared, flow.source, flow.sourceName, names);
  if (api === undefined) return [];
  if (typeof source === 'string') return source;
  if (declared.addresses.owner(flow.source)?.kind === 'service') return 'a Service is no source';
  const target = destinationOf(declared, { destination: flow.destination, protocol, port });
  const edge = (destination: Endpoint, podPort: number): Edge => ({
    source,
    destination,
    protocol: api,
    port: podPort,
    flows,
    line,
  });
  if (target.kind !== 'service') {
    const destination = endOf(declared, flow.destination, flow.destinationName, names);
    if (typeof destination === 'string') return destination;
    return isPod(source) || isPod(destination) ? [edge(destination, port)] : [];
  }
  const { service } = target;
  const name = `Service ${service.namespace}/${service.name}`;
  const entries = service.ports.filter(
    (entry) => entry.protocol === protocol && (entry.port === port || entry.nodePort === port),
  );
  // Which of the pods answered is not recorded: each may.
  const behind = (service.backends ?? []).flatMap((workload) =>
    [...new Set(entries.flatMap((entry) => targetPorts(entry, workload)))]
      .filter((podPort) => Number.isInteger(podPort) && podPort >= 1 && podPort <= 65_535)
      .map((podPort) => edge({ kind: 'workload', workload }, podPort)),
  );
  return behind.length > 0 ? behind : `${name} leads to no declared pod on ${api} ${port}`;
}

/**
 * Ends that no rule can name make the whole unidentified. Policies see a pod on its host's network as the node, so that
 * an address of that must be known.
 */
function addressable({ inventory }: Declared, edges: Edge[] | string): Edge[] | string {
  if (typeof edges === 'string') return edges;
  for (const { source, destination } of edges) {
    for (const end of [source, destination]) {
      const namespace = end.kind === 'workload' ? end.workload.namespace.name : 'default';
      if (dnsLabelProblem(namespace) !== undefined) {
        return `${endpointText(end)} is in a namespace whose name the API server refuses`;
      }
    }
  }
  const nameless = edges
    .flatMap(({ source, destination }) => [source, destination])
    .find((end) => !isPod(end) && viewOf(end, inventory).addresses.length === 0);
  return nameless === undefined
    ? edges
    : `${endpointText(nameless)} is on its host's network, and no manifest tells the address of that host`;
}

function isPod(end: Endpoint): boolean {
  return end.kind === 'workload' && !end.workload.hostNetwork;
}

/** The end with this address; by the name it had when it was recorded where no manifest has the address any more. */
function endOf(
  declared: Declared,
  address: Address,
  name: string | undefined,
  names: ReadonlyMap<string, Workload | undefined>,
): Endpoint | string {
  const end = declared.addresses.endpoint(address);
  if (end.kind !== 'external') return end;
  if (declared.addresses.owner(address) === undefined && name !== undefined) {
    const workload = names.get(name);
    return workload === undefined
      ? `${formatAddress(address)} was ${name}, which no manifest declares`
      : { kind: 'workload', workload };
  }
  return viewOf(end, declared.inventory).isPod
    ? `${endpointText(end)} is a pod's address, but no manifest tells whose`
    : end;
}
