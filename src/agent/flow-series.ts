import { Counter, type Registry } from 'prom-client';
import type { End, Flow, FlowChange } from '../flow/flow.ts';
import { isOver } from '../flow/steps.ts';
import { protocolName } from '../net/protocol.ts';
import type { Observer } from './pipeline.ts';

/** How many label sets there may be; what comes later is counted under `other`. */
export interface SeriesLimits {
  /** Exporters and files that are told apart. */
  readonly exporters: number;
  /** Interfaces of all of them. */
  readonly interfaces: number;
  /** Pairs of workloads. */
  readonly pairs: number;
}

export const defaultSeriesLimits: SeriesLimits = { exporters: 64, interfaces: 256, pairs: 1000 };

/** Stands for all that has no series of its own. */
const other = 'other';

/** Protocols with a name of their own in labels: a forged protocol number makes no series. */
const namedProtocols: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'icmp',
  'ipv6-icmp',
  'sctp',
  'gre',
  'esp',
]);

/** A set of label values that is never larger than it may be: the first come have it. */
class BoundedNames {
  readonly #names = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the name is one of the set, which it joins while there is room. */
  admit(name: string): boolean {
    if (this.#names.has(name)) return true;
    if (this.#names.size >= this.#most) return false;
    this.#names.add(name);
    return true;
  }
}

/** What one end is called in labels. Nothing that a stranger can choose: undeclared addresses are all `external`. */
function endLabels(end: End): readonly [namespace: string, name: string] {
  const { kind, name } = end.identity ?? { kind: 'unknown', name: '' };
  if (kind === 'unknown') return ['', 'external'];
  const slash = kind === 'workload' || kind === 'service' ? name.indexOf('/') : -1;
  return slash < 0 ? ['', name] : [name.slice(0, slash), name.slice(slash + 1)];
}

/**
 * Returns the series of flows: records, packets and bytes by where they were seen, and by who talked to whom. Only what was counted is
 * in packets and bytes: flows that were seen by their sockets alone have none. All label sets are bounded by `limits`.
 */
export function flowSeries(
  registry: Registry,
  limits: SeriesLimits = defaultSeriesLimits,
): Pick<Observer, 'flow'> {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const seen = ['observer', 'exporter', 'interface', 'protocol', 'verdict'];
  const records = counter(
    'picket_flow_records_total',
    'Records of flows that ended, and of parts of long ones.',
    seen,
  );
  const packets = counter('picket_flow_packets_total', 'Packets of flows, by direction.', [
    ...seen,
    'direction',
  ]);
  const bytes = counter('picket_flow_bytes_total', 'Bytes of flows from the IP header on, by direction.', [
    ...seen,
    'direction',
  ]);
  const pair = ['source_namespace', 'source', 'destination_namespace', 'destination', 'verdict'];
  const pairFlows = counter(
    'picket_workload_flows_total',
    'Records of flows between two declared ends.',
    pair,
  );
  const pairBytes = counter(
    'picket_workload_bytes_total',
    'Bytes between two declared ends, both ways together.',
    pair,
  );
  const refused = counter(
    'picket_flow_series_refused_total',
    'Flows that were counted under `other`, as there are as many series as there may be.',
    ['label'],
  );
  const exporters = new BoundedNames(limits.exporters);
  const interfaces = new BoundedNames(limits.interfaces);
  const pairs = new BoundedNames(limits.pairs);
  const admit = (names: BoundedNames, label: string, value: string, key = value): string => {
    if (value === '' || names.admit(key)) return value;
    refused.inc({ label });
    return other;
  };
  return {
    flow(flow: Flow, change: FlowChange): void {
      const isRecord = isOver(flow, change);
      if (!isRecord && change !== 'counted') return;
      const { observation, sent, received } = flow;
      const verdict = flow.verdict?.outcome ?? 'unknown';
      const protocol = protocolName(flow.protocol);
      const exporter = admit(exporters, 'exporter', observation?.exporter ?? '');
      const own = observation?.input ?? '';
      const where = {
        observer: observation?.by ?? 'sockets',
        exporter,
        interface: exporter === other ? '' : admit(interfaces, 'interface', own, `${exporter} ${own}`),
        protocol: namedProtocols.has(protocol) ? protocol : other,
        verdict,
      };
      if (isRecord) records.inc(where);
      for (const [direction, traffic] of [
        ['sent', sent],
        ['received', received],
      ] as const) {
        if (traffic === undefined) continue;
        packets.inc({ ...where, direction }, traffic.packets);
        bytes.inc({ ...where, direction }, traffic.bytes);
      }
      const [from, to] = [endLabels(flow.source), endLabels(flow.destination)];
      const isKnown = pairs.admit(JSON.stringify([from, to]));
      if (!isKnown) refused.inc({ label: 'pair' });
      const who = isKnown
        ? {
            source_namespace: from[0],
            source: from[1],
            destination_namespace: to[0],
            destination: to[1],
            verdict,
          }
        : { source_namespace: '', source: other, destination_namespace: '', destination: other, verdict };
      if (isRecord) pairFlows.inc(who);
      if (sent !== undefined || received !== undefined)
        pairBytes.inc(who, (sent?.bytes ?? 0) + (received?.bytes ?? 0));
    },
  };
}
