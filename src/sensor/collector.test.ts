import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { IpfixWriter } from '../flow/export/ipfix-writer.ts';
import { Nfcapd } from '../flow/export/nfcapd.fixture.ts';
import { datagram, flowSample, headerRecord } from '../flow/export/sflow/datagram.fixture.ts';
import type { Flow } from '../flow/flow.ts';
import { formatAddress, ipv4, ipv6 } from '../net/address.ts';
import { type CollectorOptions, collector, startCollector } from './collector.ts';
import { KeptFlows, nfdumpRow, rowOf, sorted } from './kept-flows.fixture.ts';
import { hasProgram } from './netns.fixture.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const capture = join(shared, 'data/flow/packet/android.pcap');

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

function collect(options: CollectorOptions = {}): KeptFlows {
  const kept = new KeptFlows(options);
  open.push(kept.running);
  return kept;
}

function sender(type: 'udp4' | 'udp6' = 'udp4'): {
  send(bytes: Uint8Array, port: number, to?: string): Promise<void>;
} {
  const socket: Socket = createSocket(type);
  open.push({ stop: () => socket.close() });
  return {
    send: (bytes, port, to = type === 'udp4' ? '127.0.0.1' : '::1') =>
      new Promise((resolve, reject) =>
        socket.send(bytes, port, to, (error) => (error ? reject(error) : resolve())),
      ),
  };
}

/** Lets softflowd read the capture and export it to all ports. */
async function softflowd(
  version: string,
  targets: readonly string[],
  ...more: readonly string[]
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'picket-softflowd-'));
  try {
    const child = spawn(
      'softflowd',
      [
        ...['-r', capture, '-n', targets.join(','), '-v', version, '-d', '-a', '-6'],
        // With a long path of its control socket softflowd 1.1.0 waits for somebody there before it begins.
        ...['-c', 'c', '-p', 'p', ...more],
      ],
      { stdio: 'ignore', cwd: folder },
    );
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => resolve());
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const hasTools = hasProgram('softflowd') && hasProgram('nfcapd') && hasProgram('nfdump');
const canCompare = hasTools && existsSync(capture);

test.skipIf(!canCompare).for([
  ['5', 4],
  ['9', 4],
  ['10', 4],
  ['9', 6],
] as const)('softflowd -v %s over IPv%s: the same records as nfcapd', async ([version, family]) => {
  const address = family === 4 ? '127.0.0.1' : '::1';
  const kept = collect({ joinDirections: false, listen: [{ address, port: 0 }] });
  const nfcapd = await Nfcapd.start(family);
  const host = family === 4 ? address : `[${address}]`;
  await softflowd(version, [`${host}:${kept.port}`, `${host}:${nfcapd.port}`]);
  await kept.datagrams(1);
  await sleep(300);
  await kept.running.stop();
  const expected = sorted((await nfcapd.stop()).map(nfdumpRow));
  expect(expected.length).toBeGreaterThan(100);
  // A time that is the exporter's start is none for nfdump.
  const untimed = new Set(expected.filter(({ first }) => first === 0).map((row) => JSON.stringify(row)));
  expect(untimed.size).toBeLessThanOrEqual(1);
  const rows = kept.flows.map(rowOf).map((row) => {
    const without = { ...row, first: 0, last: 0 };
    return untimed.has(JSON.stringify(without)) ? without : row;
  });
  expect(sorted(rows)).toEqual(expected);
  const { flows, lost, dropped } = await kept.running.counters();
  expect(flows).toBe(expected.length);
  // nfcapd finds gaps in softflowd's own way to count what it exports as IPFIX; there are none.
  expect(Object.values({ ...lost, ...dropped }).filter((count) => count > 0)).toEqual([]);
  const [exporter] = await kept.running.exporters();
  expect(exporter).toMatchObject({ exporter: address, records: expected.length, dropped: {} });
});

test.skipIf(!canCompare)(
  'directions that softflowd tells apart are the flows that it tells together',
  async () => {
    const apart = collect();
    const together = collect();
    await softflowd('10', [`127.0.0.1:${apart.port}`]);
    await softflowd('10', [`127.0.0.1:${together.port}`], '-b');
    await apart.datagrams(1);
    await together.datagrams(1);
    await sleep(300);
    await apart.running.stop();
    await together.running.stop();
    const conversations = (flows: readonly Flow[]): string[] =>
      flows
        .map(({ protocol, source, destination, sent, received }) => {
          const ends = [source, destination].map(({ address, port }) => `${formatAddress(address)} ${port}`);
          const counts = [sent, received].map((traffic) => `${traffic?.packets ?? 0} ${traffic?.bytes ?? 0}`);
          const ways = [`${ends[0]} ${counts[0]}`, `${ends[1]} ${counts[1]}`].toSorted();
          return `${protocol} ${ways.join(' ')}`;
        })
        .toSorted();
    const expected = conversations(together.flows);
    expect(conversations(apart.flows)).toEqual(expected);
    const both = apart.flows.filter(({ sent, received }) => sent && received);
    expect(both.length).toBeGreaterThan(20);
    // Clients of well-known ports are the sources.
    expect(both.filter(({ source, destination }) => source.port < 1024 && destination.port >= 1024)).toEqual(
      [],
    );
  },
);

const frame = Uint8Array.from([
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0],
  ...[0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 1, 203, 0, 113, 2],
  ...[4, 1, 1, 187, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0],
]);
const sflow = (sequence: number): Uint8Array =>
  datagram({
    agent: ipv4(0xc6336409),
    sequence,
    uptime: sequence * 1000,
    samples: [flowSample({ sequence, rate: 100, records: [headerRecord(frame, 78)] })],
  });

function ipfix(flows: readonly Flow[], withTemplates = true, domain = 1): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const writer = new IpfixWriter(
    { domain, biflow: true, templatesEvery: { messages: 0, seconds: 0 } },
    (message) => messages.push(message),
  );
  if (!withTemplates && flows[0]) {
    writer.add(flows[0], 0);
    writer.flush(0);
    messages.length = 0;
  }
  for (const flow of flows) writer.add(flow, Date.now());
  writer.flush(Date.now());
  return messages;
}

function flow(number: number, both = true): Flow {
  return {
    id: '',
    protocol: 6,
    source: { address: ipv4(0xc6120000 + number), port: 50_000 },
    destination: { address: ipv4(0xcb007101), port: 443 },
    state: 'closed',
    seenBy: 'network',
    openedAt: 1_700_000_000_000 + number,
    lastAt: 1_700_000_001_000 + number,
    reachedDestination: false,
    preexisting: false,
    sent: { packets: 3, bytes: 300, tcpFlags: 27 },
    ...(both && { received: { packets: 2, bytes: 200, tcpFlags: 27 } }),
  };
}

test('one socket takes both families and all protocols, and says what it did not take', async () => {
  const kept = collect({
    listen: [{ address: '::', port: 0 }],
    allowed: ['127.0.0.1', '2001:db8::/32'],
    joinWindowMs: 100,
  });
  const four = sender();
  await four.send(ipfix([flow(1)])[0]!, kept.port);
  await four.send(sflow(1), kept.port);
  await four.send(Uint8Array.from([0, 77, 1, 2, 3]), kept.port);
  await four.send(new Uint8Array(0), kept.port);
  await sender('udp6').send(sflow(2), kept.port);
  await kept.datagrams(5);
  await kept.running.stop();
  expect(
    kept.flows.map(({ observation, sent }) => [observation?.by, observation?.exporter, sent?.packets]),
  ).toEqual([
    ['ipfix', '127.0.0.1', 3],
    ['sflow', '198.51.100.9', 100],
  ]);
  const { dropped, flows, details } = await kept.running.counters();
  expect(dropped).toMatchObject({ 'not-allowed': 1, 'unknown-protocol': 2 });
  expect(flows).toBe(2);
  expect(details).toMatchObject({
    changes: kept.changes,
    datagrams: 5,
    'ipfix-records': 1,
    'sflow-records': 1,
  });
  expect(new Set(kept.flows.map(({ id }) => id)).size).toBe(2);
});

test('what an exporter sent and never came is told', async () => {
  const kept = collect();
  const { send } = sender();
  for (const sequence of [1, 2, 6]) await send(sflow(sequence), kept.port);
  const messages = ipfix(Array.from({ length: 100 }, (_, number) => flow(number)));
  for (const message of messages.toSpliced(1, 1)) await send(message, kept.port);
  await kept.datagrams(3 + messages.length - 1);
  const { lost } = await kept.running.counters();
  expect(lost).toMatchObject({ 'sflow-datagrams': 3, 'sflow-samples': 3, 'kernel-buffer': 0 });
  expect(lost['ipfix-records']).toBeGreaterThan(5);
});

test('who does not take batches stops the reading: the kernel drops, and counts it exactly', async () => {
  const kept = collect({ receiveBuffer: 300_000 });
  let release = (): void => undefined;
  kept.hold = new Promise((resolve) => {
    release = resolve;
  });
  const { send } = sender();
  const [template, ...data] = ipfix(
    Array.from({ length: 30 }, (_, number) => flow(number)),
    true,
  );
  await send(template!, kept.port);
  let sent = 1;
  const before = process.memoryUsage().rss;
  for (; sent < 12_000; sent++) {
    await send(data[0]!, kept.port);
    if (sent % 100 === 0) await sleep(1);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  expect(kept.flows.length).toBeLessThanOrEqual(2048 * 4);
  release();
  kept.hold = undefined;
  // What the kernel still has is read now.
  let all = 0;
  for (let tries = 0; tries < 300 && all < sent; tries++) {
    await sleep(20);
    const { lost, details } = await kept.running.counters();
    expect(lost['kernel-buffer']).toBeGreaterThan(1000);
    all = details.datagrams! + lost['kernel-buffer']!;
  }
  expect(all).toBe(sent);
  expect(kept.failures).toEqual([]);
});

test('several threads share a port, and each sender is told by one of them', async () => {
  const kept = collect({
    workers: 2,
    listen: [
      { address: '127.0.0.1', port: 0 },
      { address: '::1', port: 0 },
    ],
  });
  expect(kept.running.sockets).toHaveLength(2);
  const senders = Array.from({ length: 16 }, () => sender());
  for (const [number, { send }] of senders.entries())
    for (const message of ipfix([flow(number * 2), flow(number * 2 + 1)], true, number))
      await send(message, kept.port);
  await sender('udp6').send(ipfix([flow(99)])[0]!, kept.running.sockets[1]!.port);
  await kept.datagrams(17);
  await kept.running.stop();
  expect(kept.flows).toHaveLength(33);
  const { lost, flows } = await kept.running.counters();
  expect(flows).toBe(33);
  expect(lost['ipfix-records']).toBe(0);
});

test('templates are kept over a restart; without them data waits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'picket-templates-'));
  open.push({ stop: () => rmSync(folder, { recursive: true }) });
  const first = collect({ stateFolder: folder });
  await sender().send(ipfix([flow(1)])[0]!, first.port);
  await first.datagrams(1);
  await first.running.stop();
  expect(statSync(join(folder, 'export-templates.json')).mode & 0o777).toBe(0o600);
  const data = ipfix([flow(2)], false)[0]!;
  for (const [stateFolder, count] of [
    [folder, 1],
    [undefined, 0],
  ] as const) {
    const again = collect({ ...(stateFolder && { stateFolder }) });
    await sender().send(data, again.port);
    await again.datagrams(1);
    await again.running.stop();
    expect(again.flows).toHaveLength(count);
  }
  writeFileSync(join(folder, 'export-templates.json'), '{"version":1,');
  const damaged = collect({ stateFolder: folder });
  expect(damaged.notices.filter((text) => text.includes('templates'))).toHaveLength(1);
});

test('directions that wait are handed on at the end, and stopping twice is stopping once', async () => {
  const kept = collect({ joinWindowMs: 60_000 });
  for (const message of ipfix([flow(1, false), flow(2, false)])) await sender().send(message, kept.port);
  await kept.datagrams(1);
  expect(kept.flows).toEqual([]);
  await Promise.all([kept.running.stop(), kept.running.stop()]);
  await kept.running.stop();
  expect(kept.flows).toHaveLength(2);
});

test('a sink that fails ends it, and is told so', async () => {
  let failure: Error | undefined;
  const running = startCollector(
    {
      flows: () => Promise.reject(new Error('no room')),
      failed: (error) => {
        failure = error;
      },
    },
    { listen: [{ address: '127.0.0.1', port: 0 }] },
  );
  open.push(running);
  await sender().send(ipfix([flow(1)])[0]!, running.sockets[0]!.port);
  for (let tries = 0; tries < 200 && failure === undefined; tries++) await sleep(20);
  expect(failure?.message).toBe('no room');
});

test('what is wrong is said at the start', async () => {
  const kept = collect();
  const sink = { flows: () => undefined, failed: () => undefined };
  const at = (address: string, port: number) => () => startCollector(sink, { listen: [{ address, port }] });
  expect(at('127.0.0.1', kept.port)).toThrow(`127.0.0.1:${kept.port}: another program has the port`);
  expect(at('198.51.100.77', 0)).toThrow('this machine does not have the address');
  expect(at('localhost', 0)).toThrow("'localhost' is no address");
  expect(() => startCollector(sink, { allowed: ['everybody'] })).toThrow(
    "'everybody' is no address or prefix",
  );
  expect(await collector.probe()).toEqual({
    state: 'available',
    details: ['NetFlow, IPFIX and sFlow over UDP'],
  });
  expect(formatAddress(ipv6(0, 0, 0, 1))).toBe('::1');
});

test.skipIf(spawnSync('id', ['-u']).stdout.toString().trim() !== '0')(
  'root gets the buffer that it asks for',
  () => {
    const kept = collect({ receiveBuffer: 10_000_000 });
    expect(kept.running.sockets[0]!.receiveBuffer).toBeGreaterThanOrEqual(10_000_000);
    expect(kept.notices).toEqual([]);
  },
);
