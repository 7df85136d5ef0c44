import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress, ipv4, ipv6 } from '../../net/address.ts';
import type { Flow } from '../flow.ts';
import { datagramPcap } from './datagram-pcap.fixture.ts';
import { anyFlow } from './flows.fixture.ts';
import { IpfixWriter, type IpfixWriterOptions } from './ipfix-writer.ts';
import { Nfcapd, type NfdumpRecord } from './nfcapd.fixture.ts';

const has = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const now = 1_790_000_000_000;

function written(flows: readonly Flow[], options: Partial<IpfixWriterOptions> = {}): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const writer = new IpfixWriter({ domain: 7, ...options }, (message) => messages.push(message));
  for (const flow of flows) writer.add(flow, now);
  writer.flush(now);
  return messages;
}

/** A flow as others print it, one direction or both. */
interface Row {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
  readonly start: number;
  readonly end: number;
  readonly counts: readonly number[];
  readonly flags?: readonly number[];
  readonly icmp?: number;
  readonly vlans: readonly number[];
  readonly interfaces?: readonly [number, number];
  readonly reason?: number;
  readonly translated?: readonly [string, number, string, number];
}

const reasons = ['', 'idle', 'active', 'end', 'forced', 'no-room'];

function rowOf(flow: Flow): Row {
  const { source, destination, sent, received, observation, icmp } = flow;
  const counts = [sent, received].flatMap((traffic) => (traffic ? [traffic.packets, traffic.bytes] : []));
  const translated = flow.translated?.source;
  return {
    protocol: flow.protocol,
    source: formatAddress(source.address),
    destination: formatAddress(destination.address),
    ports: [source.port, destination.port],
    start: flow.openedAt,
    end: flow.lastAt!,
    counts,
    flags: [sent, received].flatMap((traffic) => (traffic ? [traffic.tcpFlags ?? 0] : [])),
    ...(icmp && { icmp: icmp.type * 256 + icmp.code }),
    vlans: flow.vlans ?? [],
    ...(observation && { interfaces: [Number(observation.input), Number(observation.output)] as const }),
    reason: reasons.indexOf(flow.endReason!),
    ...(translated && {
      translated: [
        formatAddress(translated.address),
        translated.port,
        formatAddress(destination.address),
        destination.port,
      ] as const,
    }),
  };
}

/** Both directions as two rows. */
function oneWay(flow: Flow): Row[] {
  const { received, ...forth } = flow;
  const { source, destination } = flow;
  if (received === undefined) return [rowOf(forth)];
  const answers: Readonly<Record<number, number>> = { 8: 0, 13: 14, 128: 129 };
  const { translated, observation, icmp, ...rest } = forth;
  const back: Flow = {
    ...rest,
    source: destination,
    destination: translated?.source ?? source,
    sent: received,
    ...(icmp && { icmp: { ...icmp, type: answers[icmp.type] ?? icmp.type } }),
    ...(observation && {
      observation: { ...observation, input: observation.output!, output: observation.input! },
    }),
  };
  const row = rowOf(back);
  if (!translated) return [rowOf(forth), row];
  const untranslated = [
    formatAddress(destination.address),
    destination.port,
    formatAddress(source.address),
    source.port,
  ] as const;
  return [rowOf(forth), { ...row, translated: untranslated }];
}

/** What tshark's dissector reads of messages to the port of IPFIX. */
function tshark(messages: readonly Uint8Array[]): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'picket-ipfix-'));
  try {
    const file = join(folder, 'ipfix.pcap');
    writeFileSync(
      file,
      datagramPcap(messages.map((payload) => ({ payload, destinationPort: 4739, time: now }))),
    );
    const { stdout, stderr } = spawnSync(
      'tshark',
      ['-r', file, '-d', 'udp.port==4739,cflow', '-T', 'json', '--no-duplicate-keys'],
      { encoding: 'utf8', maxBuffer: 2 ** 28, env: { ...process.env, TZ: 'UTC' } },
    );
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { _source: { layers: { cflow: object } } }[]).flatMap((packet) =>
      Object.values(packet._source.layers.cflow).flatMap((set) =>
        Object.entries(set as object).flatMap(([name, flow]) =>
          name.startsWith('Flow ') ? [tsharkRow(flow)] : [],
        ),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tsharkRow(flow: Readonly<Record<string, unknown>>): Row {
  const all = (name: string): string[] => [flow[`cflow.${name}`] ?? []].flat() as string[];
  const one = (...names: string[]): string => names.flatMap(all)[0]!;
  const times = flow['cflow.timedelta_tree'] as Record<string, string>;
  const ms = (name: string): number => Date.parse(times[`cflow.${name}`]!.replace(/(\.\d{3})\d*/, '$1'));
  const packets = all('packets').map(Number);
  const bytes = all('octets').map(Number);
  const icmp6 = all('icmp_ipv6_type').map((type) => Number(type) * 256 + Number(one('icmp_ipv6_code')));
  const icmp = [...all('icmp_type_code_ipv4'), ...icmp6][0];
  const translated = [...all('post_natsource_ipv4_address'), ...all('post_nat_source_ipv6_address')];
  return {
    protocol: Number(one('protocol')),
    source: one('srcaddr', 'srcaddrv6'),
    destination: one('dstaddr', 'dstaddrv6'),
    ports: [Number(all('srcport')[0] ?? 0), Number(all('dstport')[0] ?? 0)],
    start: ms('abstimestart'),
    end: ms('abstimeend'),
    counts: packets.flatMap((count, at) => [count, bytes[at]!]),
    flags: all('tcpflags').map(Number),
    ...(icmp !== undefined && { icmp: Number(icmp) }),
    vlans: [...all('vlanid'), ...all('dot1q_customer_vlan_id')].map(Number),
    ...(all('inputint').length > 0 && {
      interfaces: [Number(one('inputint')), Number(one('outputint'))] as const,
    }),
    reason: Number(one('flow_end_reason')),
    ...(translated.length > 0 && {
      translated: [
        translated[0]!,
        Number(one('post_naptsource_transport_port')),
        one('post_natdestination_ipv4_address', 'post_nat_destination_ipv6_address'),
        Number(one('post_naptdestination_transport_port')),
      ] as const,
    }),
  };
}

const flows = fc.sample(anyFlow, { numRuns: 400, seed: 1 });

test.skipIf(!has('tshark'))('tshark reads both directions of a record, field by field', () => {
  expect(tshark(written(flows, { biflow: true }))).toEqual(flows.map(rowOf));
});

test.skipIf(!has('tshark'))('tshark reads one record for each direction', () => {
  expect(tshark(written(flows))).toEqual(flows.flatMap(oneWay));
});

async function nfdump(messages: readonly Uint8Array[]): Promise<readonly NfdumpRecord[]> {
  const nfcapd = await Nfcapd.start();
  const socket = createSocket('udp4');
  for (const message of messages) {
    await new Promise((resolve) => socket.send(message, nfcapd.port, '127.0.0.1', resolve));
    await sleep(1);
  }
  await sleep(300);
  socket.close();
  const records = await nfcapd.stop();
  expect(nfcapd.log).toContain('Sequence Errors: 0, Bad Packets: 0');
  return records;
}

const letters = '.UAPRSF';

/**
 * nfdump 1.7.1 has no inner VLAN and no IPv6 addresses of NAT in IPFIX; it puts the reverse flags in the place of the others, and
 * prints the low eight only.
 */
function nfdumpRow(record: NfdumpRecord): Omit<Row, 'flags' | 'reason' | 'interfaces'> {
  const xlt = record.src4_xlt_ip ?? record.src6_xlt_ip;
  return {
    protocol: record.proto,
    source: (record.src4_addr ?? record.src6_addr)!,
    destination: (record.dst4_addr ?? record.dst6_addr)!,
    ports: [record.src_port ?? 0, record.dst_port ?? 0],
    start: Date.parse(`${record.first}Z`),
    end: Date.parse(`${record.last}Z`),
    counts: [record.in_packets, record.in_bytes, record.out_packets ?? [], record.out_bytes ?? []].flat(),
    ...(record.icmp_type !== undefined && { icmp: record.icmp_type * 256 + record.icmp_code! }),
    vlans: record.src_vlan ? [record.src_vlan as number] : [],
    ...(xlt !== undefined && {
      translated: [
        xlt as string,
        Number(record.src_xlt_port),
        (record.dst4_xlt_ip ?? record.dst6_xlt_ip) as string,
        Number(record.dst_xlt_port),
      ] as const,
    }),
  };
}

test.skipIf(!has('nfcapd') || !has('nfdump'))('nfcapd takes what is written, both ways', async () => {
  for (const biflow of [true, false]) {
    const rows = flows.flatMap((flow) => (biflow ? [rowOf(flow)] : oneWay(flow)));
    const expected = rows.map(({ flags: _, reason: __, interfaces: ___, translated, ...row }) => ({
      ...row,
      vlans: row.vlans.slice(0, 1),
      ...(translated && !row.source.includes(':') && { translated }),
    }));
    const records = await nfdump(written(flows, { biflow }));
    expect(records.map(nfdumpRow)).toEqual(expected);
    if (biflow) continue;
    const flags = rows.map((row) => flagLetters(row.flags![0]!));
    expect(records.map((record) => record.tcp_flags ?? '........')).toEqual(flags);
  }
});

function flagLetters(flags: number): string {
  const low = [...letters.slice(1)].map((letter, at) => ((flags >> (5 - at)) & 1 ? letter : '.')).join('');
  return `${flags & 0x80 ? 'C' : '.'}${flags & 0x40 ? 'E' : '.'}${low}`;
}

const plain: Flow = {
  id: '1',
  protocol: 6,
  source: { address: ipv4(0xc6336401), port: 1 },
  destination: { address: ipv4(0xc6336402), port: 2 },
  state: 'closed',
  seenBy: 'network',
  openedAt: 1,
  reachedDestination: false,
  preexisting: false,
};
const view = (message: Uint8Array): DataView => new DataView(message.buffer, message.byteOffset);
/** Set ids of a message, in order. */
function sets(message: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 16; at < message.length; at += view(message).getUint16(at + 2))
    ids.push(view(message).getUint16(at));
  return ids;
}

test('messages fit, say their length and count data records only', () => {
  let expected = 0;
  const seen: number[] = [];
  const writer = new IpfixWriter({ domain: 9, maxMessage: 512 }, (message, records) => {
    expect(message.length).toBeLessThanOrEqual(512);
    expect(view(message).getUint16(2)).toBe(message.length);
    expect(view(message).getUint32(4)).toBe(now / 1000);
    expect(view(message).getUint32(8)).toBe(expected);
    expect(view(message).getUint32(12)).toBe(9);
    expected += records;
    seen.push(records);
  });
  for (const flow of flows) writer.add(flow, now);
  writer.flush(now);
  writer.flush(now);
  expect(expected).toBe(writer.counters.records);
  expect(seen.length).toBe(writer.counters.messages);
});

test('templates come again after so many messages or seconds, and never when not asked for', () => {
  const told = (templatesEvery: { messages?: number; seconds?: number }, times: readonly number[]) => {
    const messages: Uint8Array[] = [];
    const writer = new IpfixWriter({ domain: 1, templatesEvery }, (message) => messages.push(message));
    for (const time of times) {
      writer.add(plain, time);
      writer.flush(time);
    }
    return messages.map((message) => sets(message).filter((id) => id === 2).length);
  };
  expect(told({ messages: 3, seconds: 0 }, [0, 1, 2, 3, 4, 5, 6])).toEqual([1, 0, 0, 1, 0, 0, 1]);
  expect(told({ messages: 0, seconds: 2 }, [0, 1000, 1999, 2000, 3000, 4500])).toEqual([1, 0, 0, 1, 0, 1]);
  expect(told({ messages: 0, seconds: 0 }, [0, 1e6, 1e9])).toEqual([1, 0, 0]);
  // As many as there are kinds of flows, at every message: they take several messages, and records still go out.
  const messages = written(flows, { maxMessage: 512, templatesEvery: { messages: 1 } });
  const last = messages.at(-1)!;
  expect(sets(last).some((id) => id >= 256)).toBe(true);
});

test('a new session tells its templates again and counts from 0', () => {
  const messages: Uint8Array[] = [];
  const writer = new IpfixWriter({ domain: 1, templatesEvery: { messages: 0, seconds: 0 } }, (m) =>
    messages.push(m),
  );
  writer.add(plain, now);
  writer.flush(now);
  writer.add(plain, now);
  writer.newSession();
  writer.add(plain, now);
  writer.flush(now);
  expect(messages.map((message) => view(message).getUint32(8))).toEqual([0, 0]);
  expect(messages.map(sets)).toEqual([
    [2, 256],
    [2, 256],
  ]);
});

test('what was not counted is not told as 0, and what cannot be told is refused and counted', () => {
  const messages: Uint8Array[] = [];
  const writer = new IpfixWriter({ domain: 1 }, (message) => messages.push(message));
  writer.add(plain, now);
  writer.add({ ...plain, destination: { address: ipv6(1, 2, 3, 4), port: 1 } }, now);
  writer.add({ ...plain, translated: { destination: { address: ipv6(1, 2, 3, 4), port: 1 } } }, now);
  writer.flush(now);
  expect(writer.counters).toEqual({ flows: 1, records: 1, messages: 1, templates: 1, refused: 2 });
  // Ends, ports, protocol, reason, two times.
  expect(view(messages[0]!).getUint16(22)).toBe(8);
  expect(() => new IpfixWriter({ domain: 1, maxMessage: 100 }, () => undefined)).toThrow(RangeError);
});
