import { expect, test } from 'vitest';
import { readAll } from './read.fixture.ts';

const fields =
  'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes vlan inner_vlan community_id ip_proto'.split(
    ' ',
  );
const usual: Readonly<Record<string, string>> = {
  ts: '1700000000.123456',
  uid: 'CAbc1',
  'id.orig_h': '198.51.100.7',
  'id.orig_p': '40000',
  'id.resp_h': '203.0.113.9',
  'id.resp_p': '443',
  proto: 'tcp',
  duration: '1.500001',
  orig_bytes: '100',
  resp_bytes: '2000',
  conn_state: 'SF',
  history: 'ShADadFf',
  orig_pkts: '10',
  orig_ip_bytes: '620',
  resp_pkts: '12',
  resp_ip_bytes: '2624',
};
const head = (names: readonly string[], separator = '\t') =>
  [
    `#separator ${separator === '\t' ? '\\x09' : separator}`,
    ['#set_separator', ','].join(separator),
    ['#empty_field', '(empty)'].join(separator),
    ['#unset_field', '-'].join(separator),
    ['#path', 'conn'].join(separator),
    ['#fields', ...names].join(separator),
    '',
  ].join('\n');
const record = (values: Readonly<Record<string, string>> = {}, names = fields, separator = '\t') =>
  `${names.map((name) => values[name] ?? usual[name] ?? '-').join(separator)}\n`;
const one = (values: Readonly<Record<string, string>>) => readAll(head(fields) + record(values)).json[0];

test('a connection that came to its end', () => {
  const { format, json, counts } = readAll(`${head(fields) + record()}#close\t2026-01-01-00-00-00\n`);
  expect(format).toBe('zeek');
  expect(json).toEqual([
    {
      id: 'CAbc1',
      protocol: 'tcp',
      source: { address: '198.51.100.7', port: 40_000 },
      destination: { address: '203.0.113.9', port: 443 },
      state: 'closed',
      seenBy: 'network',
      openedAt: 1_700_000_000_123.456,
      closedAt: 1_700_000_001_623.457,
      reachedDestination: true,
      preexisting: false,
      lastAt: 1_700_000_001_623.457,
      sent: { packets: 10, bytes: 620, tcpFlags: 0x13 },
      received: { packets: 12, bytes: 2624, tcpFlags: 0x13 },
      observation: { by: 'zeek', exporter: 'x.log' },
    },
  ]);
  expect(counts).toMatchObject({ lines: 8, headers: 7, flows: 1, dropped: {}, skipped: {} });
});

test.each([
  ['S0', 'timed-out'],
  ['S1', 'established'],
  ['S2', 'established'],
  ['S3', 'established'],
  ['SF', 'closed'],
  ['REJ', 'refused'],
  ['RSTO', 'closed'],
  ['RSTR', 'closed'],
  ['RSTOS0', 'aborted'],
  ['RSTRH', 'closed'],
  ['SH', 'timed-out'],
  ['SHR', 'closed'],
  ['OTH', 'established'],
])('a TCP connection with conn_state %s is %s', (conn_state, state) => {
  expect(one({ conn_state })).toMatchObject({ state, preexisting: conn_state === 'OTH' });
});

test('datagrams are established when there was an answer', () => {
  expect(one({ proto: 'udp', history: 'Dd' })).toMatchObject({ state: 'established', protocol: 'udp' });
  expect(one({ proto: 'udp', conn_state: 'S0', resp_pkts: '0' })?.state).toBe('unanswered');
  expect(one({ proto: 'udp' })?.sent).toEqual({ packets: 10, bytes: 620 });
});

test('ICMP has type and code where others have ports', () => {
  const icmp = (origin: string, response: string, more = {}) =>
    one({ proto: 'icmp', 'id.orig_p': origin, 'id.resp_p': response, conn_state: 'OTH', ...more });
  expect(icmp('8', '0')).toMatchObject({ protocol: 'icmp', icmp: { type: 8, code: 0 }, source: { port: 0 } });
  expect(icmp('13', '14')?.icmp).toEqual({ type: 13, code: 0 });
  expect(icmp('3', '3')?.icmp).toEqual({ type: 3, code: 3 });
  expect(icmp('128', '129', { 'id.orig_h': '2001:db8::1', 'id.resp_h': '2001:db8::2' })).toMatchObject({
    protocol: 'ipv6-icmp',
    icmp: { type: 128, code: 0 },
  });
});

test('fields may stand in any order and be separated by anything', () => {
  const turned = [...fields].reverse();
  expect(readAll(head(turned) + record({}, turned)).json).toEqual(readAll(head(fields) + record()).json);
  expect(readAll(head(fields, '|') + record({}, fields, '|')).json).toEqual(
    readAll(head(fields) + record()).json,
  );
});

test('VLANs, Community ID and the number of the protocol', () => {
  expect(
    one({
      vlan: '100',
      inner_vlan: '7',
      community_id: '1:LQU9qZlK+B5F3KDmev6m5PMibrg=',
      proto: 'unknown_transport',
      ip_proto: '47',
    }),
  ).toMatchObject({ vlans: [100, 7], communityId: '1:LQU9qZlK+B5F3KDmev6m5PMibrg=', protocol: 'gre' });
});

test('bytes are those of the payload where Zeek logged no others', () => {
  expect(one({ orig_ip_bytes: '-' })?.sent?.bytes).toBe(100);
  expect(one({ orig_pkts: '-' })).not.toHaveProperty('sent');
});

test.each([
  [{ 'id.resp_h': 'example.org' }, 'no address of one end, or none that can be read'],
  [{ ts: '-' }, 'no time that can be read'],
  [{ proto: 'tpc' }, 'no protocol that is known'],
  [{ 'id.resp_p': '70000' }, 'a port that is none'],
  [{ conn_state: 'S9' }, 'a conn_state that is none'],
] as const)('%o cannot be read', (values, reason) => {
  const { flows, counts } = readAll(head(fields) + record() + record(values) + record());
  expect(flows).toHaveLength(2);
  expect(counts).toMatchObject({ dropped: { [reason]: 1 }, problems: [{ line: 8, reason }] });
});

test('a record that was cut off, a log without #fields, and logs of other things', () => {
  expect(readAll(head(fields) + record() + record().slice(0, 40)).counts).toMatchObject({
    flows: 1,
    dropped: { 'fewer fields than #fields names': 1 },
  });
  expect(readAll(`#separator \\x09\n${record()}`).counts.dropped).toEqual({ 'before any #fields': 1 });
  expect(readAll((head(fields) + record()).replace('path\tconn', 'path\tdns')).counts.skipped).toEqual({
    'of another log of Zeek': 1,
  });
  expect(readAll(`${head(['ts', 'uid'])}1.0\tC1\n`).counts.dropped).toEqual({
    '#fields without ts, id.orig_h or id.resp_h': 1,
    'before any #fields': 1,
  });
});

test('logs one after another in one file, each with its own header', () => {
  const few = ['id.resp_h', 'ts', 'id.orig_h', 'proto'];
  const { json, counts } = readAll(head(fields) + record() + head(few) + record({}, few));
  expect(json).toHaveLength(2);
  expect(json[1]).toMatchObject({ id: 'x.log:14', state: 'attempted', destination: { port: 0 } });
  expect(counts.dropped).toEqual({});
});

test('lines that end as on Windows, a byte order mark, and bytes that are no UTF-8', () => {
  const text = `\ufeff${head(fields)}${record()}`.replaceAll('\n', '\r\n');
  expect(readAll(text).flows).toHaveLength(1);
  const bytes = Buffer.from(head(fields) + record({ service: 'ssl?' }));
  bytes[bytes.indexOf('ssl?') + 3] = 0xff;
  expect(readAll(bytes).flows).toHaveLength(1);
});
