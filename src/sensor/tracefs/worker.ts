import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { BatchBuilder } from './batch-builder.ts';
import { RecordDecoder } from './decode.ts';
import { type CpuBuffer, Drain } from './drain.ts';
import type { CpuFile } from './instance.ts';
import type { Decoded, FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { monotonicMs } from './procfs.ts';
import { PageReader } from './ring-buffer.ts';
import { takeSnapshot } from './snapshot.ts';
import { TaskTable } from './tasks.ts';

/** Batches under way. Without credit nothing is read: the kernel's buffer is the only queue and counts its loss. */
const credit = 3;

/** A record gets its time stamp a little before readers can see it. Milliseconds. */
const commitSlackMs = 2;

/** Pauses between passes, in milliseconds: while records come, and the longest when none do. */
const busyPauseMs = 8;
const idlePauseMs = 25;

const port = parentPort!;
const setup = workerData as WorkerSetup;

function cpuBuffer({ fd }: CpuFile): CpuBuffer {
  const page = new PageReader(setup.page);
  return {
    page,
    read() {
      try {
        return readSync(fd, page.bytes, 0, page.bytes.length, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
  };
}

const builder = new BatchBuilder();
const tasks = new TaskTable();
const decoder = new RecordDecoder(setup.formats, builder, tasks);
const drain = new Drain(setup.cpus.map(cpuBuffer));
const sink = {
  get full(): boolean {
    return builder.full;
  },
  decode: (page: PageReader): void => decoder.decode(page),
};

let records = 0;
let underWay = 0;
let stopping = false;
let wake = (): void => {};

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function decoded(): Decoded {
  return { records, undecodable: decoder.undecodable + drain.undecodable };
}

/** Resolves after `ms`, or earlier when `wake` is called; without a time only then. */
function pause(ms?: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Reads, decodes and hands on one batch; returns how long to pause afterwards. */
function pass(): number {
  const end = drain.pass(monotonicMs() - commitSlackMs, sink);
  const missed = drain.takeMissed();
  if (missed) tasks.clear();
  tasks.lookAhead();
  if (builder.count > 0) {
    records += builder.count;
    const { batch, buffer } = builder.take();
    underWay++;
    post({ type: 'batch', kernel: batch, tasks: tasks.take(), decoded: decoded(), missed }, [buffer]);
    return end === 'full' ? 0 : busyPauseMs;
  }
  return drain.holding ? commitSlackMs : idlePauseMs;
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'count') {
    post({ type: 'counted', decoded: decoded() });
    return;
  }
  if (message.type === 'acknowledge') underWay--;
  else stopping = true;
  if (stopping || underWay === credit - 1) wake();
});

post({ type: 'snapshot', snapshot: takeSnapshot() });
while (!stopping) {
  await pause(underWay < credit ? pass() : undefined);
}
port.close();
