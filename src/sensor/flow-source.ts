import type { LogObservation } from '../event/service-log/log-observation.ts';
import type { DnsMessage } from '../flow/dns-message.ts';
import type { FlowStep } from '../flow/steps.ts';
import type { Probe } from './sensor.ts';

/** A flow as far as it is known, and why it is handed on now. A later one with the same id and part takes the place of an earlier one. */
export type SeenFlow = FlowStep;

/** What a source of flows has counted since it started. Nothing that came is in none of them. */
export interface FlowSourceCounters {
  /** Flows, and parts of long ones, that were handed on with their end: each once, however many changes of it came before. */
  readonly flows: number;
  /**
   * What is known to have gone before this source could read it (the kernel's buffers, gaps in an exporter's numbers), in
   * the source's own unit, by where it went.
   */
  readonly lost: Readonly<Record<string, number>>;
  /** What came and was not used, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Entries and limits of its tables, what was evicted from them, and whatever else helps to understand it, by name. */
  readonly details: Readonly<Record<string, number>>;
}

/** Where a source delivers. `flows` resolves when the consumer is ready for more: that is the back-pressure. */
export interface FlowSink {
  flows(batch: readonly SeenFlow[]): Promise<void> | void;
  /** Questions and answers of DNS, from who sees packets; before the flows of the same packets. */
  dns?(batch: readonly DnsMessage[]): Promise<void> | void;
  /** What lines of logs tell, from who reads them. */
  logs?(batch: readonly LogObservation[]): Promise<void> | void;
  /** What a person should know of: an exporter appeared, a buffer is smaller than asked for. One sentence. */
  notice?(text: string): void;
  /** The source cannot go on; it has already cleaned up behind itself. */
  failed(error: Error): void;
}

/** A running source of flows. */
export interface RunningFlowSource {
  /** Counters as of now, read afresh where possible. */
  counters(): Promise<FlowSourceCounters>;
  /** Hands on what it still has, stops, and leaves nothing behind. Idempotent. */
  stop(): Promise<void>;
}

/**
 * A live source of whole flows (exports, conntrack, captured packets), where a `SensorDefinition` gives the kernel's records of
 * sockets. `Options` are its own, each with a default.
 */
export interface FlowSource<Options = object> {
  /** As in `Observation.by`, or the name of what brings several kinds. */
  readonly id: string;
  readonly title: string;
  readonly since: string;
  /** Markdown: what it gives, what it cannot see, what it needs. */
  readonly doc: string;
  probe(options?: Options): Promise<Probe>;
  /** Throws an Error with a message for the user when it cannot start. */
  open(sink: FlowSink, options?: Options): Promise<RunningFlowSource>;
}
