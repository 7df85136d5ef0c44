import type { CaptureCounters, CaptureInterface, CaptureProblem } from '../../../flow/capture/tally.ts';
import type { Pack } from '../file-chunks.ts';

/** What the thread that decodes is started with. */
export interface PacketFileSetup {
  readonly path: string;
  readonly pack: Pack | undefined;
}

/** Buffers that are handed over, there and back. */
export interface PacketBuffers {
  /** Packets in rows (`PacketRows`), the places of whose payloads are in `bytes`. */
  readonly rows: ArrayBuffer;
  readonly bytes: ArrayBuffer;
}

export type FromPacketFile =
  | (PacketBuffers & {
      readonly type: 'packets';
      readonly count: number;
      /** Interfaces that were described since the last message. */
      readonly interfaces: readonly CaptureInterface[];
    })
  | {
      readonly type: 'ended';
      readonly counters: CaptureCounters;
      readonly problem: CaptureProblem | undefined;
      /** Frames by `DropReason`. */
      readonly decoded: Float64Array;
    }
  | { readonly type: 'failed'; readonly message: string };
