/** Captures packets and makes flows of them, in a thread of its own: see `../capture.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { LiveFlows } from './live-flows.ts';
import type { CaptureSetup, FromCapture, ToCapture } from './messages.ts';
import { PacketRing } from './packet-ring.ts';

/** Batches under way. Without credit nothing is read: the kernel's ring is the only queue and counts its loss. */
const credit = 3;
const packetsAtOnce = 20_000;
const flowsAtOnce = 2_000;
const tellEveryMs = 250;
const shortestPauseMs = 1;
const longestPauseMs = 20;
const lagMs = 100;
const defaults = { snapLength: 512, ringBytes: 16 * 2 ** 20, maxFlows: 131_072 } as const;

const port = parentPort!;
const { options, idPrefix, hashSeed } = workerData as CaptureSetup;
let underWay = 0;
let isStopping = false;
let toldAt = 0;

port.on('message', ({ type }: ToCapture) => {
  if (type === 'stop') isStopping = true;
  else underWay--;
});

function post(message: FromCapture): void {
  port.postMessage(message);
}

function openRings(take: LiveFlows['take']): PacketRing[] {
  const { interfaces = [], promiscuous = false } = options;
  const { snapLength = defaults.snapLength, ringBytes = defaults.ringBytes } = options;
  const rings: PacketRing[] = [];
  try {
    for (const name of interfaces.length > 0 ? interfaces : [undefined])
      rings.push(
        new PacketRing(take, {
          ...(name !== undefined && { interface: name, promiscuous }),
          snapLength,
          ringBytes,
        }),
      );
    return rings;
  } catch (error) {
    for (const ring of rings) ring.close();
    throw error;
  }
}

/** Posts what waits, at most `flowsAtOnce` at a time as long as there is credit; counters at least now and then. */
function tell(rings: readonly PacketRing[], flows: LiveFlows): void {
  const now = Date.now();
  if (flows.waiting === 0 && now - toldAt < tellEveryMs) return;
  toldAt = now;
  let dns = flows.drainDns();
  const seen = flows.drain();
  const counters = flows.counters(rings.map((ring) => ring.counters()));
  for (let at = 0; at === 0 || at < seen.length; at += flowsAtOnce) {
    underWay++;
    post({ type: 'batch', dns, flows: seen.slice(at, at + flowsAtOnce), counters });
    dns = [];
  }
}

/** Reads until it is stopped, and what is left then. */
async function work(rings: readonly PacketRing[], flows: LiveFlows): Promise<void> {
  let pauseMs = shortestPauseMs;
  while (!isStopping) {
    if (underWay >= credit) {
      await sleep(longestPauseMs);
      continue;
    }
    let count = 0;
    for (const ring of rings) count += ring.read(packetsAtOnce);
    // Packets that wait in a block are older than this.
    flows.tick(Date.now() - lagMs);
    tell(rings, flows);
    pauseMs = count > 0 ? shortestPauseMs : Math.min(pauseMs * 2, longestPauseMs);
    await sleep(pauseMs);
    // An interface may have gone.
    if (count === 0) for (const ring of rings) ring.wait(0);
  }
  // The kernel hands over a block that is not full after a moment.
  await sleep(longestPauseMs * 2);
  for (const ring of rings) ring.read(packetsAtOnce);
  flows.end();
  toldAt = 0;
  tell(rings, flows);
}

let rings: readonly PacketRing[] = [];
try {
  const flows: LiveFlows = new LiveFlows({
    maxFlows: options.maxFlows ?? defaults.maxFlows,
    ...(options.activeMs !== undefined && { activeMs: options.activeMs }),
    flowId: (number) => `${idPrefix}-${number}`,
    hashSeed,
    observation: { by: 'capture' },
    interfaceName: (index) => rings[0]?.interfaceName(index),
  });
  rings = openRings(flows.take);
  post({ type: 'started' });
  try {
    await work(rings, flows);
  } catch (error) {
    post({ type: 'failed', message: (error as Error).message });
  }
} catch (error) {
  post({ type: 'refused', message: (error as Error).message });
} finally {
  for (const ring of rings) ring.close();
}
port.close();
