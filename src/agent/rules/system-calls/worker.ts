import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Accounts } from './accounts.ts';
import { SystemCallEngine } from './engine.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';

/** Batches under way. Without credit nothing is read: the kernel's buffer is the only queue and counts its loss. */
const credit = 3;
/** Events that are taken before messages get their turn: some milliseconds of work. */
const batchSize = 10_000;
/** Pauses, ms: short behind events, ever longer in quiet, as each waking costs. The buffer holds more than comes in the longest. */
const [shortestPauseMs, longestPauseMs, growth] = [2, 40, 1.3];
const tellEveryMs = 1_000;
/** What waits at the end is taken for at most this long, ms. */
const lastMs = 2_000;

const port = parentPort!;
let underWay = 0;
let isStopping = false;
let wake = (): void => undefined;

function post(message: FromWorker): void {
  port.postMessage(message);
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'stop') isStopping = true;
  else underWay--;
  wake();
});

/** Sleeps; a message ends it. */
async function pause(ms: number): Promise<void> {
  const cancel = new AbortController();
  wake = () => cancel.abort();
  await sleep(ms, undefined, { signal: cancel.signal }).catch(() => undefined);
  wake = () => undefined;
}

function open(): SystemCallEngine | undefined {
  const [users, groups] = [new Accounts('/etc/passwd'), new Accounts('/etc/group')];
  try {
    return new SystemCallEngine(workerData as WorkerSetup, { userName: users.name, groupName: groups.name });
  } catch (error) {
    post({ type: 'refused', message: (error as Error).message });
    return undefined;
  }
}

let toldAt = 0;

/** One turn; returns how many events it took. */
function pass(engine: SystemCallEngine): number {
  const now = Date.now();
  const { count, alerts, lost } = engine.pass(batchSize, now);
  if (alerts.length > 0 || lost.size > 0 || now - toldAt >= tellEveryMs) {
    toldAt = now;
    underWay++;
    post({ type: 'batch', alerts, lost, counts: engine.counts });
  }
  return count;
}

const engine = open();
if (engine !== undefined) {
  const { rules, sensor, insteadBecause } = engine;
  post({ type: 'started', rules, sensor, insteadBecause });
  let quietMs = shortestPauseMs;
  while (!isStopping) {
    if (underWay >= credit) {
      await pause(tellEveryMs);
      continue;
    }
    const count = pass(engine);
    quietMs = count > 0 ? shortestPauseMs : Math.min(quietMs * growth, longestPauseMs);
    if (count === batchSize) await turn();
    else await pause(quietMs);
  }
  toldAt = 0;
  for (const end = Date.now() + lastMs; pass(engine) === batchSize && Date.now() < end; ) await turn();
  engine.close();
}
port.close();
