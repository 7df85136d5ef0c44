import { memoryUsage } from 'node:process';
import { expect, test } from 'vitest';
import type { Flow } from './flow.ts';
import { KernelRecord, TcpState } from './kernel-batch.ts';
import { emptyBatch } from './record-writer.fixture.ts';
import { ConnectionTracker } from './tracker.ts';

const maxFlows = 16_384;
const kept = 1_000;
const flood = 2_000_000;
const perBatch = 50_000;

/** Batches of `count` records of one state change each, from `count` different addresses. */
function* changes(count: number, from: number, to: number, startMs: number) {
  for (let first = 0; first < count; first += perBatch) {
    const kernel = emptyBatch(Math.min(perBatch, count - first));
    for (let i = 0; i < kernel.count; i++) {
      const number = first + i;
      kernel.kind[i] = KernelRecord.SocketState;
      kernel.time[i] = startMs + number / 1000;
      kernel.family[i] = 4;
      kernel.oldState[i] = from;
      kernel.newState[i] = to;
      kernel.socket[i * 2] = startMs;
      kernel.socket[i * 2 + 1] = number * 64;
      kernel.localAddress[i * 4 + 3] = 0xc6120000 + number;
      kernel.remoteAddress[i * 4 + 3] = 0xcb007101;
      kernel.localPort[i] = 1024 + (number % 60_000);
      kernel.remotePort[i] = 443;
    }
    yield { kernel, tasks: [], counters: { records: 0, lost: 0, undecodable: 0 } };
  }
}

// Measured once: 1.3 million attempts a second of this flood, 0.9 million whole connections, 10 million other records.
test('2,000,000 tuples cost bounded memory, evict exactly the oldest attempts, and no established flow', () => {
  let ids = 0;
  const tracker = new ConnectionTracker({
    maxFlows,
    maxSockets: maxFlows * 2,
    maxListeners: 64,
    maxTasks: 64,
    newId: () => `f${++ids}`,
    epochOffset: () => 0,
  });
  const counts = { attempted: 0, decided: 0, part: 0, closed: 0, counted: 0 };
  const emit = (_: Flow, change: keyof typeof counts) => counts[change]++;

  for (const batch of changes(kept, TcpState.SynSent, TcpState.Established, 1)) tracker.push(batch, emit);
  tracker.tick(100, emit);
  expect(counts).toEqual({ attempted: 0, decided: kept, part: 0, closed: 0, counted: 0 });

  const before = memoryUsage();
  let largest = 0;
  for (const batch of changes(flood, TcpState.Close, TcpState.SynSent, 1000)) {
    tracker.push(batch, emit);
    largest = Math.max(largest, memoryUsage().arrayBuffers + memoryUsage().heapUsed);
  }
  const grown = largest - before.arrayBuffers - before.heapUsed;
  expect(grown).toBeLessThan(100 * 1024 * 1024);
  expect(tracker.stats()).toMatchObject({
    active: maxFlows,
    total: kept + flood,
    evicted: kept + flood - maxFlows,
    sockets: maxFlows,
  });
  expect(counts.closed).toBe(0);

  for (const batch of changes(kept, TcpState.Established, TcpState.Close, 1)) tracker.push(batch, emit);
  expect(counts.closed).toBe(kept);
});

test('a flood of refused attempts from outside is handed on whole, whatever the table holds', () => {
  let ids = 0;
  const tracker = new ConnectionTracker({
    maxFlows: 512,
    maxSockets: 1024,
    maxListeners: 64,
    maxTasks: 64,
    newId: () => `f${++ids}`,
    epochOffset: () => 0,
  });
  let decided = 0;
  const emit = (flow: Flow, change: string) => {
    if (change === 'decided' && flow.state === 'refused') decided++;
  };
  for (const batch of changes(100_000, 0, 0, 1)) {
    batch.kernel.kind.fill(KernelRecord.ResetSent);
    batch.kernel.socket.fill(0);
    batch.kernel.detail.fill(1);
    batch.kernel.localPort.fill(81);
    tracker.push(batch, emit);
  }
  tracker.tick(10_000, emit);
  expect(decided).toBe(100_000);
  expect(tracker.stats()).toMatchObject({ evicted: 0, active: 0, total: 100_000 });
});
