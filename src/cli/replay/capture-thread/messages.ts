import type { CaptureCounters, CaptureInterface, CaptureProblem } from '../../../flow/capture/tally.ts';
import type { PacketFlowsOptions } from '../../../flow/table/packet-flows.ts';
import type { ToldBatch } from '../../../flow/table/told-flows.ts';
import type { Pack } from '../file-chunks.ts';

/** Options of the table that another thread can be given. */
export type CaptureTable = Pick<PacketFlowsOptions, 'activeMs' | 'maxFlows' | 'names'>;

/** What the thread is started with. */
export interface CaptureThreadSetup {
  readonly path: string;
  readonly pack: Pack | undefined;
  readonly table: CaptureTable;
  /** Whether questions and answers of DNS are told. */
  readonly hasDns: boolean;
  /** One integer: how many batches may still be sent. The thread waits at 0. */
  readonly credit: Int32Array<SharedArrayBuffer>;
}

/** A capture that was read to its end, or as far as it goes. */
export interface CaptureEnd {
  readonly counters: Pick<CaptureCounters, 'records' | 'described' | 'skipped' | 'dropped'>;
  /** The first thing that was wrong. */
  readonly problem: CaptureProblem | undefined;
  /** Frames by `DropReason`, those decoded at 0. */
  readonly decoded: Float64Array;
}

export type FromCaptureThread =
  | {
      readonly type: 'batch';
      readonly batch: ToldBatch;
      /** Interfaces described since the last batch. */
      readonly interfaces: readonly CaptureInterface[];
    }
  | ({ readonly type: 'ended' } & CaptureEnd)
  | { readonly type: 'failed'; readonly message: string };
