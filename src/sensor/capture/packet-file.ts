import { Worker } from 'node:worker_threads';
import type { CaptureCounters, CaptureInterface, CaptureProblem } from '../../flow/capture/tally.ts';
import { PacketRows } from '../../flow/packet/packet-rows.ts';
import type { Pack } from './file-chunks.ts';
import type { FromPacketFile, PacketBuffers, PacketFileSetup } from './packet-file/messages.ts';

/** Takes packets; the payloads that they name stand in `bytes`. Both are used again once it has come back. */
export type PacketRowsSink = (rows: PacketRows, bytes: Uint8Array) => void;

/** A capture that was read to its end, or as far as it goes. */
export interface PacketFileEnd {
  readonly counters: CaptureCounters;
  /** The first thing that was wrong. */
  readonly problem?: CaptureProblem;
  /** Frames by `DropReason`, those decoded at 0. */
  readonly decoded: Float64Array;
}

/** A file that cannot be read, or unpacked, to its end. */
export class CaptureFileError extends Error {}

/**
 * A capture file, pcap or pcapng, that is read and decoded by a thread of its own while its packets are made use of here: with two
 * processors in little more than half the time, for 60 ms that the thread takes to begin.
 */
export class PacketFile {
  readonly #setup: PacketFileSetup;
  readonly #interfaces: CaptureInterface[] = [];

  /** `path` is that of a file, not of a pipe. */
  constructor(path: string, pack?: Pack) {
    this.#setup = { path, pack };
  }

  /** Interfaces described by the packets that were handed out. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#interfaces;
  }

  /**
   * Hands all packets to `take`. Throws CaptureFileError, and what `take` throws; what is wrong
   * with the capture is told in the result.
   */
  async read(take: PacketRowsSink): Promise<PacketFileEnd> {
    const worker = new Worker(new URL('./packet-file/worker.ts', import.meta.url), {
      workerData: this.#setup,
      name: 'packets of a file',
    });
    try {
      return await new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', () => reject(new Error('the thread that reads packets has ended early')));
        worker.on('message', (message: FromPacketFile) => {
          try {
            if (message.type === 'ended') resolve(message as PacketFileEnd);
            else if (message.type === 'failed') reject(new CaptureFileError(message.message));
            else worker.postMessage(...this.#take(message, take));
          } catch (error) {
            reject(error as Error);
          }
        });
      });
    } finally {
      await worker.terminate();
    }
  }

  #take(
    { rows, bytes, count, interfaces }: FromPacketFile & { type: 'packets' },
    take: PacketRowsSink,
  ): [PacketBuffers, ArrayBuffer[]] {
    this.#interfaces.push(...interfaces);
    if (count > 0) take(new PacketRows(rows, count), new Uint8Array(bytes));
    return [{ rows, bytes }, [rows, bytes]];
  }
}
