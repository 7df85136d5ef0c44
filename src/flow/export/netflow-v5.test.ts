import { expect, test } from 'vitest';
import { arrival, countersOf, decodeAll, decodeFrom } from './decoded.fixture.ts';
import { exported, v5, v5Record } from './export-datagrams.fixture.ts';
import { flowOf } from './flow-of.ts';
import { NetflowV5Decoder } from './netflow-v5.ts';

const ms = exported * 1000;

test('a record has ends, counters, interfaces, and times by the pair in the header', () => {
  const decoder = new NetflowV5Decoder();
  const [record, ...others] = decodeAll(
    decoder,
    v5({ nanoseconds: 250_000_000, engine: 0x0102 }, v5Record({ packets: 5, bytes: 500 })),
  );
  expect(others).toEqual([]);
  expect(record).toMatchObject({
    by: 'netflow-v5',
    exporter: '198.51.100.254',
    domain: 0x0102,
    source: '192.0.2.1',
    destination: '198.51.100.2',
    sourcePort: 40_000,
    destinationPort: 443,
    protocol: 6,
    tcpFlags: 0x12,
    rawPackets: 5,
    bytes: 500,
    samplingRate: 1,
    input: 3,
    output: 4,
    start: ms + 250 - 1000,
    end: ms + 250 - 500,
  });
  expect(record!.told).not.toContain('Sampling');
});

test('uptime begins anew after 2^32 milliseconds, within a flow and between flow and export', () => {
  const [within, between] = decodeAll(
    new NetflowV5Decoder(),
    v5(
      { uptime: 1000 },
      v5Record({ first: 2 ** 32 - 4000, last: 500 }),
      v5Record({ first: 2 ** 32 - 4000, last: 2 ** 32 - 3000 }),
    ),
  );
  expect([within!.start, within!.end]).toEqual([ms - 5000, ms - 500]);
  expect([between!.start, between!.end]).toEqual([ms - 5000, ms - 4000]);
});

test('a record that ends before it begins has no length and is counted', () => {
  const decoder = new NetflowV5Decoder();
  const [record] = decodeAll(decoder, v5({}, v5Record({ first: 999_500, last: 999_000 })));
  expect(record!.start).toBe(record!.end);
  expect(countersOf(decoder).timesReversed).toBe(1);
});

test('sampling: the low 14 bits whatever the mode, else what is configured', () => {
  const decoder = new NetflowV5Decoder({ samplingRate: () => 50 });
  const rates = [0x4000 | 100, 0x8000 | 100, 100, 0].map(
    (sampling) => decodeAll(decoder, v5({ sampling }, v5Record({ packets: 3 })))[0]!,
  );
  expect(rates.map(({ samplingRate, packets, rawPackets }) => [samplingRate, packets, rawPackets])).toEqual([
    [100, 300, 3],
    [100, 300, 3],
    [100, 300, 3],
    [50, 150, 3],
  ]);
  expect(rates.map(({ told }) => told.includes('Sampling'))).toEqual([true, true, true, false]);
});

test('ICMP type and code stand in the destination port', () => {
  const [record] = decodeAll(
    new NetflowV5Decoder(),
    v5({}, v5Record({ protocol: 1, sourcePort: 0, destinationPort: 3 * 256 + 1, flags: 0x10 })),
  );
  expect(record).toMatchObject({ icmp: [3, 1], sourcePort: 0, destinationPort: 0, tcpFlags: 0 });
});

test('of more records told than there are, those that are there are decoded', () => {
  const decoder = new NetflowV5Decoder();
  const whole = v5({ count: 30 }, v5Record(), v5Record());
  expect(decodeAll(decoder, whole.subarray(0, whole.length - 1))).toHaveLength(1);
  expect(countersOf(decoder)).toMatchObject({ records: 1, dropped: { 'record-count': 1 } });
});

test('what is no datagram of this version is refused and counted', () => {
  const decoder = new NetflowV5Decoder();
  const other = v5({}, v5Record());
  other[1] = 7;
  expect(decodeAll(decoder, new Uint8Array(23), other)).toEqual([]);
  expect(countersOf(decoder)).toMatchObject({
    datagrams: 2,
    refused: 2,
    dropped: { 'short-datagram': 1, version: 1 },
  });
});

test('the sequence counts flows, by engine', () => {
  const decoder = new NetflowV5Decoder();
  const records = [v5Record(), v5Record()];
  decodeAll(
    decoder,
    v5({ sequence: 2 ** 32 - 2 }, ...records),
    v5({ sequence: 0 }, ...records),
    v5({ sequence: 7, engine: 1 }, ...records),
    v5({ sequence: 5 }, ...records),
    v5({ sequence: 9, engine: 1 }, ...records),
  );
  expect(countersOf(decoder)).toMatchObject({ records: 10, gaps: 1, lost: 3 });
  expect(countersOf(decoder).resets).toBeUndefined();
});

test('an exporter that has started anew is no gap', () => {
  const decoder = new NetflowV5Decoder();
  decodeAll(
    decoder,
    v5({ sequence: 1000, uptime: 5_000_000 }, v5Record()),
    v5({ sequence: 0, uptime: 1000 }, v5Record()),
    v5({ sequence: 1, uptime: 2000 }, v5Record()),
  );
  expect(countersOf(decoder)).toMatchObject({ records: 3, resets: 1 });
  expect(countersOf(decoder).lost).toBeUndefined();
});

test('exporters beyond the limit make room for new ones, and what they counted is kept', () => {
  const decoder = new NetflowV5Decoder({ limits: { exporters: 2 } });
  for (const from of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.3'])
    decodeFrom(decoder, from, arrival, 0, v5({}, v5Record()));
  expect([...decoder.exporters()].map(({ exporter }) => exporter)).toEqual(['192.0.2.1', '192.0.2.3']);
  expect(decoder.forgotten.count).toBe(1);
  expect(decoder.forgotten.counters.records).toBe(1);
});

test('as a flow', () => {
  const flows: unknown[] = [];
  new NetflowV5Decoder().decode(
    v5({ sampling: 10 }, v5Record({ flags: 0x1b, packets: 4, bytes: 400 })),
    '192.0.2.9',
    arrival,
    (record) => flows.push(flowOf(record, '7')),
  );
  expect(flows).toEqual([
    {
      id: '7',
      communityId: '1:NbXPA3TEXRmHZI919Uo5iaoB4Q0=',
      protocol: 6,
      source: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc0000201 }, port: 40_000 },
      destination: { address: { family: 4, a: 0, b: 0, c: 0, d: 0xc6336402 }, port: 443 },
      state: 'closed',
      seenBy: 'network',
      openedAt: ms - 1000,
      closedAt: ms - 500,
      lastAt: ms - 500,
      reachedDestination: false,
      preexisting: false,
      sent: { packets: 40, bytes: 4000, tcpFlags: 0x1b },
      observation: {
        by: 'netflow-v5',
        exporter: '192.0.2.9',
        input: '3',
        output: '4',
        samplingRate: 10,
      },
    },
  ]);
});
