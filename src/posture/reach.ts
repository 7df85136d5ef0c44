import { nearest } from '../diagnostic/suggest.ts';
import type { Verdict } from '../flow/verdict.ts';
import { addressBits, formatAddress, parseAddress } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { formatPrefix } from '../net/prefix.ts';
import type { Endpoint } from '../segmentation/endpoint.ts';
import { equivalenceClasses } from '../segmentation/equivalence.ts';
import { type Workload, workloadName } from '../segmentation/model.ts';
import { portAnswer } from '../segmentation/port-sets.ts';
import { type ApiProtocol, apiProtocols } from '../segmentation/protocol.ts';
import { destinationOf, judgeEnds } from './network-policy-layer.ts';
import type { Declared } from './posture.ts';

/** An end that a text names, or why it names none. */
export type ParsedEndpoint =
  | { readonly end: Endpoint }
  | { readonly message: string; readonly help: string | undefined };

/**
 * Returns the end that a person means: `namespace/workload` or `Kind/namespace/workload`, an address, or a host of the
 * site file.
 */
export function parseEndpoint(text: string, declared: Declared): ParsedEndpoint {
  const address = parseAddress(text);
  if (address !== undefined) return { end: declared.addresses.endpoint(address) };
  const { workloads } = declared.inventory;
  const found = workloads.filter((workload) => isNamed(workload, text));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return { end: { kind: 'workload', workload: first } };
  if (second !== undefined) {
    const choices = found.map((workload) => `${workload.kind}/${workloadName(workload)}`);
    return { message: `${text} is ambiguous`, help: `say which: ${choices.join(', ')}` };
  }
  return namedHost(text, declared);
}

function isNamed(workload: Workload, text: string): boolean {
  const name = workloadName(workload);
  return text === name || text.toLowerCase() === `${workload.kind}/${name}`.toLowerCase();
}

function namedHost(text: string, { hosts, inventory }: Declared): ParsedEndpoint {
  const host = hosts.find(({ name }) => name === text);
  const [prefix] = host?.prefixes ?? [];
  if (host !== undefined && prefix !== undefined) {
    if (host.prefixes.length === 1 && prefix.length === addressBits(prefix.address.family)) {
      return { end: { kind: 'external', address: prefix.address } };
    }
    const ranges = host.prefixes.map((one) =>
      one.length === addressBits(one.address.family) ? formatAddress(one.address) : formatPrefix(one),
    );
    const help = `name one of its addresses: ${ranges.join(', ')}`;
    return { message: `${text} has more than one address`, help };
  }
  const names = [...inventory.workloads.map(workloadName), ...hosts.map(({ name }) => name)];
  const bare = inventory.workloads.filter(({ name }) => name === text).map(workloadName);
  const near = bare[0] ?? nearest(text, names);
  const help =
    near !== undefined
      ? `did you mean ${near}?`
      : names.length === 0
        ? 'the manifests declare no workload and no host'
        : `known are ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  return { message: `no workload, address or host is called ${text}`, help };
}

/** Returns the verdict for one connection between two ends; an address of a Service stands for the pods behind it. */
export function reach(
  declared: Declared,
  source: Endpoint,
  destination: Endpoint,
  protocol: ApiProtocol,
  port: number,
): Verdict {
  const number = apiProtocols[protocol];
  const target =
    destination.kind === 'workload' || destination.address === undefined
      ? destination
      : destinationOf(declared, { destination: destination.address, protocol: number, port });
  return judgeEnds(declared, source, target, number, port);
}

/** The ports of one protocol on which one workload may reach another; what is in neither set is denied. */
export interface ProtocolPorts {
  readonly protocol: ApiProtocol;
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

export interface ReachRow {
  readonly source: Workload;
  readonly destination: Workload;
  readonly ports: readonly ProtocolPorts[];
}

/** Narrows a matrix to one protocol or one port. */
export interface ReachScope {
  readonly protocol?: ApiProtocol;
  readonly port?: number;
}

/**
 * Yields every ordered pair of workloads with the exact ports. Finished workloads are left out, and a single pod with
 * itself; a workload of several pods stands with itself for the traffic between them.
 */
export function* reachMatrix(
  { inventory, segmentation }: Declared,
  scope: ReachScope = {},
): Generator<ReachRow> {
  const protocols = scope.protocol ? [scope.protocol] : (Object.keys(apiProtocols) as ApiProtocol[]);
  const asked = scope.port === undefined ? PortSet.all : PortSet.of(scope.port);
  const answer = (source: Workload, destination: Workload) =>
    protocols.map((protocol): ProtocolPorts => {
      const { allowed, unknown } = portAnswer(segmentation, source, destination, apiProtocols[protocol]);
      return { protocol, allowed: allowed.intersect(asked), unknown: unknown.intersect(asked) };
    });
  const classes = equivalenceClasses(segmentation);
  const answers = new Map<number, readonly ProtocolPorts[]>();
  const workloads = inventory.workloads.filter(({ finished }) => !finished);
  for (const source of workloads) {
    for (const destination of workloads) {
      if (source === destination && source.single) continue;
      const pair = classes[source.index]! * inventory.workloads.length + classes[destination.index]!;
      let ports = answers.get(pair);
      if (ports === undefined) {
        ports = answer(source, destination);
        answers.set(pair, ports);
      }
      yield { source, destination, ports };
    }
  }
}
