import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { type Datagram, datagramsOf } from './captured-datagrams.fixture.ts';
import { datagramPcap } from './datagram-pcap.fixture.ts';
import { type Copy, copyOf } from './decoded.fixture.ts';
import { DetectingDecoder } from './detect.ts';
import { IpfixDecoder } from './ipfix.ts';
import { expectLikeTshark, Rules } from './like-tshark.fixture.ts';
import { NetflowV5Decoder } from './netflow-v5.ts';
import { NetflowV9Decoder } from './netflow-v9.ts';
import { Nfcapd, type NfdumpRecord } from './nfcapd.fixture.ts';
import { tsharkFlows } from './tshark-flows.fixture.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = `${shared}/data/flow/export`;
const has = (tool: string) => {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const noData = existsSync(folder) ? undefined : `needs ${folder}`;
const noTshark = has('tshark') && has('mergecap') ? undefined : 'needs tshark';
const noNfdump = has('nfcapd') && has('nfdump') ? undefined : 'needs nfdump';

interface Case {
  readonly name: string;
  readonly files: readonly string[];
  readonly port: number;
  readonly records: number;
}

const akvorado = (name: string, port: number, records: number, ...parts: readonly string[]): Case => ({
  name,
  port,
  records,
  files: (parts.length === 0 ? [''] : parts).map((part) => `${folder}/akvorado-netflow-${name}${part}.pcap`),
});
const pmacct = (suite: string, part: string, records: number): Case => ({
  name: `${suite.slice(0, 3)} ${part}`,
  port: 9991,
  records,
  files: [`${folder}/pmacct/${suite}/traffic-${part}.pcap`],
});
const multiple = '110-IPFIXv10-NFv9-multiple-sources';
const mixed = '111-IPFIXv10-NFv9-IPv6-IPv4-mix_sources';
const reassigned = '112-IPFIXv10-CISCO-options-map-reassignment';

const cases: readonly Case[] = [
  akvorado('nfv5', 9990, 29),
  akvorado('icmp', 2100, 4, '-template', '-data'),
  akvorado('mpls', 2055, 2),
  akvorado('nat', 2055, 9),
  akvorado('multiplesamplingrates', 2055, 12, '-options-template', '-options-data', '-template', '-data'),
  akvorado('datalink', 2055, 1, '-template', '-data'),
  // Its template is in no capture.
  akvorado('data', 2055, 0),
  pmacct(multiple, '00', 12),
  pmacct(multiple, '01', 51),
  pmacct(multiple, '02', 35),
  pmacct(mixed, '00', 11),
  pmacct(mixed, '01', 13),
  pmacct(reassigned, '00', 9),
];

/** Decodes datagrams with fresh decoders. */
function ours(datagrams: readonly Datagram[]): Copy[] {
  const options = { packets: new PacketDecoder() };
  const decoder = new DetectingDecoder({
    'netflow-v5': new NetflowV5Decoder(),
    'netflow-v9': new NetflowV9Decoder(options),
    ipfix: new IpfixDecoder(options),
  });
  const records: Copy[] = [];
  for (const { bytes, source, time, sourcePort } of datagrams)
    decoder.decode(bytes, source, time, (record) => records.push(copyOf(record)), sourcePort);
  return records;
}

const datagramsIn = ({ files }: Case) => files.flatMap(datagramsOf);

test.skipIf(noData ?? noTshark)(`the records that tshark reads ${noData ?? noTshark ?? ''}`, () => {
  const rules = new Rules();
  const records: Copy[] = [];
  const files: string[] = [];
  const temporary = mkdtempSync(join(tmpdir(), 'picket-exports-'));
  try {
    for (const one of cases) {
      const datagrams = datagramsIn(one);
      const decoded = ours(datagrams);
      expect(decoded, one.name).toHaveLength(one.records);
      if (rules.when(one.name === 'datalink', 'tshark leaves sampled frames as they are')) continue;
      records.push(...decoded);
      if (rules.when(one.name === '112 00', 'tshark knows a template on the port only where it came from')) {
        const onePort = datagrams.map(({ bytes, destinationPort }) => ({ payload: bytes, destinationPort }));
        writeFileSync(join(temporary, 'one-port.pcap'), datagramPcap(onePort));
        files.push(join(temporary, 'one-port.pcap'));
      } else files.push(...one.files);
    }
    const { flows, setsWithoutTemplate } = tsharkFlows(files, [...new Set(cases.map(({ port }) => port))]);
    expectLikeTshark(records, flows, rules);
    // One in the capture without a template, and four of another process of the router.
    expect(setsWithoutTemplate).toBe(5);
  } finally {
    rmSync(temporary, { recursive: true });
  }
  expect(rules.counts).toEqual({
    'a direction other than in and out is unknown': 12,
    'tshark has no times since the epoch': 22,
    'tshark knows a template on the port only where it came from': 1,
    'tshark leaves sampled frames as they are': 1,
  });
});

/** Replays datagrams to nfcapd and returns what nfdump reads. */
async function nfdump(datagrams: readonly Datagram[]): Promise<readonly NfdumpRecord[]> {
  const nfcapd = await Nfcapd.start();
  const socket = createSocket('udp4');
  try {
    for (const { bytes } of datagrams) {
      await new Promise<void>((resolve) => socket.send(bytes, nfcapd.port, '127.0.0.1', () => resolve()));
      await sleep(2);
    }
    await sleep(200);
  } finally {
    socket.close();
  }
  return nfcapd.stop();
}

const flagLetters = 'CEUAPRSF';

function likeNfdump(record: Copy) {
  return {
    source: record.source,
    destination: record.destination,
    protocol: record.protocol,
    sourcePort: record.sourcePort,
    destinationPort: record.destinationPort,
    packets: record.packets,
    bytes: record.bytes,
    flags:
      record.protocol === 6 ? [...flagLetters].filter((_, i) => record.tcpFlags & (128 >> i)).join('') : '',
    input: record.input,
    output: record.output,
    start: Math.floor(record.start),
    end: Math.floor(record.end),
  };
}

function fromNfdump(record: NfdumpRecord, rules: Rules) {
  const time = (text: unknown) => Date.parse(`${text}Z`);
  const six = (text: unknown) => text !== undefined && !String(text).startsWith('::');
  const isEvent = rules.when(record.type === 'EVENT', 'nfdump has a time of its own for events');
  const first = time(isEvent ? record.t_event : record.first);
  const last = time(isEvent ? record.t_event : record.last);
  const isIcmp = record.proto === 1 || record.proto === 58;
  rules.when(isIcmp && record.icmp_type === 0, 'nfdump does not look for an ICMP type in the port');
  const reversed = rules.when(last < first, 'nfdump has first and last the wrong way round');
  return {
    source: six(record.src6_addr) ? record.src6_addr : record.src4_addr,
    destination: six(record.dst6_addr) ? record.dst6_addr : record.dst4_addr,
    protocol: record.proto,
    sourcePort: record.src_port ?? 0,
    destinationPort: record.dst_port ?? 0,
    packets: record.in_packets,
    bytes: record.in_bytes,
    flags: record.proto === 6 ? (record.tcp_flags ?? '').replaceAll('.', '') : '',
    input: record.input_snmp ?? 0,
    output: record.output_snmp ?? 0,
    start: reversed ? last : first,
    end: reversed ? first : last,
  };
}

test.skipIf(noData ?? noNfdump)(
  `the records that nfdump stores ${noData ?? noNfdump ?? ''}`,
  async () => {
    const rules = new Rules();
    for (const one of cases) {
      const datagrams = datagramsIn(one);
      const theirs = (await nfdump(datagrams)).map((record) => fromNfdump(record, rules));
      const mine = ours(datagrams);
      if (rules.when(one.name === 'datalink', 'nfdump leaves sampled frames as they are')) continue;
      expect(theirs, one.name).toHaveLength(mine.length);
      const left = new Map<string, number>();
      for (const record of theirs) {
        const key = JSON.stringify(record);
        left.set(key, (left.get(key) ?? 0) + 1);
      }
      const take = (key: string) => {
        const count = left.get(key) ?? 0;
        if (count > 0) left.set(key, count - 1);
        return count > 0;
      };
      const unlike = mine.filter((record) => {
        const like = likeNfdump(record);
        const raw = { ...like, packets: record.rawPackets, bytes: record.rawBytes };
        if (take(JSON.stringify(like))) return false;
        const isRaw = record.samplingRate !== 1 && take(JSON.stringify(raw));
        if (rules.when(isRaw, 'nfdump does not multiply by the rate of this sampler')) return false;
        const untimed = { ...like, start: 0, end: 0 };
        const isUntimed = !record.told.includes('Start') && take(JSON.stringify(untimed));
        return !rules.when(isUntimed, 'nfdump has no times where they are since an unknown start');
      });
      const others = [...left].flatMap(([key, count]) => Array(count).fill(JSON.parse(key)));
      expect([one.name, unlike, others]).toEqual([one.name, [], []]);
    }
    expect(rules.counts).toEqual({
      'nfdump does not look for an ICMP type in the port': 4,
      'nfdump does not multiply by the rate of this sampler': 3,
      'nfdump has a time of its own for events': 9,
      'nfdump has first and last the wrong way round': 8,
      'nfdump has no times where they are since an unknown start': 13,
      'nfdump leaves sampled frames as they are': 1,
    });
  },
  120_000,
);

/** A line of what nfacctd wrote, as it was configured for these suites: records of one key summed up, counters not multiplied by rates. */
interface PmacctLine {
  readonly ip_src: string;
  readonly ip_dst: string;
  readonly port_src: number;
  readonly port_dst: number;
  readonly ip_proto: string;
  readonly tos: number;
  readonly iface_in: number;
  readonly iface_out: number;
  readonly iface_name_in?: string;
  readonly mpls_label_stack: readonly string[];
  readonly tcp_flags: readonly string[];
  readonly fwd_status: string;
  readonly packets: number;
  readonly bytes: number;
}

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const forwarding = ['UNKNOWN', 'FORWARDED', 'DROPPED', 'CONSUMED'];
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp' };

/** Sums up what has the same key: packets, bytes, flags. */
function summed(lines: readonly (readonly [key: string, packets: number, bytes: number, flags: number])[]) {
  const sums = new Map<string, [packets: number, bytes: number, flags: number]>();
  for (const [key, packets, bytes, flags] of lines) {
    const [p, b, f] = sums.get(key) ?? [0, 0, 0];
    sums.set(key, [p + packets, b + bytes, f | flags]);
  }
  return Object.fromEntries([...sums].toSorted(([x], [y]) => (x < y ? -1 : 1)));
}

test.skipIf(noData).each([
  [multiple, ['00', '01', '02'], false],
  [mixed, ['00', '01'], false],
  [reassigned, ['00'], true],
] as const)(`the records that nfacctd summed up: %s`, (suite, parts, hasNames) => {
  const files = parts.map((part) => `${folder}/pmacct/${suite}/traffic-${part}.pcap`);
  const mine = ours(files.flatMap(datagramsOf)).map((record) => {
    const key = [
      record.source,
      record.destination,
      record.sourcePort,
      record.destinationPort,
      protocols[record.protocol],
      record.tos,
      record.input,
      record.output,
      hasNames ? record.inputName : '',
      record.mplsLabel < 0 ? '' : `0-${record.mplsLabel}`,
      forwarding[record.forwardingStatus >> 6],
    ].join(' ');
    return [key, record.rawPackets, record.rawBytes, record.tcpFlags & 0xff] as const;
  });
  const text = readFileSync(`${folder}/pmacct/${suite}/output-flow-00.json`, 'utf8');
  const theirs = text
    .trim()
    .split('\n')
    .map((line) => {
      const one = JSON.parse(line) as PmacctLine;
      const key = [
        one.ip_src,
        one.ip_dst,
        one.port_src,
        one.port_dst,
        one.ip_proto,
        one.tos,
        one.iface_in,
        one.iface_out,
        hasNames ? one.iface_name_in : '',
        one.mpls_label_stack[0] ?? '',
        one.fwd_status.split(' ')[0],
      ].join(' ');
      const flags = one.tcp_flags.reduce((all, name) => all | (1 << flagNames.indexOf(name)), 0);
      return [key, one.packets, one.bytes, one.ip_proto === 'tcp' ? flags : 0] as const;
    });
  expect(summed(mine)).toEqual(summed(theirs));
});
