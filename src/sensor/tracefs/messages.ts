import type { KernelBatch, SensorCounters, Snapshot, TaskRecord } from '../../flow/kernel-batch.ts';
import type { EventFormat, PageFormat } from './format.ts';
import type { CpuFile } from './instance.ts';

/** What the worker is started with. Descriptors are those of the process: both threads can use them. */
export interface WorkerSetup {
  readonly cpus: readonly CpuFile[];
  readonly page: PageFormat;
  readonly formats: readonly EventFormat[];
  /** One shared cell that changes after each message to the worker, which sleeps on it. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

/** From the sensor to its worker. `acknowledge`: one batch has been taken. */
export type ToWorker =
  | { readonly type: 'acknowledge' }
  | { readonly type: 'count' }
  | { readonly type: 'stop' };

/** What the worker has decoded; what the kernel has lost is counted by the kernel. */
export type Decoded = Pick<SensorCounters, 'records' | 'undecodable'>;

/** From the worker to the sensor. `missed`: the kernel flagged a loss before some record of this batch. */
export type FromWorker =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | {
      readonly type: 'batch';
      readonly kernel: KernelBatch;
      readonly tasks: readonly TaskRecord[];
      readonly decoded: Decoded;
      readonly missed: boolean;
    }
  | { readonly type: 'counted'; readonly decoded: Decoded };
