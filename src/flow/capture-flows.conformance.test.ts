import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { formatAddress } from '../net/address.ts';
import { protocolName } from '../net/protocol.ts';
import { CaptureFlows } from './capture-flows.ts';
import type { End, Flow } from './flow.ts';

/**
 * Flows of stored captures against those of nDPI (its results are stored beside the captures), and against the conversations and
 * Community IDs that tshark finds in them. What differs stands here, capture by capture, with the reason.
 */
const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const folder = join(shared, 'data/flow/packet');
const captures = existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.out')) : [];
const run = promisify(execFile);
const hasTshark = await run('tshark', ['-v']).then(
  () => true,
  () => false,
);
const missing = captures.length === 0 ? `needs ${folder}` : undefined;
const skip = missing ?? (hasTshark ? undefined : 'needs tshark');

/** All flows of a capture, none of them split by time. */
function flowsOf(name: string): Flow[] {
  const flows: Flow[] = [];
  const never = Number.POSITIVE_INFINITY;
  const times = {
    idleMs: never,
    tcpIdleMs: never,
    singleIdleMs: never,
    lingerMs: never,
    activeMs: 0,
    lateMs: never,
  };
  const capture = new CaptureFlows(
    { ...times, maxFlows: 4096, bytes: 'frame' },
    { ended: (table, slot) => flows.push(table.flow(slot)) },
  );
  const bytes = readFileSync(join(folder, name));
  for (let at = 0; at < bytes.length; at += 4096) capture.push(bytes.subarray(at, at + 4096));
  capture.end();
  const { reader, decoder } = capture;
  const stats = capture.flows.stats();
  const dropped = decoder.counts.subarray(1).reduce((sum, count) => sum + count, 0);
  expect(reader.counters.frames).toBe(stats.packets + dropped);
  expect(stats).toMatchObject({ active: 0, ignored: 0, opened: flows.length });
  expect(flows.reduce((sum, { sent, received }) => sum + sent!.packets + received!.packets, 0)).toBe(
    stats.packets,
  );
  return flows;
}

const textOf = ({ address }: End) => formatAddress(address);

/** A flow as both sides write it: its ends in their order, each with the packets and bytes that it sent. */
const line = (protocol: string, ends: readonly string[]) => `${protocol} ${[...ends].sort().join(' | ')}`;

/** nDPI's names of protocols, and its way of leaving out zeros in IPv6 addresses. */
const protocolNames: Readonly<Record<string, string>> = { 'ipv6-icmp': 'ICMPV6' };
const ndpiAddress = (end: End) =>
  end.address.family === 4 ? textOf(end) : `[${textOf(end).replaceAll(':0:', '::')}]`;

function ndpiFlows(name: string): string[] {
  const pattern =
    /^\t\d+\t(\S+) (\S+) (?:<->|->) (\S+) .*?\[(\d+) pkts\/(\d+) bytes (?:<->|->) (\d+) pkts\/(\d+) bytes\]/;
  return readFileSync(join(folder, `${name}.out`), 'utf8')
    .split('\n')
    .flatMap((text) => {
      const [, protocol, from, to, sent, sentBytes, received, receivedBytes] = pattern.exec(text) ?? [];
      return protocol === undefined
        ? []
        : [line(protocol, [`${from} ${sent}/${sentBytes}`, `${to} ${received}/${receivedBytes}`])];
    });
}

/** nDPI knows no ports of ICMP: all messages between two ends are one flow. */
function asNdpi(flows: readonly Flow[]): string[] {
  const counts = new Map<string, Map<string, [number, number]>>();
  for (const { id, protocol, source, destination, sent, received } of flows) {
    const isIcmp = protocol === 1 || protocol === 58;
    const [from, to] = [source, destination].map((end) => `${ndpiAddress(end)}:${isIcmp ? 0 : end.port}`) as [
      string,
      string,
    ];
    const name = protocolNames[protocolName(protocol)] ?? protocolName(protocol).toUpperCase();
    const key = isIcmp ? line(name, [from, to]) : id;
    const ends = counts.get(key) ?? new Map([['protocol', [protocol, 0]]]);
    counts.set(key, ends);
    for (const [end, traffic] of [[from, sent!] as const, [to, received!] as const]) {
      const count = ends.get(end) ?? [0, 0];
      ends.set(end, [count[0] + traffic.packets, count[1] + traffic.bytes]);
    }
  }
  return [...counts.values()].map((ends) => {
    const [[, [protocol]], ...rest] = [...ends] as [
      [string, [number, number]],
      ...[string, [number, number]][],
    ];
    return line(
      protocolNames[protocolName(protocol)] ?? protocolName(protocol).toUpperCase(),
      rest.map(([end, [packets, bytes]]) => `${end} ${packets}/${bytes}`),
    );
  });
}

interface Deviation {
  readonly why: string;
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

const ndpiDeviations: Readonly<Record<string, Deviation>> = {
  'ah.pcapng': {
    why: 'an authentication header is a flow of its own for nDPI; here it is what it protects',
    theirs: ['AH 10.2.3.2:0 1/138 | 10.3.4.4:0 1/138'],
    ours: ['ICMP 10.2.3.2:0 1/138 | 10.3.4.4:0 1/138'],
  },
  'ajp.pcap': {
    why: 'nDPI does not open FabricPath: 12 frames',
    theirs: ['TCP 172.29.9.146:38856 7/1554 | 172.29.9.147:8009 6/669'],
    ours: ['TCP 172.29.9.146:38856 11/3566 | 172.29.9.147:8009 14/1383'],
  },
  'capwap.pcap': {
    why: 'nDPI drops what is no IP within CAPWAP (ARP, WLCCP: 5 frames); here those are packets of the tunnel',
    theirs: ['UDP 192.168.10.10:12380 156/29830 | 192.168.10.9:5247 1/168'],
    ours: ['UDP 192.168.10.10:12380 159/30463 | 192.168.10.9:5247 3/437'],
  },
  'fuzz-2021-06-07-c6c72a0a56.pcap': {
    why: 'the one frame says that it was 4,093,509,168 bytes on the wire: nDPI passes it over',
    theirs: [],
    ours: ['UDP 0.6.255.0:53975 0/0 | 102.110.128.32:2152 1/4093509168'],
  },
  'ip_fragmented_garbage.pcap': {
    why: 'nDPI counts first fragments only, and these without their ports; here later ones belong to their first',
    theirs: ['TCP 10.0.0.2:0 4/216 | 10.128.0.2:0 0/0'],
    ours: [
      'TCP 10.0.0.2:24102 313/15646 | 10.128.0.2:10792 0/0',
      'TCP 10.0.0.2:18730 313/15646 | 10.128.0.2:20304 0/0',
      'TCP 10.0.0.2:9253 313/15646 | 10.128.0.2:24102 0/0',
      'TCP 10.0.0.2:16417 313/15646 | 10.128.0.2:16419 0/0',
    ],
  },
};

/** What one side has and the other has not, each as often as it does. */
function difference(theirs: readonly string[], ours: readonly string[]) {
  const rest = [...ours];
  const missed = theirs.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return { theirs: missed.sort(), ours: rest.sort() };
}

test.skipIf(missing !== undefined)(
  `flows, packets and bytes each way are those of nDPI${missing ? `: ${missing}` : ''}`,
  () => {
    let [flows, packets] = [0, 0];
    const found: Record<string, { theirs: string[]; ours: string[] }> = {};
    for (const name of captures) {
      const all = flowsOf(name);
      flows += all.length;
      packets += all.reduce((sum, { sent, received }) => sum + sent!.packets + received!.packets, 0);
      const differing = difference(ndpiFlows(name), asNdpi(all));
      if (differing.theirs.length + differing.ours.length > 0) found[name] = differing;
    }
    const expected = Object.entries(ndpiDeviations).map(([name, { theirs, ours }]) => [
      name,
      { theirs: [...theirs].sort(), ours: [...ours].sort() },
    ]);
    expect(found).toEqual(Object.fromEntries(expected));
    const differing = Object.keys(ndpiDeviations).length;
    console.log(
      `${captures.length} captures, ${packets} packets, ${flows} flows: all as nDPI has them but in ${differing} captures`,
    );
  },
);

/** Names that nDPI reads from other protocols than TLS and HTTP. */
const otherNames = ['emotet.pcap', 'fastcgi.pcap', 'smtp-starttls.pcap', 'stun.pcap', 'stun_dtls_rtp.pcapng'];

test.skipIf(missing !== undefined)(
  `names of TLS and HTTP are those that nDPI finds${missing ? `: ${missing}` : ''}`,
  () => {
    let same = 0;
    const differing: string[] = [];
    for (const name of captures) {
      const flows = flowsOf(name).filter(({ protocol }) => protocol === 6);
      for (const text of readFileSync(join(folder, `${name}.out`), 'utf8').split('\n')) {
        const [, from, to] = /^\t\d+\tTCP (\S+) (?:<->|->) (\S+) /.exec(text) ?? [];
        const theirs = /\[Hostname\/SNI: ([^\]]*)\]/.exec(text)?.[1]?.toLowerCase();
        if (from === undefined || theirs === undefined) continue;
        const ours = flows.filter(({ source, destination }) =>
          [source, destination].every((end) => [from, to].includes(`${ndpiAddress(end)}:${end.port}`)),
        );
        if (ours.some(({ names }) => (names?.tls ?? names?.http) === theirs)) same++;
        else differing.push(name);
      }
    }
    expect(differing).toEqual(otherNames);
    console.log(`${same} names of TLS and HTTP as nDPI has them, ${differing.length} of other protocols`);
  },
);

const tsharkDeviations: Readonly<Record<string, { why: string; packets: readonly string[] }>> = {
  'ajp.pcap': {
    why: 'tshark leaves 8 of the 12 frames in FabricPath out of its table',
    packets: [
      'tcp 172.29.9.146:38856 > 172.29.9.147:8009: 11, tshark 9',
      'tcp 172.29.9.147:8009 > 172.29.9.146:38856: 14, tshark 8',
    ],
  },
  'fuzz-2021-06-07-c6c72a0a56.pcap': {
    why: 'tshark does not read a header of UDP in the one frame, the ports of which are there',
    packets: ['udp 102.110.128.32:2152 > 0.6.255.0:53975: 1, tshark 0'],
  },
  'ip_fragmented_garbage.pcap': {
    why: 'tshark puts fragments together and counts the last one of each packet',
    packets: [
      'tcp 10.0.0.2:16417 > 10.128.0.2:16419: 313, tshark 0',
      'tcp 10.0.0.2:18730 > 10.128.0.2:20304: 313, tshark 1',
      'tcp 10.0.0.2:24102 > 10.128.0.2:10792: 313, tshark 0',
      'tcp 10.0.0.2:9253 > 10.128.0.2:24102: 313, tshark 1',
    ],
  },
  'kerberos_fuzz.pcapng': {
    why: 'the header of TCP says that it is shorter than it can be: tshark does not count it',
    packets: ['tcp 126.4.1.0:88 > 19.0.0.0:53646: 1, tshark 0'],
  },
};

/** Ports of tunnels: tshark counts what they carry and the tunnel itself, which is no conversation here. */
const tunnelPorts = ['2152', '4789', '5247'];

/** Runs a task for all captures, two at a time. */
async function forAll(task: (name: string) => Promise<void>): Promise<void> {
  const left = [...captures];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await task(name);
  };
  await Promise.all([worker(), worker()]);
}

test.skipIf(skip !== undefined)(
  `conversations of TCP and UDP are those of tshark, and so are Community IDs${skip ? `: ${skip}` : ''}`,
  async () => {
    let [conversations, ids] = [0, 0];
    const packets: Record<string, readonly string[]> = {};
    const otherIds: Record<string, unknown> = {};
    await forAll(async (name) => {
      const flows = flowsOf(name);
      const { stdout } = await run(
        'tshark',
        [
          ...['-n', '-r', join(folder, name), '-z', 'conv,tcp', '-z', 'conv,udp'],
          ...['--enable-protocol', 'communityid', '-T', 'fields', '-e', 'communityid'],
        ],
        { maxBuffer: 1 << 26 },
      );
      const ways = new Map<string, [ours: number, theirs: number]>();
      const count = (way: string, side: 0 | 1, more: number) => {
        const counts = ways.get(way) ?? [0, 0];
        counts[side] += more;
        ways.set(way, counts);
      };
      for (const { protocol, source, destination, sent, received } of flows) {
        if (protocol !== 6 && protocol !== 17) continue;
        const [from, to] = [source, destination].map((end) => `${textOf(end)}:${end.port}`);
        count(`${protocolName(protocol)} ${from} > ${to}`, 0, sent!.packets);
        count(`${protocolName(protocol)} ${to} > ${from}`, 0, received!.packets);
      }
      const theirIds = new Set<string>();
      let protocol = '';
      for (const text of stdout.split('\n')) {
        if (text.startsWith('1:')) theirIds.add(text.trim());
        else if (text.startsWith('TCP') || text.startsWith('UDP')) protocol = text.slice(0, 3).toLowerCase();
        const [, from, to, back, there] =
          /^(\S+)\s+<->\s+(\S+)\s+(\d+) \d+\s*\w+\s+(\d+) \d+/.exec(text) ?? [];
        if (from === undefined) continue;
        conversations++;
        count(`${protocol} ${from} > ${to}`, 1, Number(there));
        count(`${protocol} ${to} > ${from}`, 1, Number(back));
      }
      const differing = [...ways]
        .filter(([way, [ours, theirs]]) => {
          const isTunnel = tunnelPorts.some((port) => way.includes(`:${port} `) || way.endsWith(`:${port}`));
          return ours !== theirs && !(isTunnel && theirs > ours);
        })
        .map(([way, [ours, theirs]]) => `${way}: ${ours}, tshark ${theirs}`);
      if (differing.length > 0) packets[name] = differing.sort();

      ids += theirIds.size;
      const ourIds = new Set(flows.map(({ communityId }) => communityId!));
      const missed = [...theirIds].filter((id) => !ourIds.has(id)).length;
      const added = [...ourIds].filter((id) => !theirIds.has(id)).length;
      if (missed + added > 0) otherIds[name] = [added, missed];
    });
    expect(packets).toEqual(
      Object.fromEntries(Object.entries(tsharkDeviations).map(([name, one]) => [name, one.packets])),
    );
    // tshark gives IGMP within CAPWAP the ports of the tunnel and one frame of 802.11 in it no ends of IP; and it has an id of a packet
    // that it put together of fragments.
    expect(otherIds).toEqual({ 'capwap.pcap': [1, 2], 'ip_fragmented_garbage.pcap': [0, 1] });
    console.log(`${conversations} conversations and ${ids} Community IDs of tshark`);
  },
  240_000,
);
