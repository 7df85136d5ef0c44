import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { ContainerSource } from '../../../event/state/container-wait.ts';
import { type Containers, type ContainersStatus, openContainers } from '../../../sensor/cri.ts';
import { HostNames } from '../../../sensor/host-names.ts';
import type { AskedSet } from '../asked-set.ts';
import { Accounts } from './accounts.ts';
import { type Pass, SystemCallEngine } from './engine.ts';
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
/** Events that wait for what is known of their container are looked at again so soon, ms. */
const heldPauseMs = 2;
/** Until the container engine has told what there is, ms; it goes on without, and what comes later counts from then on. */
const containersMs = 3_000;
const noContainers: ContainerSource = { lookup: () => undefined, isAwaited: () => false };

const port = parentPort!;
let underWay = 0;
let isStopping = false;
/** Rules that are to be asked in place of those before. */
let wanted: AskedSet | undefined;
let wake = (): void => undefined;

function post(message: FromWorker): void {
  port.postMessage(message);
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'stop') isStopping = true;
  else if (message.type === 'acknowledge') underWay--;
  else wanted = message.asked;
  wake();
});

/** Sleeps; a message ends it. */
async function pause(ms: number): Promise<void> {
  const cancel = new AbortController();
  wake = () => cancel.abort();
  await sleep(ms, undefined, { signal: cancel.signal }).catch(() => undefined);
  wake = () => undefined;
}

const setup = workerData as WorkerSetup;

/** Asks the container engine, where there is one. */
async function askContainers(): Promise<Containers | undefined> {
  if (setup.criSocket === 'none') return undefined;
  const containers = openContainers({ socket: setup.criSocket });
  const cancel = new AbortController();
  const enough = sleep(containersMs, undefined, { signal: cancel.signal }).catch(() => undefined);
  await Promise.race([containers.ready, enough]);
  cancel.abort();
  return containers;
}

function open(containers: ContainerSource): SystemCallEngine | undefined {
  const names = {
    users: new Accounts('/etc/passwd'),
    groups: new Accounts('/etc/group'),
    hosts: new HostNames(),
  };
  try {
    return new SystemCallEngine(setup, names, containers);
  } catch (error) {
    post({ type: 'refused', message: (error as Error).message });
    return undefined;
  }
}

let toldAt = 0;
let toldState: ContainersStatus['state'] | undefined;

/** Goes over to other rules, or tells why it does not. */
function replace(engine: SystemCallEngine, asked: AskedSet): void {
  try {
    const alerts = engine.replace(asked);
    underWay++;
    post({ type: 'batch', alerts, lost: new Map(), notices: notices(), counts: engine.counts });
    post({ type: 'replaced', rules: engine.rules });
  } catch (error) {
    post({ type: 'kept', message: (error as Error).message });
  }
}

/** What changed with the container engine since it was last looked at. */
function notices(): readonly string[] {
  const status = containers?.status;
  const before = toldState;
  toldState = status?.state;
  if (status === undefined || before === undefined || before === status.state) return [];
  if (status.state === 'connected')
    return [`containers are known, as ${status.engine} at ${status.socket} tells`];
  return before === 'connected'
    ? [`${status.problem}: rules do not know new containers until it is back`]
    : [];
}

/** One turn; returns how many events it took, whether there are more, and whether some wait. */
function pass(engine: SystemCallEngine, isLast = false): Pick<Pass, 'count' | 'isMore' | 'isWaiting'> {
  const now = Date.now();
  const { count, isMore, isWaiting, alerts, lost } = engine.pass(batchSize, now, isLast);
  if (alerts.length > 0 || lost.size > 0 || now - toldAt >= tellEveryMs) {
    toldAt = now;
    underWay++;
    post({ type: 'batch', alerts, lost, notices: notices(), counts: engine.counts });
  }
  return { count, isMore, isWaiting };
}

/** Until it is stopped, and what waits then. */
async function work(engine: SystemCallEngine): Promise<void> {
  let quietMs = shortestPauseMs;
  while (!isStopping) {
    if (underWay >= credit) {
      await pause(tellEveryMs);
      continue;
    }
    if (wanted !== undefined) {
      replace(engine, wanted);
      wanted = undefined;
    }
    const { count, isMore, isWaiting } = pass(engine);
    quietMs = count > 0 ? shortestPauseMs : Math.min(quietMs * growth, longestPauseMs);
    if (isWaiting) await pause(heldPauseMs);
    else if (isMore) await turn();
    else await pause(quietMs);
  }
  toldAt = 0;
  const end = Date.now() + lastMs;
  for (;;) {
    const { isMore, isWaiting } = pass(engine, Date.now() >= end);
    if (isWaiting) await sleep(heldPauseMs);
    else if (isMore && Date.now() < end) await turn();
    else break;
  }
}

const containers = await askContainers();
const engine = open(containers ?? noContainers);
if (engine !== undefined) {
  const { rules, sensor, insteadBecause } = engine;
  const { engine: name, socket, problem, state } = containers?.status ?? {};
  toldState = state;
  post({
    type: 'started',
    rules,
    sensor,
    insteadBecause,
    containers: name && `${name} at ${socket}`,
    containersMissing: name === undefined ? problem : undefined,
  });
  try {
    await work(engine);
  } finally {
    // Whatever ended it: descriptors are the process's, and programs would go on in the kernel for nobody.
    await engine.close();
  }
  // What the recording came to at last.
  post({ type: 'batch', alerts: [], lost: new Map(), notices: [], counts: engine.counts });
}
containers?.close();
port.close();
