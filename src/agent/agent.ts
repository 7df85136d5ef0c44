import { randomInt, randomUUID } from 'node:crypto';
import type { DetectorDefinition } from '../detect/detector.ts';
import { AlertFolder } from '../detect/fold.ts';
import { detectors as allDetectors } from '../detect/registry.ts';
import type { DetectSettings } from '../detect/settings/settings.ts';
import { parseFlowFilter } from '../flow/filter.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import { FlowJoiner } from '../flow/join-process.ts';
import type { SensorCounters } from '../flow/kernel-batch.ts';
import { ConnectionTracker } from '../flow/tracker.ts';
import type { Posture } from '../posture/posture.ts';
import type { RunningSensor, SensorDefinition } from '../sensor/sensor.ts';
import type { Store } from '../store/store.ts';
import type { AgentView, FlowFilter } from './api.ts';
import { AgentClock, type SystemClocks } from './clock.ts';
import type { FlowExports } from './flow-exports.ts';
import { type FlowSourceStatus, FlowSources, sum, type WantedFlowSource } from './flow-sources.ts';
import { judgeHealth } from './health.ts';
import { Incidents } from './incidents.ts';
import { LossLog } from './loss-log.ts';
import { agentMetrics } from './metrics.ts';
import { readOwnMachine } from './own-machine.ts';
import type { PacketFilterWatch } from './packet-filter-watch.ts';
import { type Observer, Pipeline } from './pipeline.ts';
import type { RuleAlerts } from './rules/rule-alerts.ts';
import { apiSchemaVersion, type Status } from './status.ts';
import { EventStream } from './stream.ts';
import { StreamObserver } from './stream-observer.ts';
import { version } from './version.ts';

/** What an agent is made of. Everything that touches the outside comes in here. */
export interface AgentParts {
  readonly site: string;
  readonly posture: Posture;
  readonly store: Store;
  readonly sensors: readonly SensorDefinition[];
  /** Where whole flows come from beside these: exports, connection tracking, captures. */
  readonly flowSources?: readonly WantedFlowSource[];
  /** Where flows are sent; ended with the agent. */
  readonly flowExports?: FlowExports;
  /** Told in a sentence of what a person should know. */
  readonly notice?: (text: string) => void;
  readonly detectors?: readonly DetectorDefinition[];
  /** Options of detectors and exceptions; all as preset without. */
  readonly detectSettings?: DetectSettings;
  /** Rules over system calls, audit events and the like; stopped with the agent. */
  readonly rules?: RuleAlerts;
  /** Whether the packet filter of this machine is still what was applied. */
  readonly packetFilter?: PacketFilterWatch;
  /** Told of every flow and alert, beside the event stream. */
  readonly observer?: Observer;
  readonly clocks?: SystemClocks;
}

/** How often the tracker is given the time; it decides what stayed unanswered. */
const trackEveryMs = 250;
const secondMs = 1_000;
const retainEveryMs = 60_000;
const noCounters: SensorCounters = { records: 0, lost: 0, undecodable: 0 };

/** Bounds of the tables that are keyed by what an attacker can choose. */
const tableSizes = { maxFlows: 32_768, maxSockets: 65_536, maxListeners: 4_096, maxTasks: 8_192 } as const;

type SensorSummary = Status['sensors'][number];

/** One sensor as the agent sees it. */
interface SensorState {
  readonly id: string;
  state: 'running' | 'unavailable' | 'failed';
  detail: string;
  counters: SensorCounters;
  running?: RunningSensor;
  /** Whether it was asked for counters and has not answered yet. */
  asked: boolean;
}

/** The loop: sensors into the pipeline, a tick each second, and the view that HTTP serves. */
export class Agent implements AgentView {
  readonly store: Store;
  readonly stream = new EventStream();
  readonly incidents: Incidents;
  /** Endpoints that could not be opened; set by who opens them. */
  unserved: readonly string[] = [];
  readonly #parts: AgentParts;
  readonly #clock: AgentClock;
  readonly #losses = new LossLog();
  readonly #tracker: ConnectionTracker;
  readonly #pipeline: Pipeline;
  readonly #streamObserver = new StreamObserver(this.stream);
  readonly #sensors: SensorState[] = [];
  readonly #flowSources: FlowSources;
  /** The source of which the flows are joined with those of sockets, and what joins them; undefined where there is none. */
  readonly #network: string | undefined;
  readonly #joiner: FlowJoiner | undefined;
  readonly #metrics = agentMetrics(() => this.status());
  readonly #startedAt: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #retainedAt = 0;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.store = parts.store;
    this.#clock = new AgentClock(parts.clocks);
    this.#startedAt = this.#clock.now();
    this.#tracker = new ConnectionTracker({
      ...tableSizes,
      newId: randomUUID,
      epochOffset: this.#clock.offset,
      hashSeed: randomInt(2 ** 31),
    });
    const observers: readonly Observer[] = [
      this.#metrics,
      this.#streamObserver,
      ...(parts.flowExports ? [parts.flowExports] : []),
      ...(parts.observer ? [parts.observer] : []),
    ];
    this.incidents = new Incidents({
      store: parts.store,
      newId: randomUUID,
      posture: parts.posture,
      own: readOwnMachine,
      observers,
    });
    this.#pipeline = new Pipeline({
      posture: parts.posture,
      detectors: parts.detectors ?? allDetectors,
      ...(parts.detectSettings && { settings: parts.detectSettings }),
      folder: new AlertFolder({ newId: randomUUID, lostBetween: this.#losses.between }),
      store: parts.store,
      observers: [...observers, this.incidents],
    });
    const { flowSources = [] } = parts;
    // The first that sees what sockets do tells how much they sent; a second one would tell it twice.
    this.#network = flowSources.find(({ seesSockets }) => seesSockets)?.id;
    this.#joiner =
      this.#network === undefined ? undefined : new FlowJoiner({ maxFlows: tableSizes.maxFlows });
    this.#flowSources = new FlowSources(flowSources, {
      flow: (flow, change, source) => this.#fromSource(flow, change, source),
      dns: this.#pipeline.dns,
      log: (seen) => this.#pipeline.log(seen, randomUUID),
      notice: parts.notice ?? (() => undefined),
    });
    const joiner = this.#joiner;
    if (parts.flowExports !== undefined && joiner !== undefined)
      parts.flowExports.awaitsCounts = (id) => joiner.awaitsCounts(id);
    if (parts.rules !== undefined) parts.rules.find = this.#pipeline.find;
  }

  /** Opens every sensor that this machine can give. A sensor that cannot start is told in status, not thrown. */
  async start(): Promise<void> {
    this.incidents.restore();
    for (const definition of this.#parts.sensors) await this.#open(definition);
    await this.#flowSources.start();
    this.#timers.push(
      setInterval(() => this.#track(), trackEveryMs),
      setInterval(() => this.#tick(), secondMs),
    );
  }

  /** Judges from now on by `posture`, and detects by these settings. */
  replacePosture(posture: Posture, settings: DetectSettings): void {
    this.#pipeline.posture = posture;
    this.#pipeline.useSettings(settings);
    this.incidents.replacePosture(posture);
  }

  /** Stops the sensors, writes what is buffered, closes the store. Idempotent. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#parts.rules?.stop();
    for (const sensor of this.#sensors) await sensor.running?.stop();
    await this.#flowSources.stop();
    // What still waits for its other side goes on without it.
    this.#joiner?.tick(Number.POSITIVE_INFINITY, this.#pipeline.flow);
    this.incidents.tick(this.#clock.now());
    this.stream.close();
    await this.store.close();
    await this.#parts.flowExports?.close();
  }

  /** ms since the epoch, by the agent's time line. */
  now(): number {
    return this.#clock.now();
  }

  parseFilter(text: string): FlowFilter {
    const result = parseFlowFilter(text, { now: this.#clock.now() });
    if (result.ok) return { matches: result.matches, tree: result.tree };
    const [first] = result.diagnostics;
    return { message: first?.message ?? 'not a filter', ...(first?.help ? { help: first.help } : {}) };
  }

  metrics(): Promise<string> {
    return this.#metrics.metrics();
  }

  status(): Status {
    const now = this.#clock.now();
    const { counts: posture } = this.#pipeline.posture;
    const flowSources = this.#flowSources
      .status()
      .map((one) => (one.id === this.#network ? this.#withJoiner(one) : one));
    const sensors = [
      ...this.#sensors.map(({ id, state, detail, counters }) => ({ id, state, detail, counters })),
      ...flowSources.map(asSensor),
    ];
    const table = this.#tracker.stats();
    const store = this.store.health();
    const stream = {
      subscribers: this.stream.subscribers,
      dropped: this.stream.dropped + this.#streamObserver.skipped,
    };
    const { total, byVerdict } = this.#pipeline.counts;
    const rules = this.#parts.rules?.status();
    const flowExports = this.#parts.flowExports?.status();
    const exceptions = this.#pipeline.exceptions(now);
    return {
      schemaVersion: apiSchemaVersion,
      version,
      site: this.#parts.site,
      startedAt: this.#startedAt,
      now,
      mode: 'observe',
      health: judgeHealth({
        now,
        sensors,
        lost: { total: this.#losses.total, latest: this.#losses.latest },
        store,
        clockBehind: this.#clock.behind,
        posture,
        evictedFlows: table.evicted,
        streamDropped: stream.dropped,
        unserved: this.unserved,
        flowExports,
        rules,
        packetFilter: this.#parts.packetFilter?.health(),
        exceptions,
      }),
      posture,
      sensors,
      flows: {
        active: table.active,
        total,
        evicted: table.evicted,
        allowed: byVerdict.allow,
        denied: byVerdict.deny,
        unknown: byVerdict.unknown,
      },
      alerts: { open: this.#pipeline.openAlerts, total: this.#pipeline.alerts },
      incidents: this.incidents.status(),
      detectors: this.#pipeline.detectors.map(({ id, running }) => ({
        id,
        stateBytes: running.stateBytes(),
        evicted: running.evicted(),
      })),
      ...(exceptions.length > 0 && { exceptions }),
      ...(rules && { rules }),
      ...(flowSources.length > 0 && { flowSources }),
      ...(flowExports && { flowExports }),
      store,
      stream,
    };
  }

  async #open(definition: SensorDefinition): Promise<void> {
    const sensor: SensorState = {
      id: definition.id,
      state: 'unavailable',
      detail: '',
      counters: noCounters,
      asked: false,
    };
    this.#sensors.push(sensor);
    const probe = await definition.probe();
    sensor.detail = probe.details.join('; ');
    if (probe.state === 'unavailable') return;
    try {
      sensor.running = await definition.open({
        snapshot: (snapshot) => this.#tracker.snapshot(snapshot, this.#fromSockets),
        batch: (batch) => {
          this.#count(sensor, batch.counters);
          this.#tracker.push(batch, this.#fromSockets);
          // Between batches everything else gets its turn: HTTP, the tick, signals.
          return new Promise((resolve) => setImmediate(resolve));
        },
        failed: (error) => {
          sensor.state = 'failed';
          sensor.detail = error.message;
        },
      });
      sensor.state = 'running';
    } catch (error) {
      sensor.state = 'failed';
      sensor.detail = (error as Error).message;
    }
  }

  /** Takes a flow as the tracker of sockets emits it. */
  readonly #fromSockets = (flow: Flow, change: FlowChange): void => {
    if (this.#joiner === undefined) this.#pipeline.flow(flow, change);
    else this.#joiner.socket(flow, change, this.#clock.now(), this.#pipeline.flow);
  };

  #fromSource(flow: Flow, change: FlowChange, source: string): void {
    if (source !== this.#network || this.#joiner === undefined) this.#pipeline.flow(flow, change);
    else this.#joiner.network(flow, change, this.#clock.now(), this.#pipeline.flow);
  }

  #track(): void {
    this.#tracker.tick(this.#clock.monotonic(), this.#fromSockets);
    this.#joiner?.tick(this.#clock.now(), this.#pipeline.flow);
  }

  #count(sensor: SensorState, counters: SensorCounters): void {
    sensor.counters = counters;
    this.#losses.note(sensor.id, counters.lost, this.#clock.now());
  }

  /** Asks a sensor for fresh counters, unless it still owes an answer: a loaded one must not hold up the tick. */
  async #refresh(sensor: SensorState): Promise<void> {
    if (sensor.state !== 'running' || !sensor.running || sensor.asked) return;
    sensor.asked = true;
    try {
      this.#count(sensor, await sensor.running.counters());
    } catch (error) {
      sensor.state = 'failed';
      sensor.detail = (error as Error).message;
    } finally {
      sensor.asked = false;
    }
  }

  /** A source of flows with what became of its flows beside those of sockets. */
  #withJoiner(source: FlowSourceStatus): FlowSourceStatus {
    const { joined, joinedLate, uncounted, evicted } = this.#joiner?.stats() ?? {};
    const own = Object.entries({ joined, 'joined late': joinedLate, uncounted, 'joins evicted': evicted });
    const known = own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
    const { counters } = source;
    return {
      ...source,
      counters: { ...counters, details: { ...counters.details, ...Object.fromEntries(known) } },
    };
  }

  #noteFlowLosses(now: number): void {
    this.#flowSources.refresh();
    for (const { id, counters } of this.#flowSources.status()) this.#losses.note(id, sum(counters.lost), now);
  }

  #noteRuleLosses(now: number): void {
    for (const { id, lost } of this.#parts.rules?.status().sources ?? [])
      this.#losses.note(`rules on ${id}`, lost, now);
  }

  #tick(): void {
    this.#clock.check();
    const now = this.#clock.now();
    for (const sensor of this.#sensors) void this.#refresh(sensor);
    this.#parts.rules?.tick();
    this.#parts.flowExports?.tick(now);
    this.#parts.packetFilter?.tick(this.#clock.monotonic());
    this.#noteRuleLosses(now);
    this.#noteFlowLosses(now);
    this.#pipeline.tick(now);
    this.incidents.tick(now);
    this.store.flush();
    if (now - this.#retainedAt >= retainEveryMs) {
      this.#retainedAt = now;
      this.store.retain(now);
    }
    this.#streamObserver.tick();
    if (this.stream.subscribers > 0) this.stream.publish({ type: 'status', data: this.status() });
  }
}

/** A source of flows as the list of sensors shows it. */
function asSensor({ id, state, detail, counters }: FlowSourceStatus): SensorSummary {
  const { flows, lost, dropped } = counters;
  return { id, state, detail, counters: { records: flows, lost: sum(lost), undecodable: sum(dropped) } };
}
