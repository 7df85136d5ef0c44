import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { writePcap } from '../../flow/capture/write-capture.fixture.ts';
import { CaptureFlows } from '../../flow/capture-flows.ts';
import type { Flow } from '../../flow/flow.ts';
import { PacketFlows, type PacketFlowsSink } from '../../flow/table/packet-flows.ts';
import { PacketQueue } from '../../flow/table/packet-queue.ts';
import type { Pack } from './file-chunks.ts';
import { CaptureFileError, PacketFile } from './packet-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-packet-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An HTTP request of a client's port, so long that one of some hundred lies across two pieces. */
function request(port: number): Uint8Array {
  const length = 700 + (port % 997);
  const head = `GET / HTTP/1.1\r\nHost: host-${port}.example\r\nX: `;
  const text = new TextEncoder().encode(head.padEnd(length - 4, 'x').concat('\r\n\r\n'));
  const bytes = new Uint8Array(54 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  bytes[14] = 0x45;
  view.setUint16(16, 40 + text.length);
  bytes[23] = 6;
  bytes.set([198, 51, 100, 1, 203, 0, 113, 80], 26);
  view.setUint16(34, port);
  view.setUint16(36, 80);
  view.setUint32(38, 1);
  bytes.set([0x50, 0x18], 46);
  bytes.set(text, 54);
  return bytes;
}

const requests = 5000;
const capture = writePcap(
  Array.from({ length: requests }, (_, number) => ({
    bytes: request(20_000 + number),
    seconds: 1_700_000_000,
    nanoseconds: number * 1000,
  })),
);

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function collecting(): { readonly flows: Flow[]; readonly sink: PacketFlowsSink } {
  const flows: Flow[] = [];
  return { flows, sink: { ended: (table, slot) => flows.push(table.flow(slot)) } };
}

async function flowsOf(path: string, pack?: Pack) {
  const { flows, sink } = collecting();
  const table = new PacketFlows({}, sink);
  const queue = new PacketQueue(table);
  const file = new PacketFile(path, pack);
  const end = await file.read((rows, bytes) => queue.takeRows(rows, bytes));
  table.end();
  return { flows, end, interfaces: file.interfaces, stats: table.stats() };
}

test.each([
  ['as it is', (bytes: Uint8Array) => bytes, undefined],
  ['gzip', gzipSync, 'gzip'],
  ['zstd', zstdCompressSync, 'zstd'],
] as const)(
  'a capture of several pieces becomes the flows that one thread makes of it: %s',
  async (name, packed, pack) => {
    const { flows: wanted, sink } = collecting();
    const here = new CaptureFlows({}, sink);
    here.push(capture);
    here.end();
    expect(wanted.map(({ names }) => names?.http)).toContain('host-24999.example');

    const { flows, end, interfaces, stats } = await flowsOf(write(`${name}.pcap`, packed(capture)), pack);
    expect(flows).toEqual(wanted);
    expect(flows.every(({ source, names }) => names?.http === `host-${source.port}.example`)).toBe(true);
    expect(interfaces).toEqual(here.reader.interfaces);
    expect(end.counters).toMatchObject({ bytes: capture.length, frames: requests, unreadBytes: 0 });
    expect([...end.decoded]).toEqual([...here.decoder.counts]);
    expect(end.problem).toBeUndefined();
    expect(stats.packets).toBe(requests);
  },
);

test('what is wrong with a capture is told, and what came before it counts', async () => {
  const { flows, end } = await flowsOf(write('cut.pcap', capture.subarray(0, capture.length - 100)));
  expect(flows).toHaveLength(requests - 1);
  expect(end.problem?.reason).toBe('cut-off');
  expect(end.counters.dropped['cut-off']).toBe(1);
  const other = await flowsOf(write('text', new TextEncoder().encode('no capture at all\n'.repeat(200_000))));
  expect(other.end.problem?.reason).toBe('not-a-capture');
});

test('a file that cannot be read or unpacked is an error, and so is what its user throws', async () => {
  await expect(flowsOf(join(folder, 'none'))).rejects.toThrow(CaptureFileError);
  await expect(flowsOf(folder)).rejects.toThrow('EISDIR');
  const packed = gzipSync(capture);
  await expect(flowsOf(write('half.gz', packed.subarray(0, packed.length / 2)), 'gzip')).rejects.toThrow(
    'unexpected end of file',
  );
  const failing = new PacketFile(write('whole.pcap', capture)).read(() => {
    throw new Error('no more');
  });
  await expect(failing).rejects.toThrow('no more');
});
