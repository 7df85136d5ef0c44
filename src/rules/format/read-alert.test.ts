import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { falcoData } from '../regression/cases.fixture.ts';
import { priorities } from '../rule-set.ts';
import { type AlertOptions, alertJson, defaultAlertOptions, type RuleAlert } from './alert.ts';
import { readAlerts } from './read-alert.ts';

const sent = {
  hostname: 'edge-1',
  output: '14:13:20.123456789: Notice shell in x (user=root)',
  priority: 'Notice',
  rule: 'Terminal shell in container',
  source: 'syscall',
  tags: ['shell', 'container'],
  time: '2026-09-21T14:13:20.123456789Z',
};

test('an alert of Falco, number by number', () => {
  const fields =
    '{"evt.time":1790000000123456789,"fd.num":18446744073709551615,"x":1.50,"proc.name":"b\\u0061sh","n":null,"l":[1,{"a":"b"}]}';
  const text = `${JSON.stringify(sent).slice(0, -1)},"output_fields":${fields}}`;
  expect(readAlerts(text)).toEqual({
    faults: [],
    undecodable: 0,
    alerts: [
      {
        rule: {
          name: 'Terminal shell in container',
          priority: 'Notice',
          source: 'syscall',
          tags: ['shell', 'container'],
        },
        time: 1_790_000_000_123_456_789n,
        hostname: 'edge-1',
        message: 'shell in x (user=root)',
        fields: new Map([
          ['fd.num', '18446744073709551615'],
          ['x', '1.50'],
          ['proc.name', '"b\\u0061sh"'],
          ['n', 'null'],
          ['l', '[1,{"a":"b"}]'],
        ]),
      },
    ],
  });
});

test.each<[string, object, Partial<RuleAlert>]>([
  ['message goes before output', { message: 'm' }, { message: 'm' }],
  ['an output without a head', { output: 'plain' }, { message: 'plain' }],
  [
    'a head of another priority is part of the message',
    { output: '14:13:20.123456789: Error x' },
    { message: '14:13:20.123456789: Error x' },
  ],
  [
    'an output in ISO time',
    { output: '2016-08-04T16:17:57.881781397+0000: Notice y: Notice z' },
    { message: 'y: Notice z' },
  ],
  ['no output at all', { output: undefined }, { message: '' }],
  ['no hostname', { hostname: undefined }, { hostname: '' }],
  [
    'the time among the fields',
    { time: undefined, output_fields: { 'evt.time': 12 } },
    { time: 12n, fields: new Map() },
  ],
  [
    'another time among the fields',
    { output_fields: { 'evt.time': 12 } },
    { fields: new Map([['evt.time', '12']]) },
  ],
])('%s', (_, change, wanted) => {
  expect(readAlerts(JSON.stringify({ ...sent, ...change })).alerts).toEqual([
    expect.objectContaining(wanted),
  ]);
});

test.each(['error', 'ERROR', 'Error'])('priority %s', (priority) => {
  expect(readAlerts(JSON.stringify({ ...sent, priority })).alerts[0]?.rule.priority).toBe('Error');
});

test('Info is Informational', () => {
  expect(readAlerts(JSON.stringify({ ...sent, priority: 'Info' })).alerts[0]?.rule.priority).toBe(
    'Informational',
  );
});

test.each([
  ['no JSON', '{"rule"', /JSON/],
  ['no object', '[3]', /no JSON object/],
  ['a text', '"x"', /no JSON object/],
  ['nested beyond the stack', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, /./],
  ['no rule', JSON.stringify({ ...sent, rule: undefined }), /names no rule/],
  ['no priority', JSON.stringify({ ...sent, priority: undefined }), /no priority: none is given/],
  ['an unknown priority', JSON.stringify({ ...sent, priority: 'Bad' }), /no priority: "Bad"/],
  ['a bad time', JSON.stringify({ ...sent, time: 'now' }), /no time in RFC 3339: "now"/],
  ['no time', JSON.stringify({ ...sent, time: undefined }), /no time in RFC 3339: none is given/],
  ['a long name', JSON.stringify({ ...sent, rule: 'x'.repeat(300) }), /rule is longer than 256/],
  ['a long source', JSON.stringify({ ...sent, source: 'x'.repeat(300) }), /source is longer than 256/],
  ['a long host', JSON.stringify({ ...sent, hostname: 'x'.repeat(300) }), /hostname is longer than 256/],
  ['a long tag', JSON.stringify({ ...sent, tags: ['x'.repeat(300)] }), /a tag is longer than 256/],
  ['many tags', JSON.stringify({ ...sent, tags: Array(101).fill('T1003') }), /more than 100 tags/],
  [
    'a long name of a field',
    JSON.stringify({ ...sent, output_fields: { ['x'.repeat(300)]: 1 } }),
    /the name of an output field is longer than 256/,
  ],
  ['a rule that is no text', JSON.stringify({ ...sent, rule: 7 }), /rule is no text/],
  ['tags that are none', JSON.stringify({ ...sent, tags: [1] }), /tags is no list/],
  ['fields that are none', JSON.stringify({ ...sent, output_fields: [] }), /output_fields is no object/],
  [
    'deep fields',
    JSON.stringify({ ...sent, output_fields: { a: JSON.parse(`${'['.repeat(30)}${']'.repeat(30)}`) } }),
    /nested deeper than 20/,
  ],
])('%s is told', (_, text, message) => {
  expect(readAlerts(text)).toEqual({
    alerts: [],
    faults: [{ item: 1, message: expect.stringMatching(message) }],
    undecodable: 1,
  });
});

test('lines and arrays; what is sound is kept beside what is not', () => {
  const one = JSON.stringify(sent);
  expect(readAlerts(`${one}\nnothing\n\n${one}\n`)).toMatchObject({
    alerts: [{}, {}],
    faults: [{ item: 2 }],
  });
  expect(readAlerts(`[${one},{},${one}]`)).toMatchObject({ alerts: [{}, {}], faults: [{ item: 2 }] });
});

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
);
const text = fc.string({ unit: 'binary' });
const alerts: fc.Arbitrary<RuleAlert> = fc.record({
  rule: fc.record({
    name: fc.string({ unit: 'grapheme', minLength: 1 }),
    priority: fc.constantFrom(...priorities),
    source: fc.string({ minLength: 1 }),
    tags: fc.uniqueArray(text),
  }),
  time: fc.bigInt({ min: 0n, max: 4_102_444_800_000_000_000n }),
  hostname: text,
  message: text,
  fields: fc.array(fc.tuple(text, json), { maxLength: 5 }).map((entries) => new Map(entries)),
});
const forms: fc.Arbitrary<AlertOptions> = fc
  .record({ jsonIncludeMessage: fc.boolean(), isoTime: fc.boolean() })
  .map((more) => ({ ...defaultAlertOptions, json: true, ...more }));

test('what is printed is read, and printed again as it came', () => {
  fc.assert(
    fc.property(alerts, forms, (alert, options) => {
      const line = alertJson(alert, options);
      const read = readAlerts(line);
      expect(read.faults).toEqual([]);
      expect(read.alerts.map((one) => alertJson(one, options))).toEqual([line]);
    }),
    { numRuns: 500 },
  );
});

const recorded = join(falcoData, 'regression/output_files/single_rule_with_cat_write.json');
test.skipIf(!existsSync(recorded))('what Falco itself wrote, member by member', () => {
  const lines = readFileSync(recorded, 'utf8').trim().split('\n');
  const { alerts: read, faults } = readAlerts(lines.join('\n'));
  expect(faults).toEqual([]);
  const options = { ...defaultAlertOptions, isoTime: true };
  // Falco 0.34 put the fields at the end.
  const members = (line: string) => Object.entries(JSON.parse(line)).sort(([a], [b]) => (a < b ? -1 : 1));
  expect(read.map((alert) => members(alertJson(alert, options)))).toEqual(lines.map(members));
});
