import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress, ipv4, ipv6 } from '../../net/address.ts';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { datagramPcap } from './datagram-pcap.fixture.ts';
import { addressOf } from './flow-of.ts';
import { type ExportRecord, Told } from './record.ts';
import {
  counterSample,
  datagram,
  flowSample,
  headerRecord,
  int,
  interfaceRecord,
  structure,
} from './sflow/datagram.fixture.ts';
import { SflowDecoder } from './sflow.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'data/flow/export');
const hasTshark = spawnSync('tshark', ['-v']).status === 0;

/** What is compared of a datagram with one flow sample, as texts. */
type Facts = Readonly<Record<string, string>>;

const fields = {
  agent: 'sflow_245.agent',
  agent6: 'sflow_245.agent.v6',
  subAgent: 'sflow_245.sub_agent_id',
  rate: 'sflow.flow_sample.sampling_rate',
  input: 'sflow.flow_sample.input_interface',
  inputValue: 'sflow.flow_sample.input_interface_value',
  output: 'sflow.flow_sample.output_interface',
  outputValue: 'sflow.flow_sample.output_interface_value',
  vlanIn: 'sflow_245.vlan.in',
  vlanOut: 'sflow_245.vlan.out',
  vlan: 'vlan.id',
  source: 'ip.src',
  destination: 'ip.dst',
  length: 'ip.len',
  protocol: 'ip.proto',
  source6: 'ipv6.src',
  destination6: 'ipv6.dst',
  length6: 'ipv6.plen',
  protocol6: 'ipv6.nxt',
  tcpSource: 'tcp.srcport',
  tcpDestination: 'tcp.dstport',
  flags: 'tcp.flags',
  udpSource: 'udp.srcport',
  udpDestination: 'udp.dstport',
} as const;

/** What tshark's dissectors say of each datagram in a capture; the first IPv4 and UDP layers are those that carry it. */
function tshark(file: string): Facts[] {
  const { stdout, stderr, status } = spawnSync(
    'tshark',
    [
      ...['-r', file, '-d', 'udp.port==6343,sflow', '-T', 'fields', '-E', 'occurrence=a'],
      ...Object.values(fields).flatMap((field) => ['-e', field]),
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const values = line.split('\t').map((value) => value.split(','));
      const all = (name: keyof typeof fields): readonly string[] =>
        (values[Object.keys(fields).indexOf(name)] ?? []).filter((value) => value !== '');
      const is6 = all('source6').length > 0;
      const inner = (name: keyof typeof fields): string => all(name).at(1) ?? '';
      const input = all('input')[0] ?? all('inputValue')[0];
      const output = Number(all('output')[0] ?? 0);
      return {
        agent: all('agent')[0] ?? all('agent6')[0] ?? '',
        domain: all('subAgent')[0]!,
        rate: all('rate')[0]!,
        input: input!,
        output: all('outputValue').at(-1) ?? String(output),
        vlans: (all('vlan').length > 0 ? all('vlan') : all('vlanIn')).join(' '),
        outputVlan: all('vlanOut')[0] ?? '0',
        source: is6 ? all('source6')[0]! : inner('source'),
        destination: is6 ? all('destination6')[0]! : inner('destination'),
        protocol: is6 ? all('protocol6')[0]! : inner('protocol'),
        bytes: String(is6 ? Number(all('length6')[0]) + 40 : Number(inner('length'))),
        ports: `${all('tcpSource')[0] ?? inner('udpSource')} ${all('tcpDestination')[0] ?? inner('udpDestination')}`,
        flags: String(Number(all('flags')[0] ?? 0)),
      };
    });
}

function factsOf(record: ExportRecord, outputValue: string): Facts {
  return {
    agent: record.exporter,
    domain: String(record.domain),
    rate: String(record.samplingRate),
    input: String(record.input),
    output: record.told(Told.Output) ? String(record.output) : outputValue,
    vlans: [...record.vlans.subarray(0, record.vlanCount)].join(' '),
    outputVlan: String(record.outputVlan),
    source: formatAddress(addressOf(record.family, record.source)),
    destination: formatAddress(addressOf(record.family, record.destination)),
    protocol: String(record.protocol),
    bytes: String(record.rawBytes),
    ports: `${record.sourcePort} ${record.destinationPort}`,
    flags: String(record.tcpFlags),
  };
}

/** Payload of the only datagram of a little-endian capture of Ethernet frames. */
function payloadOf(file: string): Uint8Array {
  const bytes = readFileSync(file);
  const length = bytes.readUInt32LE(24 + 8);
  return bytes.subarray(24 + 16 + 14 + 20 + 8, 24 + 16 + length);
}

function decode(bytes: Uint8Array, seen: (record: ExportRecord) => void): SflowDecoder {
  const decoder = new SflowDecoder(new PacketDecoder());
  decoder.decode(bytes, '192.0.2.1', 0, seen);
  return decoder;
}

test.skipIf(!hasTshark || !existsSync(folder)).for([
  ['akvorado-sflow-data-qinq.pcap', {}],
  ['akvorado-sflow-data-multiple-interfaces.pcap', { output: '7' }],
  ['akvorado-sflow-data-discard-interface.pcap', { output: '1', forwardingStatus: 131 }],
] as const)('%s: as tshark reads it', ([name, notTold]) => {
  const file = join(folder, name);
  const rows: Facts[] = [];
  const status: number[] = [];
  const decoder = decode(payloadOf(file), (record) => {
    rows.push(factsOf(record, 'output' in notTold ? notTold.output : ''));
    status.push(record.forwardingStatus);
  });
  // The interface of the discarding one is told with its two bits of format.
  const expected = tshark(file).map((facts) => ({
    ...facts,
    output: String(Number(facts.output) % 2 ** 30),
  }));
  expect(rows).toEqual(expected);
  expect(status).toEqual(['forwardingStatus' in notTold ? notTold.forwardingStatus : 0]);
  expect(Object.values(decoder.counters.drops).every((count) => count === 0)).toBe(true);
  expect(decoder.counters.samples).toBe(1);
});

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const byte = fc.nat({ max: 255 });
/** Index of an interface that is one. */
const index = (expanded: boolean): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: expanded ? 0x3ffffffe : 0xfffffe });

const frames = fc
  .record({
    is6: fc.boolean(),
    isTcp: fc.boolean(),
    ends: fc.array(byte, { minLength: 32, maxLength: 32 }),
    ports: fc.tuple(fc.integer({ min: 50_000, max: 60_000 }), fc.integer({ min: 50_000, max: 60_000 })),
    flags: fc.nat({ max: 511 }),
    payload: fc.integer({ min: 0, max: 1400 }),
    tags: fc.array(fc.integer({ min: 1, max: 4094 }), { maxLength: 2 }),
  })
  .map(({ is6, isTcp, ends, ports, flags, payload, tags }) => {
    const short = (value: number): number[] => [value >> 8, value & 255];
    const length = (isTcp ? 20 : 8) + payload;
    const transport = isTcp
      ? [
          ...ports.flatMap(short),
          ...new Array<number>(8).fill(7),
          0x50 | (flags >> 8),
          flags & 255,
          1,
          0,
          0,
          0,
          0,
          0,
        ]
      : [...ports.flatMap(short), ...short(length), 0, 0];
    const next = isTcp ? 6 : 17;
    const network = is6
      ? [0x60, 0, 0, 0, ...short(length), next, 64, ...ends]
      : [0x45, 0, ...short(20 + length), 0, 1, 0x40, 0, 64, next, 0, 0, ...ends.slice(0, 8)];
    const link = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tags.flatMap((tag) => [0x81, 0, ...short(tag)])];
    const header = [...link, ...short(is6 ? 0x86dd : 0x0800), ...network, ...transport];
    return { header: Uint8Array.from(header), frameLength: header.length + payload + 4 };
  });

const samples = fc.boolean().chain((expanded) =>
  fc.record({
    expanded: fc.constant(expanded),
    agent: fc.oneof(
      u32.map(ipv4),
      fc.tuple(u32, u32, u32, u32).map(([a, b, c, d]) => ipv6(a, b, c, d)),
    ),
    subAgent: u32,
    rate: fc.integer({ min: 1, max: 2 ** 20 }),
    pool: u32,
    drops: u32,
    input: index(expanded),
    output: index(expanded),
    frame: frames,
    inSwitch: fc.option(fc.tuple(fc.integer({ min: 1, max: 4094 }), fc.integer({ min: 1, max: 4094 })), {
      nil: undefined,
    }),
  }),
);

test.skipIf(!hasTshark)('generated flow samples, plain and expanded, are as tshark reads them', () => {
  const datagrams = fc.sample(samples, { numRuns: 300, seed: 7 }).map((sample) => {
    const { expanded, agent, subAgent, rate, pool, drops, input, output, frame, inSwitch } = sample;
    const header = headerRecord(frame.header, frame.frameLength);
    const beside = inSwitch ? [structure(1001, int(inSwitch[0], 0, inSwitch[1], 0))] : [];
    const records = [header, ...beside];
    const parts = { rate, pool, drops, input: [0, input], output: [0, output], records } as const;
    return datagram({ agent, subAgent, samples: [flowSample(parts, expanded)] });
  });
  const temporary = mkdtempSync(join(tmpdir(), 'picket-sflow-'));
  try {
    const file = join(temporary, 'sflow.pcap');
    writeFileSync(file, datagramPcap(datagrams.map((payload) => ({ payload, destinationPort: 6343 }))));
    const rows = datagrams.map((bytes) => {
      const records: Facts[] = [];
      decode(bytes, (record) => records.push(factsOf(record, '')));
      return records[0];
    });
    expect(rows).toEqual(tshark(file));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});

test.skipIf(!hasTshark)('interface counters, plain and expanded, are as tshark reads them', () => {
  const names = [
    'ifindex',
    'ifspeed',
    'ifinoct',
    'ifinpkt',
    'ifinerr',
    'ifinunk',
    'ifoutoct',
    'ifoutpkt',
    'ifouterr',
  ];
  const datagrams = [false, true].map((expanded) =>
    datagram({
      agent: ipv4(1),
      samples: [counterSample(1, [0, 5], [interfaceRecord(5, 2 ** 45 + 3, 1000)], expanded)],
    }),
  );
  const temporary = mkdtempSync(join(tmpdir(), 'picket-sflow-'));
  try {
    const file = join(temporary, 'sflow.pcap');
    writeFileSync(file, datagramPcap(datagrams.map((payload) => ({ payload, destinationPort: 6343 }))));
    const { stdout } = spawnSync(
      'tshark',
      ['-r', file, '-T', 'fields', ...names.flatMap((name) => ['-e', `sflow_245.${name}`])],
      { encoding: 'utf8' },
    );
    const read = datagrams.map((bytes) => {
      const [counters] = decode(bytes, () => undefined).interfaces();
      const { index: number, speed, input, output } = counters!;
      const { octets, unicast, errors, unknownProtocols } = input;
      return [
        ...[number, speed, octets, unicast, errors, unknownProtocols],
        ...[output.octets, output.unicast, output.errors],
      ].join('\t');
    });
    expect(read).toEqual(stdout.trimEnd().split('\n'));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});
