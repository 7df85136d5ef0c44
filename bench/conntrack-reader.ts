import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readConntrackText } from '../src/sensor/conntrack/conntrack-text.fixture.ts';
import { startConntrack } from '../src/sensor/conntrack.ts';

/** What a reader has seen so far. */
export interface Seen {
  /** Entries made, changed and removed. */
  readonly events: number;
  /** Bytes of the entries that were removed: shows that the events were read, and not only counted. */
  readonly bytes: number;
  /** Messages that the kernel threw away; -1 where only that it happened is known. */
  readonly lost: number;
  /** Processor time since the start, of this process and of the program that it reads from, µs. */
  readonly cpu: number;
}

/** Buffer that both ask the kernel for. */
const bufferBytes = 8 * 2 ** 20;
/** Microseconds in a tick of /proc/PID/stat. */
const tick = 10_000;

/** Follows the events of the network namespace that it is started in, in the way that its argument names; tells on demand what it has seen. */
const open = process.argv[2] === 'text' ? readText : readMessages;

function readMessages(): () => Promise<Seen> {
  let bytes = 0;
  const running = startConntrack(
    {
      flows(batch) {
        for (const { flow } of batch)
          if (flow.closedAt !== undefined) bytes += (flow.sent?.bytes ?? 0) + (flow.received?.bytes ?? 0);
      },
      failed(error) {
        throw error;
      },
    },
    { bufferBytes, dumpEveryMs: 3_600_000 },
  );
  return async () => {
    const { lost, details } = await running.counters();
    const { user, system } = process.cpuUsage();
    const events = details.new! + details.update! + details.destroy!;
    return { events, bytes, lost: lost.events!, cpu: user + system };
  };
}

function readText(): () => Promise<Seen> {
  let [events, bytes, overruns] = [0, 0, 0];
  const tool = spawn('conntrack', ['-E', '-o', 'extended,id', '-b', String(bufferBytes)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => tool.kill());
  createInterface({ input: tool.stdout }).on('line', (line) => {
    for (const { event, original, reply } of readConntrackText(line)) {
      events++;
      if (event === 'DESTROY') bytes += Number(original.bytes) + Number(reply.bytes);
    }
  });
  tool.stderr.on('data', (data) => {
    if (String(data).includes('ENOBUFS')) overruns++;
  });
  return async () => {
    const stat = readFileSync(`/proc/${tool.pid}/stat`, 'latin1');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    const own = process.cpuUsage();
    const cpu = own.user + own.system + (Number(user) + Number(system)) * tick;
    return { events, bytes, lost: overruns > 0 ? -1 : 0, cpu };
  };
}

const seen = open();
createInterface({ input: process.stdin }).on('line', async (line) => {
  if (line === 'stop') process.exit(0);
  process.stdout.write(`${JSON.stringify(await seen())}\n`);
});
