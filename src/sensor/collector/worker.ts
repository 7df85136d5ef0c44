import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DatagramReader } from './datagram-reader.ts';
import { Decoding } from './decoding.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { BatchBuilder } from './record-batches.ts';

/** Batches under way. Without credit nothing is read: the kernel's buffer is the only queue and counts its loss. */
const credit = 3;
/** A batch that is not full waits so long for more, ms. */
const lingerMs = 200;
/** The longest sleep, ms: messages are looked for in between. */
const quietMs = 100;
/**
 * Where one turn read less than so many datagrams, those that come next are left to gather for so long, ms: one call reads many as
 * fast as one, and waking costs more than both. Less than that fills no buffer in that time.
 */
const few = 32;
const gatherMs = 1;
/** How often the event loop gets a turn: the engine returns memory there, ms. */
const turnIntervalMs = 1000;
/** What stands in the kernel's buffer at the end is read for so long at most, ms. */
const lastMs = 1000;

const port = parentPort!;
const setup = workerData as WorkerSetup;
const builder = new BatchBuilder();
const decoding = new Decoding(setup.decoding, (record) => {
  builder.add(record);
  if (builder.isFull) hand();
});
const reader = new DatagramReader(setup.fds);
let underWay = 0;
let isStopping = false;
let batchSince = 0;
let now = Date.now();

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function takeMessages(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const message = next.message as ToWorker;
    if (message.type === 'acknowledge') {
      underWay--;
      builder.giveBack(message.buffer);
    } else if (message.type === 'count') post({ type: 'counted', counts: decoding.counts() });
    else if (message.type === 'templates') post({ type: 'templates', templates: decoding.templates() });
    else isStopping = true;
  }
}

/** Posts the batch, as soon as an earlier one has been taken. */
function hand(): void {
  for (;;) {
    // A message that comes after it was read wakes the wait at once.
    const seen = Atomics.load(setup.signal, 0);
    takeMessages();
    if (underWay < credit) break;
    Atomics.wait(setup.signal, 0, seen, quietMs);
  }
  underWay++;
  batchSince = 0;
  const batch = builder.take();
  post({ type: 'batch', batch }, [batch.buffer, batch.exporterAt.buffer]);
}

/** Reads what is there, and returns how many datagrams it was. */
function pass(): number {
  now = Date.now();
  const count = reader.read((bytes, from) => decoding.take(bytes, from, now));
  decoding.expire(now);
  if (builder.count === 0) return count;
  if (batchSince === 0) batchSince = now;
  else if (now - batchSince >= lingerMs || now < batchSince) hand();
  return count;
}

decoding.restore(setup.templates, now);
let turnedAt = now;
while (!isStopping) {
  const seen = Atomics.load(setup.signal, 0);
  takeMessages();
  const count = pass();
  if (count === 0) reader.wait(builder.count > 0 ? lingerMs / 4 : quietMs);
  if (count < few) Atomics.wait(setup.signal, 0, seen, gatherMs);
  if (now - turnedAt >= turnIntervalMs || now < turnedAt) {
    turnedAt = now;
    await turn();
  }
}
const end = Date.now() + lastMs;
while (pass() > 0 && now < end);
decoding.flush();
if (builder.count > 0) hand();
post({ type: 'stopped', counts: decoding.counts(), templates: decoding.templates() });
port.close();
