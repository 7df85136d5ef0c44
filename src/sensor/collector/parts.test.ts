import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ExportRecord } from '../../flow/export/record.ts';
import type { TemplateSnapshot } from '../../flow/export/template-snapshot.ts';
import { ipv4 } from '../../net/address.ts';
import { BatchBuilder, batchCapacity, eachRecord } from './record-batches.ts';
import { rateTable, Senders } from './senders.ts';
import { socketDrops } from './socket-drops.ts';
import { mergeTemplates, readTemplates, writeTemplates } from './template-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('drops are the last column of the line of the socket', () => {
  const header =
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n';
  const udp = `${header}  305: 0100007F:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2755511 2 0000000000000000 42\n`;
  const udp6 = `${header} 3125: 00000000000000000000000001000000:18C7 00000000000000000000000000000000:0000 07 00000000:00001500 00:00000000 00000000  1000        0 77 2 0000000000000000 7\n`;
  expect(socketDrops([udp, udp6, ''], new Set(['77', '2755511', '5']))).toEqual(
    new Map([
      ['2755511', 42],
      ['77', 7],
    ]),
  );
});

/** A sockaddr_in of an address. */
function name(...octets: readonly number[]): Uint8Array {
  return Uint8Array.from([2, 0, 1, 2, ...octets, ...new Array<number>(24).fill(0)]);
}

test('senders are named once, allowed by prefix, and forgotten when there are too many', () => {
  const senders = new Senders(['198.51.100.0/24', '2001:db8::1']);
  const of = (bytes: Uint8Array) => senders.of({ name: bytes, port: 1 });
  expect(of(name(198, 51, 100, 9))).toEqual({ name: '198.51.100.9', isAllowed: true });
  expect(of(name(198, 51, 100, 9))).toBe(of(name(198, 51, 100, 9)));
  expect(of(name(203, 0, 113, 1))).toEqual({ name: '203.0.113.1', isAllowed: false });
  const ip6 = new Uint8Array(32);
  ip6.set([10, 0, 1, 2]);
  ip6.set([0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1], 8);
  expect(of(ip6)).toEqual({ name: '2001:db8::1', isAllowed: true });
  ip6.set([...new Array<number>(10).fill(0), 0xff, 0xff, 198, 51, 100, 7], 8);
  expect(of(ip6)).toEqual({ name: '198.51.100.7', isAllowed: true });
  const first = of(name(198, 51, 100, 9));
  for (let at = 0; at < 5000; at++) of(name(10, 0, at >> 8, at & 255));
  expect(of(name(198, 51, 100, 9))).not.toBe(first);
  expect(new Senders(undefined).of({ name: name(1, 2, 3, 4), port: 1 }).isAllowed).toBe(true);
  expect(() => new Senders(['10.0.0.0/99'])).toThrow('no address or prefix');
  expect(
    rateTable([
      ['0.0.0.0/0', 10],
      ['198.51.100.0/24', 100],
    ]).lookup(ipv4(0xc6336401)),
  ).toBe(100);
});

test('batches keep exporters and names of interfaces, and use their memory again', () => {
  const builder = new BatchBuilder();
  const record = new ExportRecord();
  const fill = (from: number): void => {
    for (let at = 0; at < batchCapacity; at++) {
      record.exporter = `192.0.2.${(from + at) % 3}`;
      record.inputName = at % 5 === 0 ? `eth${at}` : undefined;
      record.packets = from + at;
      builder.add(record);
    }
  };
  for (const from of [0, 10_000]) {
    fill(from);
    expect(builder.isFull).toBe(true);
    const batch = structuredClone(builder.take());
    expect(builder.count).toBe(0);
    expect(batch.exporters).toHaveLength(3);
    let at = 0;
    eachRecord(batch, new ExportRecord(), (read) => {
      expect([read.exporter, read.inputName, read.packets]).toEqual([
        `192.0.2.${(from + at) % 3}`,
        at % 5 === 0 ? `eth${at}` : undefined,
        from + at,
      ]);
      at++;
    });
    expect(at).toBe(batchCapacity);
    builder.giveBack(batch.buffer);
  }
});

const template = (id: number) => ({ id, fields: [[1, 4] as [number, number]] });

test('templates of several threads are put together, each once, and come back from the file', () => {
  const of = (exporter: string, ...ids: readonly number[]): TemplateSnapshot => ({
    protocol: 'ipfix',
    domains: [{ exporter, domain: 1, templates: ids.map(template) }],
  });
  const merged = mergeTemplates([of('192.0.2.1', 256, 257), of('192.0.2.1', 257, 258), of('192.0.2.2', 256)]);
  expect(merged.map(({ protocol, domains }) => [protocol, domains.length])).toEqual([
    ['netflow-v9', 0],
    ['ipfix', 2],
  ]);
  expect(merged[1]!.domains[0]!.templates.map(({ id }) => id)).toEqual([256, 257, 258]);
  const folder = mkdtempSync(join(tmpdir(), 'picket-templates-'));
  folders.push(folder);
  expect(readTemplates(folder)).toEqual([]);
  writeTemplates(join(folder, 'new'), merged);
  expect(readTemplates(join(folder, 'new'))).toEqual(merged);
  writeFileSync(join(folder, 'export-templates.json'), '{"version":2,"snapshots":[]}');
  expect(() => readTemplates(folder)).toThrow();
});
