import type { TemplateSnapshot } from '../../flow/export/template-snapshot.ts';
import type { DecodingCounts, DecodingOptions } from './decoding.ts';

/** What a worker is started with. Descriptors are those of the process: all threads can use them. */
export interface WorkerSetup {
  readonly fds: readonly number[];
  readonly decoding: DecodingOptions;
  /** What was known of templates when the collector ran last. */
  readonly templates: readonly TemplateSnapshot[];
  /** One shared cell that changes after each message to the worker, which sleeps on it. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

/** Records as they stand in `RecordRows`. */
export interface RecordBatch {
  readonly count: number;
  /** The numbers of all rows; it goes over and comes back. */
  readonly buffer: ArrayBuffer;
  /** Exporters, and which of them each row is of. */
  readonly exporters: readonly string[];
  readonly exporterAt: Uint16Array<ArrayBuffer>;
  /** Names of interfaces of the rows that have any. */
  readonly names: readonly (readonly [row: number, input: string | undefined, output: string | undefined])[];
}

/** From the collector to a worker. `acknowledge`: one batch has been taken. */
export type ToWorker =
  | { readonly type: 'acknowledge'; readonly buffer: ArrayBuffer }
  | { readonly type: 'count' }
  | { readonly type: 'templates' }
  | { readonly type: 'stop' };

/** From a worker. `stopped` is the last: with what it counted and knows at the end. */
export type FromWorker =
  | { readonly type: 'batch'; readonly batch: RecordBatch }
  | { readonly type: 'counted'; readonly counts: DecodingCounts }
  | { readonly type: 'templates'; readonly templates: readonly TemplateSnapshot[] }
  | {
      readonly type: 'stopped';
      readonly counts: DecodingCounts;
      readonly templates: readonly TemplateSnapshot[];
    };
