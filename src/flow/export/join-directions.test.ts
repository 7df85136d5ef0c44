import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Address, formatAddress, ipv4, ipv6 } from '../../net/address.ts';
import { addressOf, flowOf } from './flow-of.ts';
import { DirectionJoiner, type JoinOptions } from './join-directions.ts';
import { Direction, ExportRecord, Told } from './record.ts';

interface Parts {
  readonly from?: Address;
  readonly to?: Address;
  readonly ports?: readonly [number, number];
  readonly protocol?: number;
  readonly packets?: number;
  readonly flags?: number;
  readonly times?: readonly [number, number];
  readonly arrival?: number;
  readonly direction?: number;
  readonly interfaces?: readonly [number, number];
  readonly exporter?: string;
  readonly isSample?: boolean;
  readonly nat?: {
    readonly source?: readonly [Address, number];
    readonly destination?: readonly [Address, number];
  };
  readonly icmp?: number;
}

const client = ipv4(0xc6336401);
const server = ipv4(0xcb007102);
const lanes = ({ a, b, c, d }: Address): number[] => [a, b, c, d];

function recordOf(parts: Parts): ExportRecord {
  const { from = client, to = server, ports = [50_000, 443], protocol = 6, packets = 1 } = parts;
  const {
    flags,
    times = [0, 0],
    arrival = times[1],
    direction,
    interfaces,
    isSample = false,
    nat,
    icmp,
  } = parts;
  const record = new ExportRecord();
  record.exporter = parts.exporter ?? '192.0.2.1';
  record.arrival = arrival;
  record.family = from.family;
  record.source.set(lanes(from));
  record.destination.set(lanes(to));
  record.protocol = protocol;
  [record.sourcePort, record.destinationPort] = ports;
  record.count(packets, packets * 100, 0, 0, 1);
  record.present = (Told.Addresses | Told.Ports | Told.Protocol | Told.Packets | Told.Bytes) >>> 0;
  [record.start, record.end] = times;
  if (parts.times) record.present |= Told.Start | Told.End;
  if (flags !== undefined) {
    record.tcpFlags = flags;
    record.present |= Told.TcpFlags;
  }
  if (direction !== undefined) {
    record.direction = direction;
    record.present |= Told.Direction;
  }
  if (interfaces) {
    [record.input, record.output] = interfaces;
    record.present |= Told.Input | Told.Output;
  }
  if (isSample) record.present |= Told.PacketSample;
  if (icmp !== undefined) {
    record.icmpType = icmp;
    record.present |= Told.Icmp;
  }
  for (const [name, bit] of [
    ['source', Told.NatSource],
    ['destination', Told.NatDestination],
  ] as const) {
    const end = nat?.[name];
    if (end === undefined) continue;
    record.natFamily = end[0].family;
    (name === 'source' ? record.natSource : record.natDestination).set(lanes(end[0]));
    if (name === 'source') record.natSourcePort = end[1];
    else record.natDestinationPort = end[1];
    record.present |= bit;
  }
  return record;
}

interface Told1 {
  readonly ends: string;
  /** Packets each way; undefined for none. */
  readonly packets: readonly (number | undefined)[];
}

function joiner(options: Partial<JoinOptions> = {}) {
  const seen: ExportRecord[] = [];
  const told: Told1[] = [];
  const join = new DirectionJoiner({ seed: 7, capacity: 256, ...options }, (record) => {
    const flow = flowOf(record, '1');
    const text = (address: Address, port: number): string => `${formatAddress(address)}:${port}`;
    told.push({
      ends: `${text(flow.source.address, flow.source.port)} ${text(flow.destination.address, flow.destination.port)}`,
      packets: [flow.sent?.packets, flow.received?.packets],
    });
    const copy = new ExportRecord();
    Object.assign(copy, record);
    seen.push(copy);
  });
  const add = (...parts: readonly Parts[]): void => {
    for (const part of parts) join.add(recordOf(part));
  };
  return { join, add, told, seen };
}

const way = '198.51.100.1:50000 203.0.113.2:443';
const forth: Parts = { packets: 5, times: [1000, 2000], flags: 0x1b };
const back: Parts = {
  from: server,
  to: client,
  ports: [443, 50_000],
  packets: 4,
  times: [1010, 2005],
  flags: 0x1b,
};

test('both directions are one record from who opened it, whichever comes first', () => {
  for (const order of [
    [forth, back],
    [back, forth],
  ]) {
    const { join, add, told, seen } = joiner();
    add(...order);
    expect(told).toEqual([{ ends: way, packets: [5, 4] }]);
    expect(seen[0]).toMatchObject({ start: 1000, end: 2005, reverseTcpFlags: 0x1b, tcpFlags: 0x1b });
    expect(join.counters).toMatchObject({ records: 2, joined: 1, flows: 1, alone: 0, held: 0 });
  }
});

test.each([
  [
    'a lone SYN, though the answer started before',
    { flags: 2, times: [9, 9] },
    { flags: 0x14, times: [5, 5] },
  ],
  [
    'who began, though the ports say otherwise',
    { ports: [80, 50_000], times: [1, 9] },
    { ports: [50_000, 80], times: [2, 9] },
  ],
  ['the ports, where both began at once', { times: [1, 9] }, { times: [1, 8] }],
  ['the ports, where nobody says when', {}, {}],
  ['a request', { protocol: 1, ports: [0, 0], icmp: 8 }, { protocol: 1, ports: [0, 0], icmp: 0 }],
] as readonly [string, Parts, Parts][])('who opened it: %s', (_, one, other) => {
  const answer: Parts = { from: server, to: client, ports: [443, 50_000], packets: 2, ...other };
  for (const order of [
    [one, answer],
    [answer, one],
  ]) {
    const { add, told } = joiner();
    add(...order);
    expect(told.map(({ ends, packets }) => [ends.split(':')[0], packets])).toEqual([
      ['198.51.100.1', [1, 2]],
    ]);
  }
});

test('what waits in vain goes on alone, turned around when it is plainly an answer', () => {
  const { join, add, told } = joiner({ windowMs: 100 });
  add({ ...forth, arrival: 1000 }, { ...back, exporter: '192.0.2.2', arrival: 1050 });
  expect(told).toEqual([]);
  join.expire(1100);
  expect(told).toEqual([{ ends: way, packets: [5, undefined] }]);
  join.expire(1150);
  expect(told[1]).toEqual({ ends: way, packets: [undefined, 4] });
  // A scan from a low port stays one.
  add({ ...back, flags: 2 });
  join.flush();
  expect(told[2]).toEqual({ ends: '203.0.113.2:443 198.51.100.1:50000', packets: [4, undefined] });
  expect(join.counters).toMatchObject({ records: 3, flows: 3, alone: 3, turned: 1, joined: 0, held: 0 });
});

test('ports that came again, and later parts, are conversations of their own', () => {
  const { join, add, told } = joiner({ windowMs: 1000 });
  add({ ...forth, times: [0, 100], arrival: 50_000 }, { ...back, times: [40_000, 40_100], arrival: 50_001 });
  expect(told.map(({ packets }) => packets)).toEqual([[5, undefined]]);
  add({ ...forth, times: [40_000, 40_200], arrival: 50_002 });
  add({ ...forth, packets: 9, times: [40_200, 40_300], arrival: 50_003 });
  add({ ...forth, packets: 7, times: [40_300, 40_400], arrival: 50_004 });
  join.flush();
  expect(told.map(({ packets }) => packets)).toEqual([
    [5, undefined],
    [5, 4],
    [9, undefined],
    [7, undefined],
  ]);
});

test('what is told as it comes in and as it goes out is counted once, in any order', () => {
  const four: readonly Parts[] = [
    { ...forth, direction: Direction.Ingress, interfaces: [1, 2] },
    { ...forth, direction: Direction.Egress, interfaces: [1, 2] },
    { ...back, direction: Direction.Ingress, interfaces: [2, 1] },
    { ...back, direction: Direction.Egress, interfaces: [2, 1] },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (order) => {
      const { join, add, told } = joiner();
      add(...order.map((at) => ({ ...four[at]!, arrival: 3000 })));
      join.flush();
      expect(told).toEqual([{ ends: way, packets: [5, 4] }]);
      expect(join.counters).toMatchObject({ records: 4, doubles: 2, joined: 1, flows: 1, held: 0 });
    }),
  );
  // Other interfaces: another place that it passed.
  const { join, add, told } = joiner();
  add(four[0]!, { ...forth, direction: Direction.Egress, interfaces: [3, 4] });
  join.flush();
  expect(told).toHaveLength(2);
});

test('sampled packets of a conversation are added up, both ways', () => {
  const { join, add, told } = joiner({ windowMs: 1000 });
  const sample = { isSample: true, packets: 1 } as const;
  add({ ...sample, flags: 16 }, { ...sample, flags: 24 });
  add({ ...back, ...sample, flags: 16, times: [0, 0] }, { ...sample, flags: 16, arrival: 999 });
  expect(told).toEqual([]);
  add({ ...sample, arrival: 1000 });
  expect(told).toEqual([{ ends: way, packets: [3, 1] }]);
  join.flush();
  // A lone answer to a SYN.
  add({ ...back, ...sample, ports: [8443, 50_000], flags: 0x12 });
  join.flush();
  expect(told[2]).toEqual({ ends: '198.51.100.1:50000 203.0.113.2:8443', packets: [undefined, 1] });
  expect(join.counters).toMatchObject({ records: 6, added: 2, joined: 1, flows: 3, held: 0 });
});

test('directions that NAT changed find one another', () => {
  const outside = ipv4(0xc0000201);
  const source: readonly Parts[] = [
    { ...forth, nat: { source: [outside, 7000] } },
    { ...back, to: outside, ports: [443, 7000], nat: { destination: [client, 50_000] } },
  ];
  const inside = ipv4(0x0a000001);
  const destination: readonly Parts[] = [
    { ...forth, nat: { destination: [inside, 8443] } },
    { ...back, from: inside, ports: [8443, 50_000], nat: { source: [server, 443] } },
  ];
  for (const order of [source, source.toReversed(), destination, destination.toReversed()]) {
    const { add, told, seen } = joiner();
    add(...order);
    expect(told).toEqual([{ ends: way, packets: [5, 4] }]);
    expect(seen[0]!.told(order.includes(source[0]!) ? Told.NatSource : Told.NatDestination)).toBe(true);
  }
});

test('what has both directions, and events, pass', () => {
  const { join, told } = joiner();
  const both = recordOf(forth);
  both.reversePackets = 3;
  both.present |= Told.ReversePackets;
  join.add(both);
  const event = recordOf(forth);
  event.present |= Told.Event;
  join.add(event);
  expect(told.map(({ packets }) => packets)).toEqual([
    [5, 3],
    [5, undefined],
  ]);
  expect(join.counters).toMatchObject({ records: 2, passed: 2, flows: 0 });
});

test('the table is bounded, and nothing is lost when it is full', () => {
  const { join, told } = joiner({ capacity: 100 });
  for (let end = 0; end < 10_000; end++) join.add(recordOf({ from: ipv4(end), arrival: 0 }));
  expect(join.counters).toMatchObject({ held: 100, flows: 9900, noRoom: 9900, alone: 9900 });
  join.flush();
  expect(told).toHaveLength(10_000);
});

test('every packet is in one record, whatever comes, and the counters add up', () => {
  const part: fc.Arbitrary<Parts> = fc.record(
    {
      from: fc.constantFrom(client, server, ipv6(1, 0, 0, 1)),
      ports: fc.constantFrom([443, 50_000] as const, [50_000, 443] as const, [1, 2] as const),
      packets: fc.integer({ min: 1, max: 9 }),
      flags: fc.constantFrom(2, 16, 18, 20),
      direction: fc.constantFrom(Direction.Ingress, Direction.Egress),
      arrival: fc.nat({ max: 60 }),
      isSample: fc.boolean(),
      exporter: fc.constantFrom('192.0.2.1', '192.0.2.2'),
    },
    { requiredKeys: ['from', 'ports', 'packets', 'arrival'] },
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (parts, capacity) => {
      const { join, seen } = joiner({ windowMs: 20, capacity });
      let sent = 0;
      for (const [at, one] of parts.toSorted((x, y) => x.arrival! - y.arrival!).entries()) {
        const to = one.from!.family === 6 ? ipv6(1, 0, 0, 2) : one.from === client ? server : client;
        const doubles = join.counters.doubles;
        join.add(recordOf({ ...one, to }));
        if (join.counters.doubles === doubles) sent += one.packets!;
        const { records, passed, added, joined, flows, held } = join.counters;
        expect(passed + join.counters.doubles + added + joined + flows + held).toBe(records);
        expect(records).toBe(at + 1);
        expect(held).toBeLessThanOrEqual(capacity);
      }
      join.flush();
      expect(join.counters.held).toBe(0);
      expect(seen.reduce((sum, { packets, reversePackets }) => sum + packets + reversePackets, 0)).toBe(sent);
      for (const record of seen) expect(addressOf(record.family, record.source).family).toBe(record.family);
    }),
  );
});
