import { Worker } from 'node:worker_threads';
import type { CaptureInterface } from '../../flow/capture/tally.ts';
import type { DnsMessage } from '../../flow/dns-message.ts';
import type { Flow } from '../../flow/flow.ts';
import type { FlowTellerOptions } from '../../flow/table/flow-teller.ts';
import { tellBatch } from '../../flow/table/told-flows.ts';
import type {
  CaptureEnd,
  CaptureTable,
  CaptureThreadSetup,
  FromCaptureThread,
} from './capture-thread/messages.ts';
import type { Pack } from './file-chunks.ts';

/** Batches under way; more would only take memory. */
const credit = 4;

/** A file that cannot be read, or unpacked, to its end. */
export class CaptureFileError extends Error {}

/** What to make of a capture, and who takes it. */
export interface CaptureRequest {
  readonly table: CaptureTable;
  readonly teller: Omit<FlowTellerOptions, 'interfaceName'>;
  readonly flow: (flow: Flow) => void;
  readonly dns?: ((message: DnsMessage) => void) | undefined;
}

/** The file, which is no pipe. */
export interface CaptureThreadRequest extends CaptureRequest {
  readonly path: string;
  readonly pack: Pack | undefined;
}

/**
 * Makes flows of a capture file in a thread of its own, while this one makes use of them. They, and messages of DNS, are those that
 * `CaptureFlows` tells, in the same order. Throws CaptureFileError, and what `flow` and `dns` throw; what is wrong with the capture
 * itself is told in the result.
 */
export async function readCaptureInThread(request: CaptureThreadRequest): Promise<CaptureEnd> {
  const { path, pack, table, teller, flow, dns } = request;
  const left = new Int32Array(new SharedArrayBuffer(4)).fill(credit);
  const setup: CaptureThreadSetup = { path, pack, table, hasDns: dns !== undefined, credit: left };
  const worker = new Worker(new URL('./capture-thread/worker.ts', import.meta.url), {
    workerData: setup,
    name: 'flows of a capture',
  });
  const interfaces: CaptureInterface[] = [];
  const options = { ...teller, interfaceName: (number: number) => interfaces[number]?.name };
  try {
    return await new Promise((resolve, reject) => {
      let isOver = false;
      const fail = (error: unknown) => {
        isOver = true;
        reject(error as Error);
      };
      worker.on('error', fail);
      worker.on('exit', () => fail(new Error('the thread that reads a capture has ended early')));
      worker.on('message', (message: FromCaptureThread) => {
        // Batches that were under way come even then.
        if (isOver) return;
        if (message.type === 'ended') resolve(message);
        else if (message.type === 'failed') fail(new CaptureFileError(message.message));
        else {
          try {
            interfaces.push(...message.interfaces);
            tellBatch(message.batch, options, flow, dns);
          } catch (error) {
            fail(error);
          }
          Atomics.add(left, 0, 1);
          Atomics.notify(left, 0);
        }
      });
    });
  } finally {
    await worker.terminate();
  }
}
