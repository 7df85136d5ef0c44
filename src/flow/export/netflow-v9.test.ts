import { expect, test } from 'vitest';
import { arrival, countersOf, decodeAll, decodeFrom, exporter } from './decoded.fixture.ts';
import {
  exported,
  type Field,
  octets,
  optionTemplate9,
  quad,
  set,
  template,
  v9,
} from './export-datagrams.fixture.ts';
import { flowOf } from './flow-of.ts';
import { NetflowV9Decoder } from './netflow-v9.ts';
import { templateSnapshot } from './template-snapshot.ts';

const ms = exported * 1000;
const fields: readonly Field[] = [
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [4, 1],
  [6, 1],
  [2, 4],
  [1, 4],
  [22, 4],
  [21, 4],
];
const learn = v9({}, set(0, template(256, fields)));

function record(packets = 1, more: readonly (readonly [number, number])[] = []): Uint8Array {
  return octets(
    quad('192.0.2.1'),
    quad('198.51.100.2'),
    [40_000, 2],
    [443, 2],
    [6, 1],
    [0x12, 1],
    [packets, 4],
    [packets * 100, 4],
    [999_000, 4],
    [999_500, 4],
    ...more,
  );
}

test('template and data in one datagram, several sets, padding', () => {
  const decoder = new NetflowV9Decoder();
  const records = decodeAll(
    decoder,
    v9(
      {},
      set(0, template(300, [[2, 4]]), template(256, fields)),
      set(256, record(1), record(2), new Uint8Array(3)),
      set(256, record(3)),
    ),
  );
  expect(records.map(({ packets }) => packets)).toEqual([1, 2, 3]);
  expect(records[0]).toMatchObject({
    by: 'netflow-v9',
    domain: 1,
    source: '192.0.2.1',
    destination: '198.51.100.2',
    sourcePort: 40_000,
    destinationPort: 443,
    protocol: 6,
    tcpFlags: 0x12,
    bytes: 100,
    start: ms - 1000,
    end: ms - 500,
    direction: -1,
  });
  expect(countersOf(decoder)).toEqual({
    datagrams: 1,
    bytes: expect.any(Number),
    records: 3,
    templates: 2,
    dataSets: 2,
    dataSetsDecoded: 2,
  });
});

test('templates are of an exporter and a source id, whatever the port', () => {
  const decoder = new NetflowV9Decoder();
  decodeFrom(decoder, exporter, arrival, 1000, learn);
  expect(decodeFrom(decoder, exporter, arrival, 2000, v9({}, set(256, record())))).toHaveLength(1);
  expect(decodeAll(decoder, v9({ domain: 2 }, set(256, record())))).toEqual([]);
  expect(decodeFrom(decoder, '192.0.2.200', arrival, 1000, v9({}, set(256, record())))).toEqual([]);
});

test('data waits for its template, with the times of its own header', () => {
  const decoder = new NetflowV9Decoder();
  expect(decodeAll(decoder, v9({}, set(256, record(7))))).toEqual([]);
  expect(countersOf(decoder)).toMatchObject({ unknownTemplates: 1, heldNow: 1, dataSets: 1 });
  const [late] = decodeAll(
    decoder,
    v9({ time: exported + 60, uptime: 1_060_000 }, set(0, template(256, fields))),
  );
  expect(late).toMatchObject({ packets: 7, start: ms - 1000 });
  expect(countersOf(decoder)).toMatchObject({ heldDecoded: 1, dataSetsDecoded: 1, records: 1 });
  expect(countersOf(decoder).heldNow).toBeUndefined();
});

test('data that waits too long, or takes too much room, is dropped and counted', () => {
  const decoder = new NetflowV9Decoder({ limits: { heldMs: 1000, heldBytes: 8192 } });
  const data = v9({}, set(256, record()));
  for (let i = 0; i < 8; i++) decodeAll(decoder, data);
  // A quarter of the room is for one exporter: seven sets with what each takes besides.
  expect(countersOf(decoder)).toMatchObject({ heldNow: 7, dropped: { 'held-no-room': 1 } });
  for (let i = 0; i < 40; i++) decodeFrom(decoder, `192.0.2.${i}`, arrival, 0, data);
  expect(decoder.stateBytes()).toBeLessThan(8192 + 41 * 4096);
  // The oldest of all made room.
  expect(countersOf(decoder).heldNow).toBeUndefined();
  decodeFrom(decoder, '192.0.2.39', arrival + 1001, 0, learn);
  expect(countersOf(decoder, '192.0.2.39')).toMatchObject({ dropped: { 'held-too-long': 1 } });
  expect(countersOf(decoder, '192.0.2.39').heldDecoded).toBeUndefined();
});

test('a template with another layout replaces the one before; told again it changes nothing', () => {
  const decoder = new NetflowV9Decoder();
  decodeAll(decoder, learn, learn);
  expect(countersOf(decoder)).toMatchObject({ templates: 1 });
  const [changed] = decodeAll(
    decoder,
    v9(
      {},
      set(
        0,
        template(256, [
          [12, 4],
          [8, 4],
          [2, 8],
        ]),
      ),
      set(256, quad('192.0.2.1'), quad('192.0.2.2'), octets([9, 8])),
    ),
  );
  expect(changed).toMatchObject({ destination: '192.0.2.1', source: '192.0.2.2', packets: 9, bytes: 0 });
  expect(changed!.told).not.toContain('Bytes');
  expect(countersOf(decoder)).toMatchObject({ templatesRedefined: 1 });
});

test('an id may turn from flows to options', () => {
  const decoder = new NetflowV9Decoder();
  decodeAll(
    decoder,
    learn,
    v9({}, set(1, optionTemplate9(256, [[1, 4]], [[34, 4]])), set(256, octets([0, 4], [64, 4]))),
  );
  expect(countersOf(decoder)).toMatchObject({ optionTemplates: 1, optionRecords: 1, templatesRedefined: 1 });
  expect(decodeAll(decoder, learn, v9({}, set(256, record(2))))[0]).toMatchObject({
    packets: 128,
    samplingRate: 64,
  });
});

test('records without a byte, too many fields and ids of sets are no templates', () => {
  const decoder = new NetflowV9Decoder({ limits: { fields: 4 } });
  decodeAll(
    decoder,
    v9(
      {},
      set(
        0,
        template(256, [
          [8, 0],
          [12, 0],
        ]),
      ),
    ),
    v9({}, set(0, template(257, fields))),
    v9({}, set(0, template(255, [[8, 4]]))),
    v9({}, set(0, octets([256, 2], [1000, 2], [8, 2], [4, 2]))),
    v9({}, set(1, octets([256, 2], [6, 2], [4, 2], new Uint8Array(10)))),
    v9({}, set(256, new Uint8Array(1000))),
  );
  expect(countersOf(decoder)).toMatchObject({ heldNow: 1, dropped: { template: 5 } });
});

test('sets of length 0 end the datagram, sets that are cut off are read as far as they go', () => {
  const decoder = new NetflowV9Decoder();
  const whole = v9({}, set(256, record(1), record(2)));
  const none = octets([256, 2], [0, 2], [0, 4]);
  expect(
    decodeAll(decoder, learn, whole.subarray(0, whole.length - 1), v9({}, none, set(256, record()))),
  ).toHaveLength(1);
  expect(countersOf(decoder)).toMatchObject({ dropped: { 'set-length': 2 } });
  decodeAll(decoder, v9({}, set(5, record())), v9({}, set(256, new Uint8Array(4))));
  expect(countersOf(decoder)).toMatchObject({
    dropped: { 'set-length': 2, 'set-id': 1, 'record-length': 1 },
  });
});

test('the sequence counts datagrams; that of exporters which count records is known after a few', () => {
  const plain = new NetflowV9Decoder();
  for (const sequence of [2 ** 32 - 1, 0, 1, 4, 3, 5]) decodeAll(plain, v9({ sequence, count: 20 }));
  expect(countersOf(plain)).toMatchObject({ gaps: 1, lost: 1, late: 1 });
  const odd = new NetflowV9Decoder();
  for (let i = 0; i < 50; i++) decodeAll(odd, v9({ sequence: i * 20, count: 20 }));
  expect(countersOf(odd)).toMatchObject({ gaps: 3 });
});

test('line cards that share a source id count for themselves', () => {
  const decoder = new NetflowV9Decoder();
  for (let i = 0; i < 10; i++) {
    decodeFrom(decoder, exporter, arrival, 4001, v9({ sequence: i }));
    decodeFrom(decoder, exporter, arrival, 4002, v9({ sequence: 5000 + i }));
  }
  const { gaps, lost, late, resets } = countersOf(decoder);
  expect([gaps, lost, late, resets]).toEqual([undefined, undefined, undefined, undefined]);
});

test('rates: of the record, of its sampler, of its interface, of the domain, configured', () => {
  const decoder = new NetflowV9Decoder({ samplingRate: () => 7 });
  const more: readonly Field[] = [...fields, [48, 1], [10, 4], [14, 4], [61, 1]];
  const data = (sampler: number, input: number, output: number, egress = 0) =>
    v9(
      {},
      set(
        256,
        record(1, [
          [sampler, 1],
          [input, 4],
          [output, 4],
          [egress, 1],
        ]),
      ),
    );
  const rates = (...datagrams: Uint8Array[]) =>
    decodeAll(decoder, ...datagrams).map(({ samplingRate, packets, told }) => [
      samplingRate,
      packets,
      told.includes('Sampling'),
    ]);
  expect(rates(v9({}, set(0, template(256, more))), data(0, 1, 2))).toEqual([[7, 7, false]]);
  // Of the domain.
  const domain = set(
    1,
    optionTemplate9(
      400,
      [[1, 4]],
      [
        [34, 4],
        [35, 1],
      ],
    ),
  );
  expect(rates(v9({}, domain, set(400, octets([1, 4], [100, 4], [2, 1]))), data(0, 1, 2))).toEqual([
    [100, 100, true],
  ]);
  // Of an interface, by the scope; at egress the one where the flow goes out.
  const interfaces = set(1, optionTemplate9(401, [[2, 4]], [[34, 4]]));
  expect(rates(v9({}, interfaces, set(401, octets([5, 4], [500, 4]))))).toEqual([]);
  expect(rates(data(0, 5, 1), data(0, 1, 5), data(0, 1, 5, 1))).toEqual([
    [500, 500, true],
    [100, 100, true],
    [500, 500, true],
  ]);
  // Of a sampler, in either of the fields.
  const samplers = set(
    1,
    optionTemplate9(
      402,
      [[1, 4]],
      [
        [48, 1],
        [49, 1],
        [50, 4],
      ],
    ),
  );
  const told = set(402, octets([0, 4], [1, 1], [2, 1], [1000, 4]), octets([0, 4], [2, 1], [2, 1], [2000, 4]));
  expect(rates(v9({}, samplers, told))).toEqual([]);
  expect(rates(data(1, 5, 1), data(2, 5, 1), data(3, 5, 1))).toEqual([
    [1000, 1000, true],
    [2000, 2000, true],
    [500, 500, true],
  ]);
  // Of the record itself; 0 is none.
  const own = [...more, [34, 4] as Field];
  const with34 = (rate: number) =>
    v9(
      {},
      set(
        256,
        record(1, [
          [1, 1],
          [5, 4],
          [1, 4],
          [0, 1],
          [rate, 4],
        ]),
      ),
    );
  expect(rates(v9({}, set(0, template(256, own))), with34(16), with34(0))).toEqual([
    [16, 16, true],
    [1000, 1000, true],
  ]);
});

test('a sampler that is the only one is that of records which name none', () => {
  const decoder = new NetflowV9Decoder();
  const samplers = set(
    1,
    optionTemplate9(
      402,
      [[1, 4]],
      [
        [48, 1],
        [50, 4],
      ],
    ),
  );
  const [one] = decodeAll(
    decoder,
    learn,
    v9({}, samplers, set(402, octets([0, 4], [1, 1], [1000, 4]))),
    v9({}, set(256, record())),
  );
  expect(one!.samplingRate).toBe(1000);
  const [none] = decodeAll(
    decoder,
    v9({}, set(402, octets([0, 4], [2, 1], [10, 4]))),
    v9({}, set(256, record())),
  );
  expect(none!.samplingRate).toBe(1);
});

test('interfaces are called as options name them', () => {
  const decoder = new NetflowV9Decoder();
  const name = (text: string, length: number) => octets(text, new Uint8Array(length - text.length));
  const [named] = decodeAll(
    decoder,
    v9({}, set(0, template(256, [...fields, [10, 2], [14, 2]]))),
    v9(
      {},
      set(
        1,
        optionTemplate9(
          500,
          [[1, 4]],
          [
            [10, 4],
            [82, 16],
            [83, 24],
          ],
        ),
      ),
      set(
        500,
        octets([0, 4], [3, 4]),
        name('Gi0/1', 16),
        name('uplink', 24),
        octets([0, 4], [4, 4]),
        name('', 16),
        name('to\u0007wards\nB', 24),
      ),
    ),
    v9(
      {},
      set(
        256,
        record(1, [
          [3, 2],
          [4, 2],
        ]),
      ),
    ),
  );
  expect(named).toMatchObject({ input: 3, inputName: 'Gi0/1', output: 4, outputName: 'towardsB' });
});

test('one template for both families: the one that is not empty', () => {
  const both = template(256, [
    [8, 4],
    [12, 4],
    [27, 16],
    [28, 16],
    [4, 1],
  ]);
  const six = octets([0x20010db8, 4], [0, 8], [1, 4]);
  const decoder = new NetflowV9Decoder();
  const records = decodeAll(
    decoder,
    v9(
      {},
      set(0, both),
      set(
        256,
        octets(quad('192.0.2.1'), quad('192.0.2.2'), new Uint8Array(32), [17, 1]),
        octets(new Uint8Array(8), six, six, [17, 1]),
        octets(quad('192.0.2.3'), quad('192.0.2.4'), new Uint8Array(32), [17, 1]),
      ),
    ),
  );
  expect(records.map(({ source }) => source)).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.3']);
});

test('ICMP in its own elements, in one, or in the port', () => {
  const ends: readonly Field[] = [
    [8, 4],
    [12, 4],
    [4, 1],
    [7, 2],
    [11, 2],
  ];
  const start = (protocol: number, port: number) =>
    octets(quad('192.0.2.1'), quad('192.0.2.2'), [protocol, 1], [0, 2], [port, 2]);
  const decoder = new NetflowV9Decoder();
  const records = decodeAll(
    decoder,
    v9(
      {},
      set(
        0,
        template(256, ends),
        template(257, [...ends, [32, 2]]),
        template(258, [...ends, [176, 1], [177, 1]]),
        template(259, [...ends, [139, 2]]),
      ),
      set(256, start(1, 0x0301), start(1, 0), start(17, 0x0301)),
      set(257, octets(start(1, 0), [0x0b00, 2]), octets(start(1, 0x0800), [0, 2])),
      set(258, octets(start(1, 9), [5, 1], [1, 1])),
      set(259, octets(start(58, 0), [0x8000, 2])),
    ),
  );
  expect(records.map(({ icmp, destinationPort }) => [icmp, destinationPort])).toEqual([
    [[3, 1], 0],
    [[0, 0], 0],
    [undefined, 0x0301],
    [[11, 0], 0],
    [[8, 0], 0],
    [[5, 1], 0],
    [[128, 0], 0],
  ]);
});

test('what Cisco firewalls tell: both ways, NAT, events without counters', () => {
  const decoder = new NetflowV9Decoder();
  const created = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [225, 4],
    [226, 4],
    [227, 2],
    [228, 2],
    [233, 1],
    [323, 8],
  ] as const;
  const torn = [...created, [152, 8], [231, 4], [232, 4], [298, 4], [299, 4]] as const;
  const old = [
    [8, 4],
    [12, 4],
    [40001, 4],
    [40003, 2],
    [40005, 1],
  ] as const;
  const ends = octets(quad('10.1.2.3'), quad('198.51.100.2'), [1000, 2], [443, 2], [6, 1]);
  const nat = octets(quad('203.0.113.9'), quad('198.51.100.2'), [2000, 2], [443, 2]);
  const flows: unknown[] = [];
  const records = decodeAll(
    decoder,
    v9(
      {},
      set(0, template(256, created), template(257, torn), template(258, old)),
      set(256, ends, nat, octets([1, 1], [ms - 5000, 8]), ends, nat, octets([3, 1], [ms - 4000, 8])),
      set(257, ends, nat, octets([2, 1], [ms - 1000, 8], [ms - 5000, 8], [600, 4], [700, 4], [6, 4], [7, 4])),
      set(258, quad('10.1.2.3'), quad('198.51.100.2'), quad('203.0.113.9'), octets([2001, 2], [2, 1])),
    ),
  );
  expect(records.map(({ event }) => event)).toEqual([1, 3, 2, 2]);
  expect(records[0]).toMatchObject({
    natSource: '203.0.113.9',
    natSourcePort: 2000,
    natDestination: '198.51.100.2',
    start: ms - 5000,
    end: ms - 5000,
  });
  expect(records[0]!.told).not.toContain('Packets');
  expect(records[2]).toMatchObject({
    bytes: 600,
    packets: 6,
    reverseBytes: 700,
    reversePackets: 7,
    start: ms - 5000,
    end: ms - 1000,
  });
  expect(records[3]).toMatchObject({ natSource: '203.0.113.9', natSourcePort: 2001 });
  decoder.decode(v9({}, set(256, ends, nat, octets([1, 1], [ms, 8]))), exporter, arrival, (one) =>
    flows.push(flowOf(one, '1')),
  );
  expect(flows[0]).toMatchObject({
    state: 'established',
    translated: { source: { address: { d: 0xcb007109 }, port: 2000 } },
  });
  expect(flows[0]).not.toHaveProperty('sent');
  expect(flows[0]).not.toHaveProperty('translated.destination');
});

test('what is known is written down and put back', () => {
  const before = new NetflowV9Decoder();
  decodeAll(
    before,
    learn,
    v9(
      {},
      set(
        1,
        optionTemplate9(
          402,
          [[1, 4]],
          [
            [48, 1],
            [50, 4],
          ],
        ),
        optionTemplate9(403, [[2, 4]], [[82, 4]]),
      ),
      set(402, octets([0, 4], [1, 1], [1000, 4])),
      set(403, octets([9, 4], 'eth9')),
    ),
  );
  const text = JSON.stringify(before.templates());
  const after = new NetflowV9Decoder();
  expect(after.restore(templateSnapshot.parse(JSON.parse(text)), arrival)).toBe(3);
  expect(decodeAll(after, v9({}, set(256, record(2))))[0]).toMatchObject({
    packets: 2000,
    samplingRate: 1000,
  });
  expect(after.templates()).toEqual(before.templates());
});

test('templates, domains and names beyond the limits make room', () => {
  const decoder = new NetflowV9Decoder({ limits: { templates: 3, domains: 2, interfaces: 2, samplers: 2 } });
  for (let id = 256; id < 262; id++) decodeAll(decoder, v9({}, set(0, template(id, fields))));
  expect(countersOf(decoder)).toMatchObject({ templates: 6, templatesEvicted: 3 });
  expect(decodeAll(decoder, v9({}, set(261, record()), set(256, record())))).toHaveLength(1);
  const options = set(
    1,
    optionTemplate9(
      500,
      [[2, 4]],
      [
        [82, 4],
        [48, 1],
        [50, 1],
      ],
    ),
  );
  const told = [1, 2, 3].map((i) => octets([i, 4], `eth${i}`, [i, 1], [i * 10, 1]));
  decodeAll(decoder, v9({}, options, set(500, ...told)));
  const [domain] = decoder.templates().domains;
  expect(domain!.names).toEqual([
    [2, 'eth2'],
    [3, 'eth3'],
  ]);
  expect(domain!.samplers).toEqual([
    [2, 20],
    [3, 30],
  ]);
  decodeAll(decoder, v9({ domain: 2 }), v9({ domain: 3 }));
  expect(countersOf(decoder)).toMatchObject({ domainsEvicted: 1 });
  expect(decoder.templates().domains.map(({ domain: id }) => id)).toEqual([2, 3]);
});

test('many exporters with many templates stay within the bytes allowed', () => {
  const decoder = new NetflowV9Decoder({ limits: { bytes: 200_000 } });
  const many = Array.from({ length: 20 }, (_, i) => template(256 + i, fields));
  for (let i = 0; i < 300; i++)
    for (const domain of [1, 2, 3])
      decodeFrom(decoder, `192.0.2.${i}`, arrival, 0, v9({ domain }, set(0, ...many)));
  expect(decoder.stateBytes()).toBeLessThanOrEqual(200_000);
  expect(decoder.forgotten.count).toBeGreaterThan(280);
  expect(decodeFrom(decoder, '192.0.2.299', arrival, 0, v9({ domain: 3 }, set(256, record())))).toHaveLength(
    1,
  );
});
