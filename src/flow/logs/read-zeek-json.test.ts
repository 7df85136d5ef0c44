import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';

const record = {
  ts: 1_700_000_000.123456,
  uid: 'CAbc1',
  'id.orig_h': '2001:db8::7',
  'id.orig_p': 40_000,
  'id.resp_h': '2001:db8::9',
  'id.resp_p': 22,
  proto: 'tcp',
  duration: 2.5,
  conn_state: 'REJ',
  history: 'Sr',
  orig_pkts: 1,
  orig_ip_bytes: 60,
  resp_pkts: 1,
  resp_ip_bytes: 40,
};

test('a refused connection; times in each of the three forms of Zeek', () => {
  const { format, json } = readAll(
    jsonLines(record, { ...record, ts: '2023-11-14T22:13:20.123456Z' }, { ...record, ts: 1_700_000_000_123 }),
  );
  expect(format).toBe('zeek-json');
  expect(json[0]).toMatchObject({
    id: 'CAbc1',
    state: 'refused',
    source: { address: '2001:db8::7', port: 40_000 },
    openedAt: 1_700_000_000_123.456,
    closedAt: 1_700_000_002_623.456,
    sent: { packets: 1, bytes: 60, tcpFlags: 2 },
    received: { packets: 1, bytes: 40, tcpFlags: 4 },
    observation: { by: 'zeek' },
  });
  expect(json[1]?.openedAt).toBe(1_700_000_000_123.456);
  expect(json[2]?.openedAt).toBe(1_700_000_000_123);
});

test('other logs of Zeek between them are passed over and counted', () => {
  const dns = { ts: 1, uid: 'C2', 'id.orig_h': '198.51.100.1', query: 'example.org' };
  const { flows, counts } = readAll(
    jsonLines(dns, { _path: 'conn', ...record }, { _path: 'http', ...record }, record),
  );
  expect(flows).toHaveLength(2);
  expect(counts.skipped).toEqual({ 'of another log of Zeek': 2 });
});

test('what is wrong is counted by reason, with its line', () => {
  const text = `${jsonLines(record)}{"ts": \n${jsonLines({ ...record, 'id.orig_h': 7 }, [1])}`;
  const { flows, counts } = readAll(text);
  expect(flows).toHaveLength(1);
  expect(counts.problems).toEqual([
    { line: 2, reason: 'not JSON' },
    { line: 3, reason: 'no address of one end, or none that can be read' },
    { line: 4, reason: 'not a JSON object' },
  ]);
});
