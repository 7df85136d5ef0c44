import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { recordOnly, startToggler, type Toggler } from '../src/sensor/toggle.fixture.ts';
import { readLayout } from '../src/sensor/tracefs/events.ts';
import { TraceInstance } from '../src/sensor/tracefs/instance.ts';
import { openTracefs } from '../src/sensor/tracefs/mount.ts';
import { startTracefs } from '../src/sensor/tracefs.ts';

// Real TCP state changes of this kernel, made by two Perl processes (listen, shutdown), read by the sensor through
// trace_pipe_raw and, as the peer, through the text of trace_pipe with a regular expression per line. Both get the same
// ring buffers and the same number of events, in turn. Needs root; leaves nothing behind.
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    events: { type: 'string' },
    'buffer-kb': { type: 'string', default: '4096' },
  },
});
const events = Number(values.events ?? (values.quick ? 100_000 : 2_000_000));
const bufferKbPerCpu = Number(values['buffer-kb']);
const rounds = values.quick ? 1 : 3;

interface Outcome {
  readonly made: number;
  readonly decoded: number;
  readonly lost: number;
  /** Events made per second while they were made. */
  readonly rate: number;
  /** CPU time of this process, all threads, per decoded event. */
  readonly microseconds: number;
}

/** A reader under test: how much it has, and how much the kernel lost, since its start. */
interface Reader {
  count(): Promise<{ readonly decoded: number; readonly lost: number }>;
  stop(): Promise<void>;
}

async function openBinary(): Promise<Reader> {
  let checked = 0;
  const ready = Promise.withResolvers<void>();
  const sensor = startTracefs(
    {
      snapshot: () => ready.resolve(),
      batch({ kernel }) {
        checked += kernel.count;
      },
      failed: (error) => ready.reject(error),
    },
    { bufferKbPerCpu },
  );
  await ready.promise;
  return {
    async count() {
      const { records, lost, undecodable } = await sensor.counters();
      if (undecodable > 0 || checked !== records) throw new Error('records went astray');
      return { decoded: records, lost };
    },
    stop: () => sensor.stop(),
  };
}

const line =
  /^\s*(.+)-(\d+)\s+\[(\d+)\]\s+(?:\S+\s+)?([\d.]+): inet_sock_set_state: family=(\S+) protocol=(\S+) sport=(\d+) dport=(\d+) saddr=(\S+) daddr=(\S+) saddrv6=(\S+) daddrv6=(\S+) oldstate=(\S+) newstate=(\S+)$/;

async function openText(): Promise<Reader> {
  const tracefs = openTracefs();
  const instance = new TraceInstance(tracefs.root, readLayout(tracefs.root), { bufferKbPerCpu });
  const fd = openSync(join(instance.path, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  const chunk = Buffer.alloc(1 << 16);
  let decoded = 0;
  let rest = '';
  let stopped = false;
  const drain = (): void => {
    for (;;) {
      let length = 0;
      try {
        length = readSync(fd, chunk, 0, chunk.length, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      if (length === 0) return;
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = lines.pop()!;
      for (const text of lines) if (line.test(text)) decoded++;
    }
  };
  const loop = (async () => {
    while (!stopped) {
      drain();
      await sleep(8);
    }
  })();
  return {
    count: async () => ({ decoded, lost: instance.lost() }),
    async stop() {
      stopped = true;
      await loop;
      closeSync(fd);
      instance.remove();
      tracefs.release();
    },
  };
}

/** Returns the counts once they have stood still for 100 ms. */
async function settled(reader: Reader): Promise<{ readonly decoded: number; readonly lost: number }> {
  let last = await reader.count();
  for (let quiet = 0; quiet < 5; ) {
    await sleep(20);
    const now = await reader.count();
    quiet = now.decoded === last.decoded ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

async function run(open: () => Promise<Reader>, togglers: readonly Toggler[]): Promise<Outcome> {
  const reader = await open();
  try {
    recordOnly(togglers);
    const before = await settled(reader);
    const cpu = process.cpuUsage();
    const start = performance.now();
    await Promise.all(togglers.map((toggler) => toggler.toggle(events / 2 / togglers.length)));
    const seconds = (performance.now() - start) / 1000;
    const after = await settled(reader);
    const used = process.cpuUsage(cpu);
    const decoded = after.decoded - before.decoded;
    return {
      made: events,
      decoded,
      lost: after.lost - before.lost,
      rate: events / seconds,
      microseconds: (used.user + used.system) / decoded,
    };
  } finally {
    await reader.stop();
  }
}

function print(name: string, { made, decoded, lost, rate, microseconds }: Outcome): void {
  const balance = made === decoded + lost ? '=' : '≠';
  console.log(
    `${name.padEnd(22)} ${made} made ${balance} ${decoded} decoded + ${lost} lost (${((lost / made) * 100).toFixed(2)} %), ${Math.round(rate)} events/s made, ${microseconds.toFixed(3)} µs CPU per decoded event`,
  );
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

const togglers = await Promise.all([startToggler(), startToggler()]);
const results: { binary: Outcome[]; text: Outcome[] } = { binary: [], text: [] };
try {
  for (let round = 0; round < rounds; round++) {
    const binary = await run(openBinary, togglers);
    print('sensor, binary pages', binary);
    results.binary.push(binary);
    const text = await run(openText, togglers);
    print('peer, trace_pipe text', text);
    results.text.push(text);
  }
} finally {
  for (const toggler of togglers) toggler.stop();
}
const cost = (outcomes: Outcome[]): number => median(outcomes.map(({ microseconds }) => microseconds));
const got = (outcomes: Outcome[]): number => median(outcomes.map(({ decoded, made }) => decoded / made));
console.log(
  `CPU per event: text / binary = ${(cost(results.text) / cost(results.binary)).toFixed(1)}; events read: binary ${(got(results.binary) * 100).toFixed(2)} %, text ${(got(results.text) * 100).toFixed(2)} % (medians of ${rounds})`,
);
// The sensor's count has to come out even; the text reader's is shown as it is.
if (results.binary.some(({ made, decoded, lost }) => made !== decoded + lost)) process.exit(1);
