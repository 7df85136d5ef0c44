import { randomUUID } from 'node:crypto';
import { FlowJoiner } from '../../flow/join-process.ts';
import { flowToJson } from '../../flow/json.ts';
import { ConnectionTracker, type TrackerOptions } from '../../flow/tracker.ts';
import { startConntrack } from '../conntrack.ts';
import { startTracefs } from '../tracefs.ts';

/**
 * Follows sockets and conntrack in the network namespace that it is started in, joins them, and tells the flows between the addresses of
 * the tests, one a line, until its standard input ends; then the counters of the joiner.
 */
const offset = Date.now() - performance.now() - (Number(process.hrtime.bigint()) / 1e6 - performance.now());
const options: TrackerOptions = {
  maxFlows: 1000,
  maxSockets: 2000,
  maxListeners: 100,
  maxTasks: 1000,
  newId: () => `socket-${randomUUID()}`,
  epochOffset: () => offset,
};
const tracker = new ConnectionTracker(options);
const joiner = new FlowJoiner({ maxFlows: 1000, lingerMs: 30_000 });
const say: Parameters<FlowJoiner['tick']>[1] = (flow, change) => {
  const told = flowToJson(flow);
  if (told.destination.address.startsWith('203.0.113.') || told.destination.address.startsWith('2001:db8:'))
    process.stdout.write(`${JSON.stringify({ flow: told, change })}\n`);
};
const fromSockets: typeof say = (flow, change) => joiner.socket(flow, change, Date.now(), say);
const failed = (error: Error) => {
  throw error;
};
const conntrack = startConntrack(
  {
    flows(batch) {
      for (const { flow, change } of batch) joiner.network(flow, change, Date.now(), say);
    },
    failed,
  },
  { dumpEveryMs: 200, newId: () => `network-${randomUUID()}` },
);
const sockets = startTracefs(
  {
    snapshot(snapshot) {
      tracker.snapshot(snapshot, fromSockets);
      process.stdout.write('ready\n');
    },
    batch: (batch) => tracker.push(batch, fromSockets),
    failed,
  },
  { bufferKbPerCpu: 512 },
);
const timer = setInterval(() => {
  tracker.tick(Date.now() - offset, fromSockets);
  joiner.tick(Date.now(), say);
}, 20);
process.stdin.resume().once('end', async () => {
  clearInterval(timer);
  await sockets.stop();
  await conntrack.stop();
  process.stdout.write(`${JSON.stringify({ stats: joiner.stats() })}\n`);
});
