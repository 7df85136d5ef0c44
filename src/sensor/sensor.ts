import type { SensorBatch, SensorCounters, Snapshot } from '../flow/kernel-batch.ts';

/** What a sensor can give on this machine, and why not more. */
export interface Probe {
  readonly state: 'available' | 'limited' | 'unavailable';
  /** One sentence per fact; for `unavailable` the first says what is missing and how to grant exactly that. */
  readonly details: readonly string[];
}

/** Where a sensor delivers. `batch` resolves when the consumer is ready for more: that is the back-pressure. */
export interface SensorSink {
  snapshot(snapshot: Snapshot): void;
  batch(batch: SensorBatch): Promise<void> | void;
  /** The sensor cannot go on; it has already cleaned up behind itself. */
  failed(error: Error): void;
}

/** A running sensor. */
export interface RunningSensor {
  /** Counters as of now, read from the kernel afresh where possible. */
  counters(): Promise<SensorCounters>;
  /** Stops and leaves nothing behind in the kernel. Idempotent. */
  stop(): Promise<void>;
}

/** A live source of records. One file exports one definition; `registry.ts` lists it. */
export interface SensorDefinition {
  readonly id: string;
  readonly title: string;
  readonly since: string;
  /** Markdown: what it gives, what it cannot see, what it needs. */
  readonly doc: string;
  probe(): Promise<Probe>;
  /** Throws an Error with a message for the user when it cannot start. */
  open(sink: SensorSink): Promise<RunningSensor>;
}
