import { setImmediate } from 'node:timers/promises';
import { loadPublicSuffixes } from '../detect/registrable-domain.ts';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { Flow, FlowChange } from '../flow/flow.ts';
import type {
  FlowSink,
  FlowSource,
  FlowSourceCounters,
  RunningFlowSource,
  SeenFlow,
} from '../sensor/flow-source.ts';

/** A source of flows with what it was asked to do. */
export interface WantedFlowSource extends Pick<FlowSource, 'id' | 'probe' | 'open'> {
  /** Whether it sees the conversations of this machine's own sockets as well. */
  readonly seesSockets?: boolean;
}

/** How a source of flows is. */
export interface FlowSourceStatus {
  readonly id: string;
  readonly state: 'running' | 'unavailable' | 'failed';
  /** What it reads, or why it does not. */
  readonly detail: string;
  readonly counters: FlowSourceCounters;
}

/** Who takes what sources give. */
export interface FlowTaker {
  flow(flow: Flow, change: FlowChange, source: string): void;
  dns(message: DnsMessage): void;
  log(seen: LogObservation): void;
  /** One sentence for who watches. */
  notice(text: string): void;
}

const nothing: FlowSourceCounters = { flows: 0, lost: {}, dropped: {}, details: {} };

/** Flows taken between two turns of all else: HTTP, the tick, signals. */
const step = 256;

interface SourceState {
  readonly wanted: WantedFlowSource;
  state: FlowSourceStatus['state'];
  detail: string;
  counters: FlowSourceCounters;
  running?: RunningFlowSource;
  /** Whether it was asked for counters and has not answered yet. */
  asked: boolean;
}

/** The sources of whole flows: exports, connection tracking, captures. One that cannot start or go on is told in its status. */
export class FlowSources {
  readonly #sources: readonly SourceState[];
  readonly #taker: FlowTaker;

  constructor(wanted: readonly WantedFlowSource[], taker: FlowTaker) {
    this.#taker = taker;
    this.#sources = wanted.map((one) => ({
      wanted: one,
      state: 'unavailable',
      detail: '',
      counters: nothing,
      asked: false,
    }));
  }

  async start(): Promise<void> {
    for (const source of this.#sources) await this.#open(source);
  }

  status(): readonly FlowSourceStatus[] {
    return this.#sources.map(({ wanted, state, detail, counters }) => ({
      id: wanted.id,
      state,
      detail,
      counters,
    }));
  }

  /** Asks all for fresh counters, but for those that still owe an answer. */
  refresh(): void {
    for (const source of this.#sources) void this.#refresh(source);
  }

  /** Stops all; what they still had has been taken when it resolves. */
  async stop(): Promise<void> {
    for (const source of this.#sources) {
      await source.running?.stop();
      await this.#refresh(source);
    }
  }

  async #open(source: SourceState): Promise<void> {
    const probe = await source.wanted.probe();
    source.detail = probe.details.join('; ');
    if (probe.state === 'unavailable') return;
    const sink: FlowSink = {
      flows: (batch) => this.#take(batch, source.wanted.id),
      dns: (batch) => this.#takeDns(batch),
      logs: (batch) => this.#takeLogs(batch),
      notice: (text) => this.#taker.notice(`${source.wanted.id}: ${text}`),
      failed: (error) => fail(source, error),
    };
    try {
      source.running = await source.wanted.open(sink);
      source.state = 'running';
    } catch (error) {
      fail(source, error as Error);
    }
  }

  async #take(batch: readonly SeenFlow[], source: string): Promise<void> {
    for (let at = 0; at < batch.length; at++) {
      if (at > 0 && at % step === 0) await setImmediate();
      const { flow, change } = batch[at] as SeenFlow;
      this.#taker.flow(flow, change, source);
    }
  }

  async #takeDns(batch: readonly DnsMessage[]): Promise<void> {
    await loadPublicSuffixes();
    for (let at = 0; at < batch.length; at++) {
      if (at > 0 && at % step === 0) await setImmediate();
      this.#taker.dns(batch[at] as DnsMessage);
    }
  }

  async #takeLogs(batch: readonly LogObservation[]): Promise<void> {
    for (let at = 0; at < batch.length; at++) {
      if (at > 0 && at % step === 0) await setImmediate();
      this.#taker.log(batch[at] as LogObservation);
    }
  }

  async #refresh(source: SourceState): Promise<void> {
    if (source.state !== 'running' || source.running === undefined || source.asked) return;
    source.asked = true;
    try {
      source.counters = await source.running.counters();
    } catch (error) {
      fail(source, error as Error);
    } finally {
      source.asked = false;
    }
  }
}

function fail(source: SourceState, error: Error): void {
  source.state = 'failed';
  source.detail = error.message;
}

/** All that counters of one kind say together. */
export function sum(counters: Readonly<Record<string, number>>): number {
  return Object.values(counters).reduce((all, one) => all + one, 0);
}
