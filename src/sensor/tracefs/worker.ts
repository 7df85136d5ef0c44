import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
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

/**
 * Pauses between passes, in milliseconds. After records came the next are soon looked for, so that the programs that
 * made them are still there to be looked up; then ever more seldom, as each waking of an idle CPU costs.
 */
const shortestPauseMs = 8;
const longestPauseMs = 40;
const pauseGrowth = 1.25;

/** How often the event loop gets a turn: the engine returns memory there. */
const turnIntervalMs = 1000;

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
let idlePauseMs = shortestPauseMs;
let signalled = 0;

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function decoded(): Decoded {
  return { records, undecodable: decoder.undecodable + drain.undecodable };
}

/**
 * Sleeps for `ms`, or until told to stop, or until there is credit again where there was none; answers messages
 * meanwhile. The thread itself waits instead of its event loop, which halves the cost of waking up.
 */
function pause(ms: number): void {
  const until = monotonicMs() + ms;
  const starved = underWay >= credit;
  do {
    Atomics.wait(setup.signal, 0, signalled, Math.max(0, until - monotonicMs()));
    signalled = Atomics.load(setup.signal, 0);
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) obey(next.message);
  } while (!stopping && !(starved && underWay < credit) && monotonicMs() < until);
}

function obey(message: ToWorker): void {
  if (message.type === 'count') post({ type: 'counted', decoded: decoded() });
  else if (message.type === 'acknowledge') underWay--;
  else stopping = true;
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
    idlePauseMs = shortestPauseMs;
    return end === 'full' ? 0 : shortestPauseMs;
  }
  idlePauseMs = Math.min(idlePauseMs * pauseGrowth, longestPauseMs);
  return drain.holding ? commitSlackMs : idlePauseMs;
}

post({ type: 'snapshot', snapshot: takeSnapshot() });
let turnedAt = monotonicMs();
while (!stopping) {
  pause(underWay < credit ? pass() : Number.POSITIVE_INFINITY);
  if (monotonicMs() - turnedAt > turnIntervalMs) {
    await setImmediate();
    turnedAt = monotonicMs();
  }
}
port.close();
