import { createInterface } from 'node:readline';
import { flowToJson } from '../../flow/json.ts';
import { type ConntrackOptions, startConntrack } from '../conntrack.ts';
import type { Followed } from './router.fixture.ts';

/** Follows conntrack in the network namespace that it is started in, tells it on standard output, and does what standard input says. */
const say = (said: Followed) => void process.stdout.write(`${JSON.stringify(said)}\n`);
const running = startConntrack(
  {
    flows(batch) {
      for (const { flow, change } of batch) say({ kind: 'flow', flow: flowToJson(flow), change });
    },
    notice: (text) => say({ kind: 'notice', text }),
    failed(error) {
      throw error;
    },
  },
  JSON.parse(process.argv[2] ?? '{}') as ConntrackOptions,
);
say({ kind: 'ready' });
const input = createInterface({ input: process.stdin });
input.on('line', async (line) => {
  const [command, argument] = line.split(' ');
  if (command === 'counters') say({ kind: 'counters', counters: await running.counters() });
  else if (command === 'flows') say({ kind: 'flows', flows: [...running.flows()].map(flowToJson) });
  else if (command === 'sleep')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(argument));
  else {
    process.stdin.destroy();
    await running.stop();
    say({ kind: 'stopped' });
  }
});
