/**
 * Decoders of NetFlow and IPFIX: `node bench/export.ts [--quick]`. Datagrams as a router sends them: 24 records of 18 fields, the template in every
 * twentieth. First the decoders alone, from memory. Then the same datagrams over loopback, once to Picket's decoder behind a Node socket, once to
 * nfcapd, which also writes its files; processor time of the receiving process, with what each of them has got.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DetectingDecoder } from '../src/flow/export/detect.ts';
import {
  exported,
  type Field,
  ipfix,
  octets,
  set,
  template,
  v5,
  v5Record,
  v9,
} from '../src/flow/export/export-datagrams.fixture.ts';
import { IpfixDecoder } from '../src/flow/export/ipfix.ts';
import { NetflowV5Decoder } from '../src/flow/export/netflow-v5.ts';
import { NetflowV9Decoder } from '../src/flow/export/netflow-v9.ts';
import { freePort } from '../src/flow/export/nfcapd.fixture.ts';
import type { RecordSink } from '../src/flow/export/record.ts';
import { duration, median, quick } from './measure.ts';

const recordsEach = 24;
/** Records over loopback before the receiver's time counts. */
const warmUp = 150_000;
let state = 20_261_130;
function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** 18 fields, 53 bytes in version 9; IPFIX has times of its own instead of those since the start. */
const common: readonly Field[] = [
  [8, 4],
  [12, 4],
  [15, 4],
  [10, 4],
  [14, 4],
  [2, 4],
  [1, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [6, 1],
  [5, 1],
  [61, 1],
  [9, 1],
  [13, 1],
  [48, 1],
];
const fields9: readonly Field[] = [...common, [22, 4], [21, 4]];
const fields10: readonly Field[] = [...common, [152, 8], [153, 8]];

function values(): Uint8Array {
  const packets = 1 + random(1000);
  return octets(
    [0x0a000000 + random(20_000), 4],
    [0xc6120000 + random(3000), 4],
    [0xc6336401, 4],
    [1 + random(48), 4],
    [1 + random(48), 4],
    [packets, 4],
    [packets * (40 + random(1400)), 4],
    [1024 + random(60_000), 2],
    [[443, 80, 53, 22][random(4)]!, 2],
    [[6, 6, 17][random(3)]!, 1],
    [0x1b, 1],
    [0, 1],
    [random(2), 1],
    [24, 1],
    [16, 1],
    [0, 1],
  );
}

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

function datagrams9(count: number): Uint8Array[] {
  return times(count, (i) => {
    const records = times(recordsEach, () =>
      octets(values(), [900_000 + random(50_000), 4], [950_000 + random(50_000), 4]),
    );
    const sets = i % 20 === 0 ? [set(0, template(300, fields9))] : [];
    return v9({ sequence: i, count: recordsEach + sets.length }, ...sets, set(300, ...records));
  });
}

function datagrams10(count: number): Uint8Array[] {
  return times(count, (i) => {
    const ms = exported * 1000;
    const records = times(recordsEach, () =>
      octets(values(), [ms - 60_000 - random(9000), 8], [ms - random(50_000), 8]),
    );
    const sets = i % 20 === 0 ? [set(2, template(300, fields10))] : [];
    return ipfix({ sequence: i * recordsEach }, ...sets, set(300, ...records));
  });
}

function datagrams5(count: number): Uint8Array[] {
  return times(count, (i) =>
    v5(
      { sequence: i * recordsEach },
      ...times(recordsEach, () =>
        v5Record({ packets: 1 + random(1000), bytes: 40 + random(100_000), sourcePort: random(65_536) }),
      ),
    ),
  );
}

function decoders(): DetectingDecoder {
  return new DetectingDecoder({
    'netflow-v5': new NetflowV5Decoder(),
    'netflow-v9': new NetflowV9Decoder(),
    ipfix: new IpfixDecoder(),
  });
}

/** A sink that depends on what a record says. */
let sum = 0;
let received = 0;
const sink: RecordSink = (record) => {
  received++;
  sum += record.bytes + record.packets + record.start + record.destinationPort + record.source[3]!;
};

/** Processor time, so that other programs on the machine do not count. */
function benchDecoding(): void {
  const rounds = quick ? 20 : 60;
  const repeats = quick ? 5 : 9;
  for (const [name, datagrams] of [
    ['NetFlow 5', datagrams5(500)],
    ['NetFlow 9', datagrams9(500)],
    ['IPFIX', datagrams10(500)],
  ] as const) {
    const operations = datagrams.length * recordsEach * rounds;
    const each = times(repeats + 1, () => {
      const decoder = decoders();
      [sum, received] = [0, 0];
      const begun = process.cpuUsage();
      for (let round = 0; round < rounds; round++)
        for (const bytes of datagrams) decoder.decode(bytes, '198.51.100.1', 0, sink);
      const { user, system } = process.cpuUsage(begun);
      if (received !== operations || !(sum > 0)) throw new Error(`${received} records of ${operations}`);
      return ((user + system) * 1000) / operations;
    }).slice(1);
    const middle = median(each);
    console.log(
      `decode a record of ${name}: ${duration(middle)} of processor (${duration(Math.min(...each))} .. ${duration(Math.max(...each))}, median of ${repeats} rounds), ${Math.round(1e9 / middle).toLocaleString('en')} records/s in one thread`,
    );
  }
}

/** Records that there were, how many of them were timed, and what these took of the processor in seconds. */
type Received = [records: number, timed: number, seconds: number];

/** Receives until SIGTERM, then prints what it has received. */
function receive(port: number): void {
  const decoder = decoders();
  const socket = createSocket({ type: 'udp4', recvBufferSize: 8 * 1024 * 1024 });
  let begun: NodeJS.CpuUsage | undefined;
  let before = 0;
  socket.on('message', (bytes, { address }) => {
    decoder.decode(bytes, address, 0, sink);
    // Not what compiling the decoder takes, which is once.
    if (begun === undefined && received >= warmUp) {
      before = received;
      begun = process.cpuUsage();
    }
  });
  socket.bind(port, '127.0.0.1');
  process.once('SIGTERM', () => {
    const { user, system } = process.cpuUsage(begun);
    console.log(JSON.stringify([received, received - before, (user + system) / 1e6]));
    process.exit(0);
  });
}

async function send(
  socket: Socket,
  port: number,
  datagrams: readonly Uint8Array[],
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < datagrams.length; at += 50) {
      const batch = datagrams.slice(at, at + 50);
      await Promise.all(
        batch.map(
          (bytes) => new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve())),
        ),
      );
      // About 20,000 datagrams a second: both can follow.
      await sleep(1);
    }
  }
}

async function bound(port: number): Promise<void> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (let tries = 0; !readFileSync('/proc/net/udp', 'latin1').includes(end); tries++) {
    if (tries > 500) throw new Error('the receiver does not listen');
    await sleep(20);
  }
}

/** User and system time of a process in seconds (proc(5), stat). */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

async function toPicket(datagrams: readonly Uint8Array[], rounds: number): Promise<Received> {
  const port = await freePort(4);
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--receive', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  await bound(port);
  const socket = createSocket('udp4');
  await send(socket, port, datagrams, rounds);
  socket.close();
  await sleep(300);
  child.kill('SIGTERM');
  await exited;
  return JSON.parse(text) as Received;
}

async function toNfcapd(datagrams: readonly Uint8Array[], rounds: number): Promise<Received> {
  const port = await freePort(4);
  const folder = mkdtempSync(join(tmpdir(), 'picket-bench-'));
  try {
    const args = [
      '-w',
      folder,
      '-p',
      String(port),
      '-b',
      '127.0.0.1',
      '-t',
      '3600',
      '-B',
      String(8 * 1024 * 1024),
    ];
    const child = spawn('nfcapd', args, { stdio: 'ignore' });
    const exited = new Promise((resolve) => child.once('close', resolve));
    await bound(port);
    const before = processorTime(child.pid!);
    const socket = createSocket('udp4');
    await send(socket, port, datagrams, rounds);
    socket.close();
    await sleep(300);
    const took = processorTime(child.pid!) - before;
    child.kill('SIGTERM');
    await exited;
    const text = execFileSync('nfdump', ['-I', '-R', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const records = Number(/^Flows: (\d+)/m.exec(text)?.[1] ?? 0);
    return [records, records, took];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchReceiving(): Promise<void> {
  const rounds = quick ? 20 : 60;
  const repeats = quick ? 1 : 3;
  for (const [name, datagrams] of [
    ['NetFlow 9', datagrams9(1000)],
    ['IPFIX', datagrams10(1000)],
  ] as const) {
    console.log(
      `receive and decode ${name} over loopback, ${(datagrams.length * recordsEach * rounds).toLocaleString('en')} records`,
    );
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [who, run] of [
        ['Picket (Node socket, records not kept)', toPicket],
        ['nfcapd (writes its files)', toNfcapd],
      ] as const) {
        const [records, timed, seconds] = await run(datagrams, rounds);
        const each = ((seconds / timed) * 1e9).toFixed(0);
        const rate = Math.round(timed / seconds).toLocaleString('en');
        console.log(
          `  ${who}: ${records.toLocaleString('en')} received, ${each} ns of processor a record, ${rate} records/s of processor`,
        );
      }
    }
  }
}

const receiving = process.argv.indexOf('--receive');
if (receiving >= 0) receive(Number(process.argv[receiving + 1]));
else {
  benchDecoding();
  await benchReceiving();
}
