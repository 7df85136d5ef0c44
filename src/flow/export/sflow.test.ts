import { expect, test } from 'vitest';
import { formatAddress, ipv4, ipv6, parseAddress } from '../../net/address.ts';
import type { Flow } from '../flow.ts';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { flowOf } from './flow-of.ts';
import { Direction, type ExportRecord, Told } from './record.ts';
import {
  address,
  counterSample,
  datagram,
  discardSample,
  flowSample,
  headerRecord,
  int,
  interfaceRecord,
  structure,
} from './sflow/datagram.fixture.ts';
import { SflowDecoder, type SflowLimits } from './sflow.ts';

const agent = ipv4(0xc6336409);
const at = 1_700_000_000_000;
/** 198.51.100.1:1025 > 203.0.113.2:443, SYN, 60 bytes, in Ethernet. */
const synFrame = Uint8Array.from([
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0],
  ...[0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 1, 203, 0, 113, 2],
  ...[4, 1, 1, 187, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0],
]);
const syn = headerRecord(synFrame, 78);

interface Seen {
  readonly flow: Flow;
  readonly record: Pick<
    ExportRecord,
    'rawPackets' | 'rawBytes' | 'direction' | 'forwardingStatus' | 'outputVlan' | 'domain' | 'tos'
  >;
}

function decoder(limits: SflowLimits = {}): { sflow: SflowDecoder; take(bytes: Uint8Array): Seen[] } {
  const sflow = new SflowDecoder(new PacketDecoder(), limits);
  const take = (bytes: Uint8Array): Seen[] => {
    const seen: Seen[] = [];
    sflow.decode(bytes, '203.0.113.9', at, (record) => {
      expect(record.told(Told.Addresses | Told.Protocol | Told.PacketSample | Told.Sampling)).toBe(true);
      const { rawPackets, rawBytes, direction, forwardingStatus, outputVlan, domain, tos } = record;
      seen.push({
        flow: flowOf(record, '1'),
        record: { rawPackets, rawBytes, direction, forwardingStatus, outputVlan, domain, tos },
      });
    });
    return seen;
  };
  return { sflow, take };
}

test('a sampled packet is a record of its IP length times the rate', () => {
  const { sflow, take } = decoder();
  const sample = flowSample({ rate: 400, source: [0, 7], input: [0, 7], output: [0, 8], records: [syn] });
  const [{ flow, record }] = take(datagram({ agent, subAgent: 3, samples: [sample] })) as [Seen];
  expect(flow).toMatchObject({
    protocol: 6,
    source: { address: parseAddress('198.51.100.1'), port: 1025 },
    destination: { address: parseAddress('203.0.113.2'), port: 443 },
    sent: { packets: 400, bytes: 24_000, tcpFlags: 2 },
    openedAt: at,
    lastAt: at,
    observation: {
      by: 'sflow',
      exporter: '198.51.100.9',
      input: '7',
      output: '8',
      samplingRate: 400,
    },
  });
  expect(record).toMatchObject({ rawPackets: 1, rawBytes: 60, direction: Direction.Ingress, domain: 3 });
  expect(sflow.counters).toMatchObject({ datagrams: 1, samples: 1, flows: 1, counterSamples: 0 });
  expect(sflow.agents()[0]).toMatchObject({ agent: '198.51.100.9', from: '203.0.113.9', subAgent: 3 });
});

test('expanded samples have interfaces beyond 24 bits; the one that looked gives the direction', () => {
  const { take } = decoder();
  const parts = {
    source: [0, 369_098_852],
    input: [0, 5],
    output: [0, 369_098_852],
    records: [syn],
  } as const;
  const [{ flow, record }] = take(datagram({ agent, samples: [flowSample(parts, true)] })) as [Seen];
  expect(flow.observation).toMatchObject({ input: '5', output: '369098852' });
  expect(record.direction).toBe(Direction.Egress);
});

test('interfaces that are none are not told; a discarded packet tells why', () => {
  const { take } = decoder();
  const seen = (output: readonly [number, number], expanded: boolean): Seen =>
    take(datagram({ agent, samples: [flowSample({ input: [0, 0], output, records: [syn] }, expanded)] }))[0]!;
  for (const expanded of [false, true]) {
    expect(seen([0, 0x3fffffff], expanded).flow.observation).not.toHaveProperty('output');
    expect(seen([2, 7], expanded).flow.observation).not.toHaveProperty('output');
    expect(seen([0, 0], expanded).flow.observation).not.toHaveProperty('input');
    const status = (reason: number): number => seen([1, reason], expanded).record.forwardingStatus;
    // Host unreachable, administratively prohibited, unknown, access list, not in the list.
    expect([1, 13, 256, 258, 9999].map(status)).toEqual([131, 129, 128, 129, 128]);
    expect(seen([0, 2], expanded).record.forwardingStatus).toBe(0);
  }
  const sample = discardSample({ input: 4, output: 0 }, 257, [syn]);
  const [discarded] = take(datagram({ agent, samples: [sample] }));
  expect(discarded!.record).toMatchObject({ rawPackets: 1, forwardingStatus: 137 });
  expect(discarded!.flow).toMatchObject({ sent: { packets: 1, bytes: 60 }, observation: { input: '4' } });
});

test('packets that begin with IP, and packets that the agent read itself', () => {
  const { sflow, take } = decoder();
  const ip4 = headerRecord(synFrame.subarray(14), 64, 11);
  const source = ipv6(0x20010db8, 0, 0, 1);
  const destination = ipv6(0x20010db8, 0, 0, 2);
  const udp = [...address(source).slice(4), ...address(destination).slice(4)];
  const read6 = structure(4, [...int(1280, 17), ...udp, ...int(5000, 53, 0, 0x28)]);
  const read4 = structure(3, int(40, 6, 0xc6336401, 0xcb007102, 1025, 443, 0x12, 8));
  const seen = take(
    datagram({
      agent,
      samples: [ip4, read6, read4].map((record) => flowSample({ rate: 2, records: [record] })),
    }),
  );
  expect(seen.map(({ flow }) => [formatAddress(flow.source.address), flow.source.port, flow.sent])).toEqual([
    ['198.51.100.1', 1025, { packets: 2, bytes: 120, tcpFlags: 2 }],
    ['2001:db8::1', 5000, { packets: 2, bytes: 2560 }],
    ['198.51.100.1', 1025, { packets: 2, bytes: 80, tcpFlags: 0x12 }],
  ]);
  expect(seen.map(({ record }) => record.tos)).toEqual([0, 0x28, 8]);
  expect(formatAddress(seen[1]!.flow.destination.address)).toBe('2001:db8::2');
  // The header says more than what the agent made of it, and one packet is one packet.
  const both = take(datagram({ agent, samples: [flowSample({ records: [syn, read4] })] }));
  expect(both.map(({ flow }) => flow.sent?.bytes)).toEqual([60]);
  expect(sflow.counters.faults['second-packet']).toBe(1);
  // A header that cannot be read leaves the packet to the other record.
  const arp = Uint8Array.from([...synFrame.subarray(0, 12), 8, 6, ...new Array<number>(28).fill(0)]);
  expect(
    take(datagram({ agent, samples: [flowSample({ records: [headerRecord(arp, 64), read4] })] })),
  ).toHaveLength(1);
});

test('VLANs and NAT told beside the packet, whatever the order; other records are passed over', () => {
  const { sflow, take } = decoder();
  const inSwitch = structure(1001, int(100, 0, 200, 0));
  const router = structure(1002, [...address(ipv4(1)), ...int(24, 24)]);
  const gateway = structure(1003, [
    ...address(ipv6(1, 2, 3, 4)),
    ...int(65000, 65001, 65002, 1, 2, 2, 1, 2, 0, 100),
  ]);
  const nat = structure(1007, [...address(ipv4(0xcb007101)), ...address(ipv4(0xcb007102))]);
  const natPorts = structure(1020, int(7777, 443));
  const odd = structure((4413 << 12) | 1, [1, 2, 3]);
  for (const records of [
    [inSwitch, router, odd, gateway, nat, natPorts, syn],
    [syn, natPorts, nat, gateway, odd, router, inSwitch],
  ]) {
    const [{ flow, record }] = take(datagram({ agent, samples: [flowSample({ records })] })) as [Seen];
    expect(flow.vlans).toEqual([100]);
    expect(record.outputVlan).toBe(200);
    expect(flow.translated).toEqual({ source: { address: ipv4(0xcb007101), port: 7777 } });
  }
  expect(sflow.counters.skippedRecords).toBe(6);
  // A tag that the packet still has says more.
  const tagged = Uint8Array.from([...synFrame.subarray(0, 12), 0x81, 0, 0, 42, ...synFrame.subarray(12)]);
  const [{ flow }] = take(
    datagram({ agent, samples: [flowSample({ records: [inSwitch, headerRecord(tagged, 82)] })] }),
  ) as [Seen];
  expect(flow.vlans).toEqual([42]);
  // Not known.
  const unknown = structure(1001, int(0xffffffff, 0, 0xffffffff, 0));
  const [none] = take(datagram({ agent, samples: [flowSample({ records: [unknown, syn] })] }));
  expect(none!.flow).not.toHaveProperty('vlans');
  expect(none!.record.outputVlan).toBe(0);
});

test('interface counters are kept as told last, also from expanded samples; others are passed over', () => {
  const { sflow, take } = decoder({ interfaces: 2 });
  const other = structure(2, new Array<number>(52).fill(0));
  take(datagram({ agent, samples: [counterSample(1, [0, 5], [other, interfaceRecord(5, 2 ** 40, 100)])] }));
  take(datagram({ agent, samples: [counterSample(2, [0, 5], [interfaceRecord(5, 2 ** 41, 200)], true)] }));
  expect(sflow.interfaces()).toEqual([
    {
      agent: '198.51.100.9',
      subAgent: 0,
      index: 5,
      type: 6,
      speed: 1e10,
      direction: 1,
      adminUp: true,
      operUp: true,
      input: {
        octets: 2 ** 41,
        unicast: 200,
        multicast: 201,
        broadcast: 202,
        discards: 203,
        errors: 204,
        unknownProtocols: 205,
      },
      output: {
        octets: 2 ** 41 + 1,
        unicast: 210,
        multicast: 211,
        broadcast: 212,
        discards: 213,
        errors: 214,
      },
      promiscuous: false,
      at,
    },
  ]);
  take(
    datagram({
      agent,
      samples: [counterSample(3, [0, 6], [interfaceRecord(6, 1, 1), interfaceRecord(7, 1, 1)])],
    }),
  );
  expect(sflow.interfaces().map(({ index }) => index)).toEqual([6, 7]);
  expect(sflow.counters).toMatchObject({
    counterSamples: 3,
    skippedRecords: 1,
    flows: 0,
    evictedInterfaces: 1,
  });
});

test('gaps are counted for each agent and sub-agent, and for each source; late ones are taken back', () => {
  const { sflow, take } = decoder();
  const send = (subAgent: number, sequence: number, sampleSequence: number, uptime = 1_000_000): Seen[] =>
    take(
      datagram({
        agent,
        subAgent,
        sequence,
        uptime,
        samples: [flowSample({ sequence: sampleSequence, records: [syn] })],
      }),
    );
  send(0, 0xffffffff, 10);
  send(0, 0, 11);
  send(1, 500, 1);
  expect(sflow.counters).toMatchObject({ lostDatagrams: 0, lostSamples: 0 });
  send(0, 4, 15);
  expect(sflow.counters).toMatchObject({ lostDatagrams: 3, lostSamples: 3 });
  send(0, 2, 13);
  expect(sflow.agents().find(({ subAgent }) => subAgent === 0)).toMatchObject({
    datagrams: 4,
    lostDatagrams: 2,
    lateDatagrams: 1,
    lostSamples: 2,
    restarts: 0,
  });
  // Began anew: no loss.
  send(0, 1, 1, 10);
  send(1, 1, 1);
  expect(
    sflow.agents().map(({ subAgent, restarts, lostDatagrams }) => [subAgent, restarts, lostDatagrams]),
  ).toEqual([
    [0, 1, 2],
    [1, 0, 0],
  ]);
  send(1, 400_000_000, 1);
  expect(sflow.agents().at(-1)).toMatchObject({ subAgent: 1, restarts: 1, lostDatagrams: 0 });
});

test('an uptime that falls back is a new beginning, and one that rolls over is none', () => {
  const { sflow, take } = decoder();
  const send = (sequence: number, uptime: number): Seen[] =>
    take(datagram({ agent, sequence, uptime, samples: [] }));
  send(1000, 0xffffff00);
  send(1001, 5000);
  send(1002, 100_000_000);
  send(1, 20);
  send(2, 30);
  expect(sflow.agents()[0]).toMatchObject({ datagrams: 5, lostDatagrams: 0, lateDatagrams: 0, restarts: 1 });
});

test('what the agent itself had to drop counts from when it is watched', () => {
  const { sflow, take } = decoder();
  for (const [sequence, drops] of [
    [1, 1000],
    [2, 1003],
    [3, 1003],
  ] as const)
    take(datagram({ agent, sequence, samples: [flowSample({ sequence, drops, records: [syn] })] }));
  take(datagram({ agent, sequence: 4, samples: [discardSample({ sequence: 1, drops: 1004 }, 1, [syn])] }));
  expect(sflow.counters.agentDrops).toBe(4);
});

test('every datagram and sample is decoded or dropped for a reason', () => {
  const { sflow, take } = decoder();
  const good = flowSample({ records: [syn] });
  take(Uint8Array.from(int(5, 1)));
  take(Uint8Array.from(int(5)));
  take(Uint8Array.from(int(4, 1, 1, 1, 1, 1, 0)));
  take(Uint8Array.from(int(5, 3, 1, 1, 1, 1, 0)));
  // Counts of 4 billion.
  take(Uint8Array.from([...int(5, 1, 1, 0, 1, 1, 0xffffffff), ...good]));
  take(datagram({ agent, samples: [[...int(1, 0xffffffff), 0, 0, 0, 0]] }));
  take(datagram({ agent, samples: [structure(1, [1, 2, 3]), structure(3, []), structure(4, [])] }));
  take(datagram({ agent, samples: [structure(77, []), flowSample({ records: [] })] }));
  take(datagram({ agent, samples: [flowSample({ records: [headerRecord(synFrame, 78, 7)] })] }));
  take(datagram({ agent, samples: [flowSample({ records: [headerRecord(synFrame.subarray(0, 20), 78)] })] }));
  take(datagram({ agent, samples: [flowSample({ rate: 0, records: [syn, int(1, 5000)] })] }));
  take(datagram({ agent, samples: [flowSample({ records: [structure(1, int(1))] })] }));
  take(Uint8Array.from([...datagram({ agent, samples: [good] }), 1, 2, 3, 4]));
  const { counters } = sflow;
  expect(counters.drops).toEqual({
    'datagram-cut': 2,
    version: 1,
    'agent-address': 1,
    'sample-cut': 5,
    'sample-format': 1,
    'no-packet': 2,
    'header-protocol': 1,
    'not-ip': 1,
  });
  expect(counters.faults).toMatchObject({
    'rate-0': 1,
    'record-cut': 1,
    'record-short': 1,
    'trailing-bytes': 1,
  });
  const { version, 'datagram-cut': cut, 'agent-address': noAgent, ...ofSamples } = counters.drops;
  expect(counters.samples).toBe(
    counters.flows +
      counters.counterSamples +
      Object.values(ofSamples).reduce((sum, count) => sum + count, 0),
  );
  expect(counters.datagrams).toBe(13);
  expect(version + cut + noAgent).toBe(4);
});

test('agents and sources are bounded, and one agent drives out its own sources first', () => {
  const { sflow, take } = decoder({ agents: 10, sources: 20 });
  take(datagram({ agent, samples: [flowSample({ source: [0, 1], records: [syn] })] }));
  const other = ipv4(1);
  for (let index = 0; index < 100; index++)
    take(datagram({ agent: other, samples: [flowSample({ source: [0, index], records: [syn] })] }));
  expect(sflow.counters).toMatchObject({ agents: 2, sources: 20, evictedAgents: 0, evictedSources: 81 });
  for (let index = 0; index < 1000; index++)
    take(datagram({ agent: ipv4(index), subAgent: index % 7, samples: [counterSample(1, [0, index], [])] }));
  expect(sflow.counters).toMatchObject({ agents: 10 });
  expect(sflow.counters.sources).toBeLessThanOrEqual(20);
});
