import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { type ApiProtocol, apiProtocols } from '../../segmentation/protocol.ts';
import { endpointOf, exampleAddress } from '../diff/example.ts';
import { reachRows } from '../diff/rows.ts';
import type { PortsOf } from '../diff/transitions.ts';
import { decidingReason } from '../diff/why.ts';
import type { Declared } from '../posture.ts';
import { type ReachEnd, reachEndText } from '../reach/end.ts';
import { reach } from '../reach/query.ts';
import type { Edge } from './observe.ts';

/** Ports between two ends that the proposal admits and nobody used. */
export interface Extra {
  readonly source: ReachEnd;
  readonly destination: ReachEnd;
  readonly ports: readonly PortsOf[];
  /** How many ports that are, over all protocols. */
  readonly size: number;
}

/** What was observed, by ends and protocol. */
class Observed {
  readonly #pairs = new Map<string, PortSet>();
  /** Addresses outside, by workload, direction, protocol and port. */
  readonly #outside = new Map<string, Map<number, AddressSet>>();

  constructor(edges: readonly Edge[]) {
    for (const { source, destination, protocol, port } of edges) {
      const [from, to] = [indexOf(source), indexOf(destination)];
      if (from !== undefined && to !== undefined) {
        const key = `${from} ${to} ${protocol}`;
        this.#pairs.set(key, (this.#pairs.get(key) ?? PortSet.empty).union(PortSet.of(port)));
        continue;
      }
      const [workload, end, way] = to === undefined ? [from, destination, 'out'] : [to, source, 'in'];
      if (workload === undefined || end.address === undefined) continue;
      const key = `${workload} ${way} ${protocol}`;
      const ports = this.#outside.get(key) ?? new Map<number, AddressSet>();
      this.#outside.set(key, ports);
      ports.set(port, (ports.get(port) ?? AddressSet.empty).union(AddressSet.of(end.address)));
    }
  }

  /** Splits what a row of the matrix allows into what was observed and the rest, the latter by address. */
  beyond(
    source: ReachEnd,
    destination: ReachEnd,
    protocol: ApiProtocol,
    allowed: PortSet,
  ): [ReachEnd, PortSet][] {
    if (source.kind === 'workload' && destination.kind === 'workload') {
      const used = this.#pairs.get(`${source.workload.index} ${destination.workload.index} ${protocol}`);
      return [[source, used === undefined ? allowed : allowed.subtract(used)]];
    }
    const [workload, outside, way] =
      destination.kind === 'workload'
        ? [destination.workload, source, 'in']
        : [workloadOf(source), destination, 'out'];
    if (outside.kind !== 'external' || workload === undefined) return [[outside, allowed]];
    const used = this.#outside.get(`${workload.index} ${way} ${protocol}`);
    let rest = allowed;
    const found: [ReachEnd, PortSet][] = [];
    for (const [port, addresses] of used ?? []) {
      if (!allowed.contains(port)) continue;
      rest = rest.subtract(PortSet.of(port));
      const range = outside.range.subtract(addresses);
      if (!range.isEmpty) found.push([{ kind: 'external', range }, PortSet.of(port)]);
    }
    return [[outside, rest], ...found];
  }
}

function indexOf(end: Edge['source']): number | undefined {
  return end.kind === 'workload' ? end.workload.index : undefined;
}

function workloadOf(end: ReachEnd) {
  return end.kind === 'workload' ? end.workload : undefined;
}

/**
 * Returns what the proposed policies admit beyond the observed connections, the widest first: the matrix of the posture
 * with them, less what was seen. `governed`: indexes of workloads that a proposed policy selects; pairs without one of them
 * are as open as before and are left out.
 */
export function extrasOf(
  posture: Declared,
  edges: readonly Edge[],
  governed: ReadonlySet<number>,
  step: () => void = () => {},
): Extra[] {
  const observed = new Observed(edges);
  const found = new Map<
    string,
    { source: ReachEnd; destination: ReachEnd; ports: Map<ApiProtocol, PortSet> }
  >();
  for (const { source, destination, ports } of reachRows(posture)) {
    step();
    const ends = [workloadOf(source), workloadOf(destination)];
    if (!ends.some((workload) => workload !== undefined && governed.has(workload.index))) continue;
    const outbound = destination.kind !== 'workload';
    for (const { protocol, allowed } of ports) {
      if (allowed.isEmpty) continue;
      for (const [end, rest] of observed.beyond(source, destination, protocol, allowed)) {
        if (rest.isEmpty) continue;
        const pair = outbound ? { source, destination: end } : { source: end, destination };
        const key = `${keyOf(pair.source)}\0${keyOf(pair.destination)}`;
        const known = found.get(key) ?? { ...pair, ports: new Map() };
        found.set(key, known);
        known.ports.set(protocol, (known.ports.get(protocol) ?? PortSet.empty).union(rest));
      }
    }
  }
  const extras = [...found.entries()].map(([key, { ports, ...pair }]) => {
    const list = (Object.keys(apiProtocols) as ApiProtocol[]).flatMap((protocol) => {
      const set = ports.get(protocol);
      return set === undefined ? [] : [{ protocol, ports: set }];
    });
    const size = list.reduce((sum, one) => sum + one.ports.size, 0);
    return { key, extra: { ...pair, ports: list, size } };
  });
  extras.sort((x, y) => y.extra.size - x.extra.size || (x.key < y.key ? -1 : 1));
  return extras.map(({ extra }) => extra);
}

function keyOf(end: ReachEnd): string {
  return end.kind === 'workload'
    ? `${reachEndText(end)} ${end.workload.kind}`
    : `${end.kind} ${reachEndText(end)}`;
}

/** Returns which rule admits an extra, in one sentence; undefined for ends that cannot be asked for. */
export function whyExtra(posture: Declared, { source, destination, ports }: Extra): string | undefined {
  const address = (end: ReachEnd) =>
    end.kind === 'external' ? exampleAddress(end.range, posture) : undefined;
  const from = endpointOf(source, posture, address(source));
  const to = endpointOf(destination, posture, address(destination));
  const [first] = ports;
  const port = first?.ports.first();
  if (from === undefined || to === undefined || first === undefined || port === undefined) return undefined;
  return decidingReason(reach(posture, from, to, first.protocol, port))?.text;
}
