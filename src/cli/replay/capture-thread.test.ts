import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import {
  interfaceBlock,
  joined,
  packetBlock,
  sectionBlock,
  ticksOf,
  writePcap,
} from '../../flow/capture/write-capture.fixture.ts';
import { CaptureFlows } from '../../flow/capture-flows.ts';
import type { Flow } from '../../flow/flow.ts';
import { fragmented } from '../../flow/packet/fragments.fixture.ts';
import { PacketBuilder, u16 } from '../../flow/packet/packet-builder.fixture.ts';
import { mostTold } from '../../flow/table/told-flows.ts';
import { testIo } from '../io.fixture.ts';
import type { CaptureTable } from './capture-thread/messages.ts';
import { CaptureFileError, readCaptureInThread } from './capture-thread.ts';
import { openFileBytes } from './file-bytes.ts';
import type { Pack } from './file-chunks.ts';
import { flowInputKind, readFlowInput } from './flow-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-test-capture-thread-'));
afterAll(() => rmSync(folder, { recursive: true }));
const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const stored = join(shared, 'data/flow/packet');
const captures = existsSync(stored) ? readdirSync(stored).filter((name) => !name.endsWith('.out')) : [];

const teller = { flowId: (number: number) => `flow ${number}`, observation: { by: 'capture' } } as const;

/** All that is told of a capture, in its order, as text, and what was counted. */
interface Told {
  readonly lines: readonly string[];
  readonly counted: object;
}

function toldHere(capture: Uint8Array, table: CaptureTable): Told {
  const lines: string[] = [];
  const flows: CaptureFlows = new CaptureFlows(
    { ...table, ...teller, interfaceName: (number) => flows.reader.interfaces[number]?.name },
    {
      ended: (rows, slot) => lines.push(JSON.stringify(rows.flow(slot))),
      dns: (message) => lines.push(JSON.stringify(message)),
    },
  );
  flows.push(capture);
  flows.end();
  const { counters, problem } = flows.reader;
  const { records, described, skipped, dropped } = counters;
  const decoded = [...flows.decoder.counts];
  return { lines, counted: { counters: { records, described, skipped, dropped }, problem, decoded } };
}

async function toldInThread(path: string, table: CaptureTable, pack?: Pack): Promise<Told> {
  const lines: string[] = [];
  const add = (one: object) => lines.push(JSON.stringify(one));
  const { counters, problem, decoded } = await readCaptureInThread({
    ...{ path, pack, table, teller },
    flow: add,
    dns: add,
  });
  return { lines, counted: { counters, problem, decoded: [...decoded] } };
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const count = captures.length === 0 ? `: needs ${stored}` : `, all ${captures.length}`;
test.skipIf(captures.length === 0)(
  `flows of stored captures are those that one thread makes${count}`,
  async () => {
    const tables = [
      { activeMs: 0, maxFlows: 4096 },
      { activeMs: 2000, maxFlows: 16 },
    ];
    let [flows, messages] = [0, 0];
    for (const [number, name] of captures.entries()) {
      const table = tables[number % 2]!;
      const wanted = toldHere(readFileSync(join(stored, name)), table);
      expect(await toldInThread(join(stored, name), table), name).toEqual(wanted);
      const ofDns = wanted.lines.filter((line) => line.includes('"isResponse"')).length;
      messages += ofDns;
      flows += wanted.lines.length - ofDns;
    }
    expect(flows).toBeGreaterThan(1000);
    expect(messages).toBeGreaterThan(100);
  },
  1_200_000,
);

/** A question of DNS, and its answer, as packets of IPv4. */
function lookup(number: number): Uint8Array[] {
  const name = [1, 0x61 + (number % 26), 7, ...new TextEncoder().encode('example'), 0];
  const hosts = [198, 18, 0, 1];
  const [client, server] = [hosts, [198, 19, 0, 53]];
  const message = (flags: number, answers: readonly number[]) => [
    ...[...u16(number), ...u16(flags), 0, 1, 0, answers.length > 0 ? 1 : 0, 0, 0, 0, 0],
    ...[...name, 0, 1, 0, 1, ...answers],
  ];
  const datagram = (
    from: readonly number[],
    to: readonly number[],
    ports: readonly number[],
    payload: readonly number[],
  ) =>
    Uint8Array.from([
      ...[0x45, 0, ...u16(28 + payload.length), 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to],
      ...[...ports.flatMap(u16), ...u16(8 + payload.length), 0, 0, ...payload],
    ]);
  const port = 20_000 + number;
  return [
    datagram(client, server, [port, 53], message(0x0100, [])),
    datagram(
      server,
      client,
      [53, port],
      message(0x8180, [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 19, 0, 1]),
    ),
  ];
}

/** Packets layer in layer, fragments, and names that are looked up and used, of two interfaces with names. */
function generated(seed: number, packets: number): Uint8Array {
  const builder = new PacketBuilder(seed);
  const { chance } = builder;
  const frames: Uint8Array[] = [];
  while (frames.length < packets) {
    const kind = chance.below(10);
    if (kind === 0)
      frames.push(...fragmented(chance, chance.pick([4, 6]), frames.length, 1 + chance.below(3)).fragments);
    else if (kind === 1) frames.push(...lookup(frames.length));
    else frames.push(builder.frame(2).built.bytes);
  }
  const blocks = frames.map((bytes, number) =>
    packetBlock(
      { bytes, interface: number % 2 },
      ticksOf(1_700_000_000 + Math.floor(number / 20), (number % 20) * 5_000_000, 1_000_000n),
    ),
  );
  const described = ['left', 'right'].map((name) => interfaceBlock({ linkType: 101, name }));
  return joined([sectionBlock(), ...described, ...blocks]);
}

test('flows of generated captures are those that one thread makes: tunnels, fragments, errors, names, DNS', async () => {
  for (const seed of [1, 2]) {
    const capture = generated(seed, 16_000);
    const path = write(`generated-${seed}`, capture);
    for (const table of [{}, { activeMs: 0, maxFlows: 100 }]) {
      const wanted = toldHere(capture, table);
      expect(await toldInThread(path, table)).toEqual(wanted);
      // More than are under way at once, so that the thread had to wait.
      expect(wanted.lines.length).toBeGreaterThan(4 * mostTold);
      for (const part of ['"tunnel":', '"dns":"', '"input":"right"', '"isResponse":true', '"icmp":'])
        expect(
          wanted.lines.some((line) => line.includes(part)),
          part,
        ).toBe(true);
    }
  }
}, 120_000);

const small = generated(4, 3000);

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)('a capture that is packed: %s', async (pack, packed) => {
  expect(await toldInThread(write(`small.${pack}`, packed(small)), {}, pack)).toEqual(toldHere(small, {}));
});

test('what is wrong with a capture is told, and what came before it counts', async () => {
  const cut = small.subarray(0, small.length - 10);
  const told = await toldInThread(write('cut', cut), {});
  expect(told).toEqual(toldHere(cut, {}));
  expect(told.counted).toMatchObject({ problem: { reason: 'cut-off' } });
  const text = new TextEncoder().encode('no capture at all\n'.repeat(20_000));
  expect((await toldInThread(write('text', text), {})).counted).toMatchObject({
    problem: { reason: 'not-a-capture' },
  });
});

test('a file that cannot be read or unpacked is an error, and so is what its user throws; the thread ends, also while it waits', async () => {
  await expect(toldInThread(join(folder, 'none'), {})).rejects.toThrow(CaptureFileError);
  await expect(toldInThread(folder, {})).rejects.toThrow('EISDIR');
  const packed = gzipSync(small);
  const half = write('half.gz', packed.subarray(0, packed.length / 2));
  await expect(toldInThread(half, {}, 'gzip')).rejects.toThrow('unexpected end of file');
  let told = 0;
  const failing = readCaptureInThread({
    ...{ path: write('large', generated(5, 20_000)), pack: undefined, table: {}, teller },
    flow: () => {
      told++;
      throw new Error('no more');
    },
  });
  await expect(failing).rejects.toThrow('no more');
  expect(told).toBe(1);
});

test('a large file goes through a thread, and says what a small one does', async () => {
  // Segments of one conversation each second.
  const segment = new Uint8Array(40 + 1400);
  segment.set([0x45, 0, ...u16(segment.length), 0, 0, 0, 0, 64, 6, 0, 0, 198, 18, 0, 1, 198, 19, 0, 1]);
  segment.set([0x9c, 0x40, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10], 20);
  const frames = Array.from({ length: 24_000 }, (_, number) => ({
    bytes: segment,
    seconds: 1_700_000_000 + number,
  }));
  const large = writePcap(frames, { linkType: 101 });
  let threads = 0;
  const count = () => threads++;
  process.on('worker', count);
  const read = async (bytes: Uint8Array) => {
    threads = 0;
    const name = join(folder, 'dump.pcap');
    writeFileSync(name, bytes);
    const io = testIo();
    const file = await openFileBytes(name, io);
    const flows: Flow[] = [];
    const taker = { flow: (flow: Flow) => flows.push(flow), dns: () => {}, log: () => {} };
    const counts = await readFlowInput(file, flowInputKind(file)!, taker, undefined, io);
    return { flows, counts, threads, err: io.written.err };
  };
  expect(large.length).toBeGreaterThan(32 * 2 ** 20);
  const whole = await read(large.subarray(0, large.length - 1));
  const part = await read(large.subarray(0, large.length / 2));
  process.off('worker', count);
  expect([whole.threads, part.threads]).toEqual([1, 0]);
  expect(whole.flows).toMatchObject([
    { id: `${join(folder, 'dump.pcap')}:1`, sent: { packets: 23_999 }, observation: { by: 'capture' } },
  ]);
  expect(whole.counts).toMatchObject({ records: 24_001, flows: 1, dropped: { 'cut-off': 1 } });
  expect(whole.err).toContain('the capture ends within what begins here');
  expect(Object.keys(part.flows[0]!)).toEqual(Object.keys(whole.flows[0]!));
});
