/**
 * Highest rate of datagrams at which nothing is lost, the collector and nfcapd in turn at each rate: node bench/collector.ts [--quick].
 * Both get the same bursts of NetFlow 9 over loopback, with 24 records in a datagram and 8 MiB of buffer asked for. nfcapd writes its
 * files; the collector joins directions and makes a flow of each conversation, which its sink counts.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Nfcapd } from '../src/flow/export/nfcapd.fixture.ts';
import { countOver } from '../src/flow/steps.ts';
import { startCollector } from '../src/sensor/collector.ts';
import { quick } from './measure.ts';

const records = 24;
const seconds = quick ? 1 : 3;
const rounds = quick ? 1 : 3;
const rates = quick
  ? [10_000, 20_000, 40_000]
  : [2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000, 80_000, 100_000];
/** Before it is measured each gets a burst like this: it is to be what it is after a while, with its code compiled. */
const warm = { rate: 5_000, seconds: quick ? 2 : 4 };
const bufferBytes = 8 * 1024 * 1024;

interface Outcome {
  readonly sent: number;
  readonly received: number;
  /** Datagrams a second, as they went out. */
  readonly rate: number;
  readonly cpuMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'picket-collector-'));
const flood = join(folder, 'flood');
execFileSync('gcc', ['-O2', '-o', flood, fileURLToPath(new URL('flood.c', import.meta.url))]);

async function send(
  port: number,
  rate: number,
  duration = seconds,
): Promise<{ readonly sent: number; readonly rate: number }> {
  const child = spawn(flood, [port, rate, rate * duration, records].map(String), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  const [sent, microseconds] = text.split(' ').map(Number) as [number, number];
  return { sent, rate: (sent * 1e6) / microseconds };
}

async function ours(rate: number, joinDirections: boolean): Promise<Outcome> {
  let flows = 0;
  const running = startCollector(
    {
      flows: (batch) => {
        flows += countOver(batch);
      },
      failed: (error) => {
        throw error;
      },
    },
    {
      listen: [{ address: '127.0.0.1', port: 0 }],
      receiveBuffer: bufferBytes,
      joinDirections,
    },
  );
  const { port } = running.sockets[0]!;
  const early = await send(port, warm.rate, warm.seconds);
  const before = process.cpuUsage();
  const late = await send(port, rate);
  const sent = early.sent + late.sent;
  let received = -1;
  for (let now = 0; now !== received; ) {
    received = now;
    await sleep(300);
    now = (await running.counters()).details.datagrams!;
  }
  const { user, system } = process.cpuUsage(before);
  await running.stop();
  const { lost, flows: told } = await running.counters();
  if (received + lost['kernel-buffer']! !== sent)
    console.log(`  ! ${sent} sent, ${received} received, ${lost['kernel-buffer']} dropped by the kernel`);
  // The two directions of a conversation stand next to one another in a datagram.
  if (flows !== (received * records) / (joinDirections ? 2 : 1) || flows !== told)
    console.log(`  ! ${flows} flows (${told} as it counted) of ${received * records} records`);
  return { sent, received, rate: late.rate, cpuMs: (user + system) / 1000 };
}

async function theirs(rate: number): Promise<Outcome> {
  const nfcapd = await Nfcapd.start(4, ['-B', String(bufferBytes)]);
  const early = await send(nfcapd.port, warm.rate, warm.seconds);
  const before = cpuOf(nfcapd.pid);
  const late = await send(nfcapd.port, rate);
  await sleep(800);
  const after = cpuOf(nfcapd.pid);
  await nfcapd.end();
  const flows = Number(/Flows: (\d+)/.exec(nfcapd.log)?.[1] ?? 0);
  const received = flows / records;
  return { sent: early.sent + late.sent, received, rate: late.rate, cpuMs: after - before };
}

/** Processor time of a process, ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

const contenders: readonly (readonly [string, (rate: number) => Promise<Outcome>])[] = [
  ['collector', (rate) => ours(rate, true)],
  ['collector, directions apart', (rate) => ours(rate, false)],
  ['nfcapd', theirs],
];

console.log(
  `${cpus().length} CPUs, bursts of ${seconds} s, ${rounds} rounds, ${records} records in a datagram`,
);
/** Highest rate at which nothing was lost in any round. */
const best = new Map<string, number>();
const beaten = new Set<string>();
try {
  for (const rate of rates) {
    for (const [name, run] of contenders) {
      if (beaten.has(name)) continue;
      const outcomes: Outcome[] = [];
      for (let round = 0; round < rounds; round++) outcomes.push(await run(rate));
      const lost = outcomes.reduce((sum, { sent, received }) => sum + sent - received, 0);
      const sent = outcomes.reduce((sum, one) => sum + one.sent, 0);
      const cpu = outcomes.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
      const actual = Math.min(...outcomes.map((one) => one.rate));
      console.log(
        `  ${String(rate).padStart(7)}/s  ${name.padEnd(27)} lost ${((100 * lost) / sent).toFixed(2).padStart(6)} %  ${((cpu * 1000) / (sent - warm.rate * warm.seconds * rounds)).toFixed(1).padStart(6)} µs CPU a datagram  (sent at ${actual.toFixed(0)}/s)`,
      );
      if (lost > 0) beaten.add(name);
      else best.set(name, rate);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
const peer = best.get('nfcapd') ?? 0;
for (const [name] of contenders) {
  const rate = best.get(name) ?? 0;
  console.log(
    `${name}: nothing lost up to ${rate} datagrams/s (${rate * records} records/s), ${(rate / peer).toFixed(2)} of nfcapd's`,
  );
}
