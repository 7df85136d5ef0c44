/** Reads a capture and makes flows of it, in a thread of its own: see `../capture-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { CaptureFlows } from '../../../flow/capture-flows.ts';
import { ToldFlows, transferOf } from '../../../flow/table/told-flows.ts';
import { fileChunks } from '../file-chunks.ts';
import type { CaptureThreadSetup, FromCaptureThread } from './messages.ts';

const port = parentPort!;
const { path, pack, table, hasDns, credit } = workerData as CaptureThreadSetup;
const told = new ToldFlows();
let described = 0;

function post(message: FromCaptureThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Sends what was told, and stands still until there is room for more under way: a table may end a million flows within one call. */
function send(): void {
  while (Atomics.load(credit, 0) <= 0) Atomics.wait(credit, 0, 0);
  Atomics.sub(credit, 0, 1);
  const interfaces = capture.reader.interfaces.slice(described);
  described += interfaces.length;
  const batch = told.take();
  post({ type: 'batch', batch, interfaces }, transferOf(batch));
}

const capture: CaptureFlows = new CaptureFlows(table, {
  ended(flows, slot, reason) {
    told.add(flows, slot, reason);
    if (told.isFull) send();
  },
  ...(hasDns && {
    dns(message) {
      told.addDns(message);
      if (told.isFull) send();
    },
  }),
});

async function work(): Promise<void> {
  for await (const chunk of fileChunks(path, pack)) {
    capture.push(chunk);
    if (capture.reader.hasEnded) break;
  }
  capture.end();
  if (!told.isEmpty) send();
  const { counters, problem } = capture.reader;
  const { records, described: headers, skipped, dropped } = counters;
  post({
    type: 'ended',
    counters: { records, described: headers, skipped, dropped },
    problem,
    decoded: capture.decoder.counts,
  });
}

try {
  await work();
} catch (error) {
  post({ type: 'failed', message: (error as Error).message });
}
port.close();
