import { expect, test } from 'vitest';
import { PacketDecoder } from '../packet/packet-decoder.ts';
import { arrival, countersOf, decodeAll, decodeFrom, exporter } from './decoded.fixture.ts';
import {
  exported,
  type Field,
  ipfix,
  octets,
  optionTemplate,
  quad,
  set,
  template,
} from './export-datagrams.fixture.ts';
import { flowOf } from './flow-of.ts';
import { IpfixDecoder } from './ipfix.ts';

const ms = exported * 1000;
const ends: readonly Field[] = [
  [8, 4],
  [12, 4],
  [4, 1],
];
const start = octets(quad('192.0.2.1'), quad('198.51.100.2'), [17, 1]);
/** Seconds between 1900 and 1970. */
const ntp = 2_208_988_800;

/** Decodes one record of a template with the ends and these fields. */
function one(fields: readonly Field[], ...values: readonly (readonly [number | bigint, number])[]) {
  const decoder = new IpfixDecoder();
  const message = ipfix({}, set(2, template(256, [...ends, ...fields])), set(256, start, octets(...values)));
  return decodeAll(decoder, message)[0]!;
}

test('a message of templates, options and data', () => {
  const decoder = new IpfixDecoder();
  const [record] = decodeAll(
    decoder,
    ipfix(
      {},
      set(2, template(256, [...ends, [7, 2], [11, 2], [1, 8], [2, 8], [152, 8], [153, 8], [136, 1]])),
    ),
    ipfix(
      { domain: 1 },
      set(256, start, octets([53, 2], [5353, 2], [1200, 8], [3, 8], [ms - 2000, 8], [ms - 1000, 8], [2, 1])),
    ),
  );
  expect(record).toMatchObject({
    by: 'ipfix',
    source: '192.0.2.1',
    destination: '198.51.100.2',
    protocol: 17,
    sourcePort: 53,
    destinationPort: 5353,
    bytes: 1200,
    packets: 3,
    start: ms - 2000,
    end: ms - 1000,
    endReason: 2,
  });
});

test('reduced sizes, and counters beyond 2^53', () => {
  expect(
    one(
      [
        [1, 3],
        [2, 1],
        [10, 1],
        [7, 1],
      ],
      [70_000, 3],
      [200, 1],
      [7, 1],
      [53, 1],
    ),
  ).toMatchObject({
    bytes: 70_000,
    packets: 200,
    input: 7,
    sourcePort: 53,
  });
  expect(
    one(
      [
        [1, 5],
        [2, 6],
      ],
      [2 ** 33, 5],
      [2 ** 41, 6],
    ),
  ).toMatchObject({ bytes: 2 ** 33, packets: 2 ** 41 });
  expect(
    one(
      [
        [1, 8],
        [2, 8],
      ],
      [2n ** 53n - 1n, 8],
      [2n ** 64n - 1n, 8],
    ),
  ).toMatchObject({
    bytes: 2 ** 53 - 1,
    packets: 2 ** 53,
  });
  expect(
    one(
      [
        [1, 7],
        [6, 2],
      ],
      [2n ** 56n - 1n, 7],
      [0x1ff, 2],
    ),
  ).toMatchObject({ bytes: 2 ** 53 });
});

test('times in every unit', () => {
  const second = exported - 10 + ntp;
  const half = 2 ** 31;
  expect(
    one(
      [
        [150, 4],
        [151, 4],
      ],
      [exported - 10, 4],
      [exported - 9, 4],
    ),
  ).toMatchObject({
    start: ms - 10_000,
    end: ms - 9000,
  });
  for (const [first, last] of [
    [154, 155],
    [156, 157],
  ] as const) {
    expect(
      one(
        [
          [first, 8],
          [last, 8],
        ],
        [second, 4],
        [half, 4],
        [second + 1, 4],
        [half / 2, 4],
      ),
    ).toMatchObject({
      start: ms - 9500,
      end: ms - 8750,
    });
  }
  expect(
    one(
      [
        [158, 4],
        [159, 4],
      ],
      [2_500_000, 4],
      [1_250, 4],
    ),
  ).toMatchObject({
    start: ms - 2500,
    end: ms - 1.25,
  });
  // The finest of several, in any order.
  expect(
    one(
      [
        [151, 4],
        [150, 4],
        [153, 8],
        [152, 8],
      ],
      [exported, 4],
      [exported - 1, 4],
      [ms - 7, 8],
      [ms - 8, 8],
    ),
  ).toMatchObject({ start: ms - 8, end: ms - 7 });
  expect(
    one(
      [
        [152, 8],
        [161, 4],
      ],
      [ms - 8000, 8],
      [3000, 4],
    ),
  ).toMatchObject({ start: ms - 8000, end: ms - 5000 });
  expect(
    one(
      [
        [153, 8],
        [162, 4],
      ],
      [ms - 8000, 8],
      [2000, 4],
    ),
  ).toMatchObject({ start: ms - 8002, end: ms - 8000 });
  const none = one([[1, 4]], [1, 4]);
  expect([none.start, none.end]).toEqual([ms, ms]);
  expect(none.told).not.toContain('Start');
  expect(one([[323, 8]], [ms - 3, 8])).toMatchObject({ start: ms - 3, end: ms - 3 });
  // NTP's seconds begin anew in 2036.
  const later = one(
    [
      [156, 8],
      [157, 8],
    ],
    [5, 4],
    [0, 4],
    [6, 4],
    [0, 4],
  );
  expect(new Date(later.start).toISOString()).toBe('2036-02-07T06:28:21.000Z');
});

test('times since the start of the exporter need to know it: in the record, or in options', () => {
  const fields: readonly Field[] = [
    [22, 4],
    [21, 4],
  ];
  const own = one([...fields, [160, 8]], [1000, 4], [3000, 4], [ms - 100_000, 8]);
  expect(own).toMatchObject({ start: ms - 99_000, end: ms - 97_000 });
  // Up for more than 2^32 milliseconds.
  const wrapped = one([...fields, [160, 8]], [1000, 4], [3000, 4], [ms - 2 ** 32 - 5000, 8]);
  expect(wrapped).toMatchObject({ start: ms - 4000, end: ms - 2000 });
  const unknown = one(fields, [1000, 4], [3000, 4]);
  expect(unknown).toMatchObject({ start: ms - 2000, end: ms });
  expect(unknown.told).not.toContain('Start');
  const decoder = new IpfixDecoder();
  const [known] = decodeAll(
    decoder,
    ipfix(
      {},
      set(3, optionTemplate(300, [[149, 4]], [[160, 8]])),
      set(300, octets([1, 4], [ms - 100_000, 8])),
      set(2, template(256, [...ends, ...fields])),
      set(256, start, octets([1000, 4], [3000, 4])),
    ),
  );
  expect(known).toMatchObject({ start: ms - 99_000, end: ms - 97_000 });
});

test('fields of enterprises are passed over, reverse elements are the way back', () => {
  const record = one(
    [
      [1, 4],
      [1, 4, 29305],
      [2, 2, 29305],
      [6, 1, 29305],
      [4000, 7, 9],
      [1, 4, 35632],
      [2, 4],
      [153, 8, 29305],
      [153, 8],
      [6, 1],
    ],
    [100, 4],
    [900, 4],
    [9, 2],
    [0x12, 1],
    [0, 7],
    [77, 4],
    [1, 4],
    [ms - 1, 8],
    [ms - 2, 8],
    [2, 1],
  );
  expect(record).toMatchObject({ bytes: 100, packets: 1, reverseBytes: 900, reversePackets: 9, end: ms - 1 });
  // UDP has no flags, whatever the fields say.
  expect(record).toMatchObject({ tcpFlags: 0, reverseTcpFlags: 0 });
});

test('a biflow is a flow with both ways', () => {
  const flows: unknown[] = [];
  const fields: readonly Field[] = [
    [1, 4],
    [2, 4],
    [6, 1],
    [1, 4, 29305],
    [2, 4, 29305],
    [6, 1, 29305],
  ];
  new IpfixDecoder().decode(
    ipfix(
      {},
      set(2, template(256, [[8, 4], [12, 4], [4, 1], ...fields])),
      set(
        256,
        octets(
          quad('192.0.2.1'),
          quad('192.0.2.2'),
          [6, 1],
          [40, 4],
          [1, 4],
          [2, 1],
          [44, 4],
          [1, 4],
          [0x14, 1],
        ),
      ),
    ),
    exporter,
    arrival,
    (record) => flows.push(flowOf(record, '1')),
  );
  expect(flows[0]).toMatchObject({
    state: 'refused',
    sent: { bytes: 40, packets: 1, tcpFlags: 2 },
    received: { bytes: 44, packets: 1, tcpFlags: 0x14 },
  });
});

test('lengths before the values: of one byte and of three; integers among them', () => {
  const decoder = new IpfixDecoder();
  const long = new Uint8Array(300).fill(0x41);
  const records = decodeAll(
    decoder,
    ipfix(
      {},
      set(2, template(256, [[96, 65535], ...ends, [371, 65535], [1, 65535], [292, 65535], [2, 4]])),
      set(
        256,
        octets([3, 1], 'abc', start, [255, 1], [300, 2], long, [2, 1], [700, 2], [0, 1], [5, 4]),
        octets(
          [255, 1],
          [0, 2],
          start,
          [0, 1],
          [4, 1],
          [800, 4],
          [255, 1],
          [5, 2],
          new Uint8Array(5),
          [6, 4],
        ),
        new Uint8Array(3),
      ),
    ),
  );
  expect(records.map(({ bytes, packets, protocol }) => [bytes, packets, protocol])).toEqual([
    [700, 5, 17],
    [800, 6, 17],
  ]);
  expect(countersOf(decoder).dropped).toBeUndefined();
});

test('a record that would end after its set ends the set', () => {
  const decoder = new IpfixDecoder();
  const records = decodeAll(
    decoder,
    ipfix(
      {},
      set(2, template(256, [...ends, [96, 65535]])),
      set(256, octets(start, [1, 1], 'a', start, [200, 1], 'cut off here')),
      set(256, octets(start, [255, 1], [1, 1])),
    ),
  );
  expect(records).toHaveLength(1);
  expect(countersOf(decoder)).toMatchObject({ dropped: { 'record-length': 2 } });
});

test('structured data is passed over by its length', () => {
  const list = octets([3, 1], [8, 2], [4, 2], quad('203.0.113.1'));
  const decoder = new IpfixDecoder();
  const [record] = decodeAll(
    decoder,
    ipfix(
      {},
      set(2, template(256, [[291, 65535], ...ends, [293, 65535], [1, 4]])),
      set(256, octets([list.length, 1], list, start, [4, 1], [1, 4], [99, 4])),
    ),
  );
  expect(record).toMatchObject({ source: '192.0.2.1', bytes: 99 });
});

test('templates are withdrawn, one or all of a kind', () => {
  const decoder = new IpfixDecoder();
  const templates = ipfix(
    {},
    set(2, template(256, ends), template(257, ends), template(258, ends)),
    set(3, optionTemplate(300, [[149, 4]], [[34, 4]])),
  );
  const ids = () => decoder.templates().domains[0]!.templates.map(({ id }) => id);
  decodeAll(decoder, templates, ipfix({}, set(2, octets([257, 2], [0, 2]))));
  expect(ids()).toEqual([256, 258, 300]);
  decodeAll(decoder, ipfix({}, set(2, octets([2, 2], [0, 2]))));
  expect(ids()).toEqual([300]);
  decodeAll(decoder, templates, ipfix({}, set(3, octets([3, 2], [0, 2]))));
  expect(ids()).toEqual([256, 257, 258]);
  expect(
    decodeAll(decoder, ipfix({}, set(257, start)), ipfix({}, set(300, octets([0, 4], [9, 4])))),
  ).toHaveLength(1);
  expect(countersOf(decoder)).toMatchObject({ templatesWithdrawn: 4, unknownTemplates: 1 });
});

test('messages are as long as they say, sets within them', () => {
  const decoder = new IpfixDecoder();
  const learned = ipfix({}, set(2, template(256, ends)));
  const whole = ipfix({}, set(256, start, start));
  const short = Uint8Array.from(whole);
  short[3] = 15;
  expect(
    decodeAll(
      decoder,
      learned,
      whole.subarray(0, whole.length - 1),
      octets(whole, [0, 5]),
      short,
      whole.subarray(0, 10),
    ),
  ).toHaveLength(3);
  expect(countersOf(decoder)).toMatchObject({
    datagrams: 5,
    refused: 2,
    dropped: { 'message-length': 3, 'set-length': 1, 'short-datagram': 1 },
  });
  decodeAll(
    decoder,
    ipfix({}, octets([256, 2], [0, 2])),
    ipfix({}, set(2, octets([256, 2], [50, 2]), start)),
  );
  expect(countersOf(decoder)).toMatchObject({ dropped: { 'set-length': 2, template: 1 } });
});

test('the sequence counts records of data, those of options too; templates do not', () => {
  const decoder = new IpfixDecoder();
  const options = set(3, optionTemplate(300, [[149, 4]], [[34, 4]]));
  const option = set(300, octets([1, 4], [10, 4]));
  decodeAll(
    decoder,
    ipfix({ sequence: 2 ** 32 - 3 }, set(2, template(256, ends)), options),
    ipfix({ sequence: 2 ** 32 - 3 }, set(256, start, start), option),
    ipfix({ sequence: 0 }, set(256, start)),
    ipfix({ sequence: 5 }, set(256, start)),
    ipfix({ sequence: 6 }, set(999, start)),
    ipfix({ sequence: 1000 }, set(256, start)),
  );
  // What an unknown template described is not known either.
  expect(countersOf(decoder)).toMatchObject({ gaps: 1, lost: 4 });
});

test('exporters that leave options out of the sequence, or count a message in its own number, lose nothing', () => {
  const without = new IpfixDecoder();
  const options = set(3, optionTemplate(300, [[149, 4]], [[34, 4]]));
  const option = set(300, octets([1, 4], [10, 4]));
  decodeAll(
    without,
    ipfix({ sequence: 10 }, set(2, template(256, ends)), options, option, set(256, start, start)),
    ipfix({ sequence: 12 }, set(256, start)),
    ipfix({ sequence: 13 }, set(256, start)),
  );
  const inclusive = new IpfixDecoder();
  decodeAll(
    inclusive,
    ipfix({ sequence: 3 }, set(2, template(256, ends)), set(256, start, start, start)),
    ipfix({ sequence: 4 }, set(256, start)),
    ipfix({ sequence: 7 }, set(256, start, start, start)),
    ipfix({ sequence: 12 }, set(256, start, start)),
  );
  expect(countersOf(without)).not.toHaveProperty('gaps');
  expect(countersOf(without)).not.toHaveProperty('late');
  expect(countersOf(inclusive)).toMatchObject({ gaps: 1, lost: 2 });
});

test('rates of samplers: n out of N, so many taken and left out, one in so many, a probability', () => {
  const rate = (fields: readonly Field[], ...values: readonly (readonly [number | bigint, number])[]) => {
    const decoder = new IpfixDecoder();
    const [record] = decodeAll(
      decoder,
      ipfix({}, set(3, optionTemplate(300, [[302, 4]], fields)), set(300, octets([77, 4], ...values))),
      ipfix(
        {},
        set(2, template(256, [...ends, [302, 8], [2, 4]])),
        set(256, octets(start, [77, 8], [10, 4])),
      ),
    );
    return [record!.samplingRate, record!.packets, record!.rawPackets];
  };
  expect(
    rate(
      [
        [309, 4],
        [310, 4],
      ],
      [2, 4],
      [100, 4],
    ),
  ).toEqual([50, 500, 10]);
  expect(
    rate(
      [
        [305, 4],
        [306, 4],
      ],
      [1, 4],
      [99, 4],
    ),
  ).toEqual([100, 1000, 10]);
  expect(
    rate(
      [
        [305, 4],
        [306, 4],
      ],
      [20, 4],
      [60, 4],
    ),
  ).toEqual([4, 40, 10]);
  expect(rate([[305, 4]], [256, 4])).toEqual([256, 2560, 10]);
  // What Cisco's routers send: 256 is the interval, not so many in a row.
  expect(
    rate(
      [
        [305, 4],
        [304, 2],
        [309, 4],
        [310, 4],
      ],
      [256, 4],
      [3, 2],
      [1, 4],
      [256, 4],
    ),
  ).toEqual([256, 2560, 10]);
  expect(
    rate(
      [
        [50, 4],
        [34, 4],
      ],
      [8, 4],
      [9, 4],
    ),
  ).toEqual([8, 80, 10]);
  const probability = new DataView(new ArrayBuffer(8));
  probability.setFloat64(0, 0.125);
  expect(rate([[311, 8]], [probability.getBigUint64(0), 8])).toEqual([8, 80, 10]);
  probability.setFloat32(0, 0.25);
  expect(rate([[311, 4]], [probability.getUint32(0), 4])).toEqual([4, 40, 10]);
});

test('fields that nothing is made of, fields twice, and 4 bytes for forwarding status', () => {
  const record = one(
    [
      [1, 4],
      [1, 4],
      [234, 4],
      [243, 2],
      [245, 2],
      [58, 2],
      [254, 2],
      [70, 3],
      [89, 4],
      [61, 1],
      [60, 9],
      [27, 4],
    ],
    [11, 4],
    [12, 4],
    [9, 4],
    [100, 2],
    [200, 2],
    [300, 2],
    [400, 2],
    [16065 * 16 + 1, 3],
    [192, 4],
    [255, 1],
    [0, 9],
    [0, 4],
  );
  expect(record).toMatchObject({
    bytes: 11,
    vlans: [100, 200],
    outputVlan: 400,
    mplsLabel: 16065,
    forwardingStatus: 192,
    direction: -1,
    source: '192.0.2.1',
  });
});

test('a sampled frame is one packet of its conversation', () => {
  const decoder = new IpfixDecoder({ packets: new PacketDecoder() });
  const udp = octets([1000, 2], [53, 2], [28, 2], [0, 2], new Uint8Array(20));
  const ip = octets(
    [0x45, 1],
    [0, 1],
    [48, 2],
    [0, 4],
    [64, 1],
    [17, 1],
    [0, 2],
    quad('192.0.2.7'),
    quad('192.0.2.8'),
    udp,
  );
  const frame = octets(new Uint8Array(12), [0x8100, 2], [42, 2], [0x0800, 2], ip);
  const records = decodeAll(
    decoder,
    ipfix(
      {},
      set(3, optionTemplate(300, [[149, 4]], [[34, 4]])),
      set(300, octets([1, 4], [100, 4])),
      set(
        2,
        template(256, [
          [10, 4],
          [312, 2],
          [315, 65535],
        ]),
        template(257, [
          [410, 2],
          [315, 80],
          [323, 8],
        ]),
        template(258, [
          [313, 48],
          [2, 4],
        ]),
      ),
      set(256, octets([5, 4], [frame.length, 2], [frame.length, 1], frame)),
      set(257, octets([frame.length, 2], frame, new Uint8Array(80 - frame.length), [ms - 9, 8])),
      set(258, octets(ip, [3, 4])),
      set(256, octets([5, 4], [9, 2], [2, 1], [0, 2])),
    ),
  );
  const conversation = {
    source: '192.0.2.7',
    destination: '192.0.2.8',
    sourcePort: 1000,
    destinationPort: 53,
    protocol: 17,
    rawBytes: 48,
    bytes: 4800,
    samplingRate: 100,
  };
  expect(records).toHaveLength(3);
  expect(records[0]).toMatchObject({ ...conversation, input: 5, vlans: [42], packets: 100 });
  expect(records[0]!.told).toContain('PacketSample');
  expect(records[1]).toMatchObject({ ...conversation, vlans: [42], end: ms - 9 });
  expect(records[2]).toMatchObject({ ...conversation, vlans: [], rawPackets: 3 });
  expect(countersOf(decoder)).toMatchObject({ records: 3, recordsWithoutAddresses: 1 });
});

test('what is known is written down and put back, enterprises too', () => {
  const before = new IpfixDecoder();
  decodeFrom(
    before,
    '2001:db8::1',
    arrival,
    0,
    ipfix({ domain: 2 ** 32 - 1 }, set(2, template(256, [...ends, [1, 4, 29305], [96, 65535], [2, 1]]))),
  );
  const after = new IpfixDecoder();
  expect(after.restore(before.templates(), arrival)).toBe(1);
  const data = ipfix({ domain: 2 ** 32 - 1 }, set(256, octets(start, [5, 4], [0, 1], [6, 1])));
  const [record] = decodeFrom(after, '2001:db8::1', arrival, 0, data);
  expect(record).toMatchObject({ reverseBytes: 5, packets: 6 });
  expect(after.templates()).toEqual(before.templates());
});
