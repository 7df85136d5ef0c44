import { readdirSync } from 'node:fs';
import { Counter, Registry } from 'prom-client';
import type { Alert } from '../detect/detector.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import type { FlowSourceCounters } from '../sensor/flow-source.ts';
import { flowExportSeries } from './flow-export-series.ts';
import { flowSeries } from './flow-series.ts';
import { incidentSeries } from './incident-series.ts';
import { outputSeries } from './output-series.ts';
import type { Observer } from './pipeline.ts';
import { ruleSeries } from './rules/rule-series.ts';
import { series } from './series.ts';
import type { Status } from './status.ts';

/** Metrics of the agent; an {@link Observer} for the counts that its status does not break down. */
export interface AgentMetrics extends Observer {
  /** The exposition in Prometheus's text format, version 0.0.4. Rejects when the status cannot be told. */
  metrics(): Promise<string>;
}

/**
 * Returns the agent's series, named by Prometheus's conventions (https://prometheus.io/docs/practices/naming/): base
 * units, `_total` on what only grows. What `status` tells is taken from there when it is asked for, so that page, API
 * and metrics never differ. Labels come from fixed sets (sensors, detectors, states) or bounded ones (`flow-series.ts`).
 */
export function agentMetrics(status: () => Status): AgentMetrics {
  const registry = new Registry();
  const flows = new Counter({
    name: 'picket_flows_total',
    help: 'Connections whose fate was decided, by what became of them and what the declared controls say of them.',
    labelNames: ['state', 'verdict'],
    registers: [registry],
  });
  const alerts = new Counter({
    name: 'picket_alerts_total',
    help: 'Alerts raised; repeats of one alert count once.',
    labelNames: ['detector', 'severity'],
    registers: [registry],
  });
  const take = [...statusSeries(registry), ...processSeries(registry)];
  const [takeRules, takeOutputs] = [ruleSeries(registry), outputSeries(registry)];
  const takeExports = flowExportSeries(registry);
  const takeIncidents = incidentSeries(registry);
  const traffic = flowSeries(registry);
  return {
    flow(flow: Flow, change: FlowChange): void {
      if (change === 'decided') flows.inc({ state: flow.state, verdict: flow.verdict?.outcome ?? 'unknown' });
      traffic.flow(flow, change);
    },
    alert({ detector, severity }: Alert, isNew: boolean): void {
      if (isNew) alerts.inc({ detector, severity });
    },
    async metrics(): Promise<string> {
      const now = status();
      for (const set of take) set(now);
      if (now.rules !== undefined) {
        takeRules(now.rules);
        takeOutputs({ ...now.rules, now: now.now });
      }
      takeExports(now.flowExports ?? []);
      if (now.incidents !== undefined) takeIncidents(now.incidents);
      return registry.metrics();
    },
  };
}

/** Sets one series from a status. */
type Take = (status: Status) => void;

function statusSeries(registry: Registry): Take[] {
  return [
    series(registry, 'picket_build_info', 'Always 1; the version is in the label.', ['version'], (s) => [
      [{ version: s.version }, 1],
    ]),
    series(registry, 'picket_health', 'Whether a condition of the agent is ok (1) or not (0).', ['id'], (s) =>
      s.health.map(({ id, state }) => [{ id }, state === 'ok' ? 1 : 0]),
    ),
    series(registry, 'picket_flows_active', 'Connections tracked now.', [], (s) => [[{}, s.flows.active]]),
    series(
      registry,
      'picket_flow_table_evictions_total',
      'Connections dropped from the full flow table.',
      [],
      (s) => [[{}, s.flows.evicted]],
    ),
    series(registry, 'picket_sensor_records_total', 'Kernel records read.', ['sensor'], (s) =>
      s.sensors.map(({ id, counters }) => [{ sensor: id }, counters.records]),
    ),
    series(
      registry,
      'picket_sensor_records_lost_total',
      'Kernel records overwritten or dropped before they were read.',
      ['sensor'],
      (s) => s.sensors.map(({ id, counters }) => [{ sensor: id }, counters.lost]),
    ),
    series(
      registry,
      'picket_sensor_undecodable_total',
      'Kernel records that could not be decoded.',
      ['sensor'],
      (s) => s.sensors.map(({ id, counters }) => [{ sensor: id }, counters.undecodable]),
    ),
    ...flowSourceSeries(registry),
    series(registry, 'picket_sensor_up', 'Whether a sensor is running (1) or not (0).', ['sensor'], (s) =>
      s.sensors.map(({ id, state }) => [{ sensor: id }, state === 'running' ? 1 : 0]),
    ),
    series(
      registry,
      'picket_detector_state_bytes',
      'Approximate memory that a detector holds.',
      ['detector'],
      (s) => s.detectors.map(({ id, stateBytes }) => [{ detector: id }, stateBytes]),
    ),
    series(
      registry,
      'picket_detector_evictions_total',
      "Entries dropped from a detector's full tables.",
      ['detector'],
      (s) => s.detectors.map(({ id, evicted }) => [{ detector: id }, evicted]),
    ),
    series(
      registry,
      'picket_findings_held_back_total',
      'Findings that an exception of the site file held back.',
      ['detector'],
      (s) => (s.exceptions ?? []).map(({ detector, heldBack }) => [{ detector }, heldBack]),
    ),
    series(
      registry,
      'picket_exceptions_expired',
      'Exceptions of the site file that no longer apply.',
      [],
      (s) => [[{}, (s.exceptions ?? []).filter(({ isExpired }) => isExpired).length]],
    ),
    series(registry, 'picket_store_bytes', 'Size of the store on disk, its log included.', [], (s) => [
      [{}, s.store.bytes],
    ]),
    series(
      registry,
      'picket_store_lost_total',
      'Records that could not be written to the store.',
      [],
      (s) => [[{}, s.store.lost]],
    ),
    series(
      registry,
      'picket_store_folded_total',
      'Flows whose sums went into a row for all others, as a minute or hour had too many.',
      [],
      (s) => [[{}, s.store.folded ?? 0]],
    ),
    series(registry, 'picket_stream_subscribers', 'Readers of the event stream.', [], (s) => [
      [{}, s.stream.subscribers],
    ]),
    series(
      registry,
      'picket_stream_dropped_total',
      'Messages that slow readers of the event stream have missed.',
      [],
      (s) => [[{}, s.stream.dropped]],
    ),
  ];
}

/** What sources of flows count, each in its own words: reasons and tables are names of theirs, never of the network. */
function flowSourceSeries(registry: Registry): Take[] {
  const named = (
    name: string,
    help: string,
    label: string,
    of: (counters: FlowSourceCounters) => Readonly<Record<string, number>>,
  ) =>
    series<Status>(registry, name, help, ['source', label], ({ flowSources = [] }) =>
      flowSources.flatMap(({ id, counters }) =>
        Object.entries(of(counters)).map(([key, value]) => [{ source: id, [label]: key }, value] as const),
      ),
    );
  return [
    named(
      'picket_flow_source_lost_total',
      'What went before a source of flows could read it, in its own unit.',
      'where',
      ({ lost }) => lost,
    ),
    named(
      'picket_flow_source_dropped_total',
      'What came to a source of flows and was not used, by reason.',
      'reason',
      ({ dropped }) => dropped,
    ),
    named(
      'picket_flow_source_detail',
      'Tables of a source of flows and what else helps to understand it.',
      'name',
      ({ details }) => details,
    ),
  ];
}

/**
 * The process series that every Prometheus client names alike. Not prom-client's own default set, which also watches the
 * event loop and the garbage collector all the time: that costs processor time while nothing happens.
 */
function processSeries(registry: Registry): Take[] {
  return [
    series(registry, 'process_cpu_seconds_total', 'User and system processor time used.', [], () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    }),
    series(registry, 'process_resident_memory_bytes', 'Resident memory.', [], () => [
      [{}, process.memoryUsage.rss()],
    ]),
    series(registry, 'process_start_time_seconds', 'When the process started, since the epoch.', [], () => [
      [{}, performance.timeOrigin / 1000],
    ]),
    series(registry, 'process_open_fds', 'Open file descriptors.', [], () => [[{}, openDescriptors()]]),
  ];
}

/** Descriptors open now, the one that counts them left out (proc(5)). */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length - 1;
}
