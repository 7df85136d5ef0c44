import { expect, test } from 'vitest';
import { jsonLines, readAll } from './read.fixture.ts';
import { recognizeFlowLog } from './read-flow-log.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const conn = {
  ts: 1,
  uid: 'C',
  'id.orig_h': '198.51.100.1',
  'id.resp_h': '198.51.100.2',
  proto: 'udp',
  orig_pkts: 1,
};

test.each([
  [
    'a log of audit events',
    jsonLines({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID: 'a', verb: 'get' }),
  ],
  [
    'alerts of Falco',
    jsonLines({ output: 'x', priority: 'Notice', rule: 'r', time: '2026-01-02T03:04:05Z' }),
  ],
  ['a manifest', 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n'],
  ['a manifest in JSON', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }, null, 2)],
  ['words', 'version control is a start and an end of bytes\n'],
  ['nothing', ''],
  ['zeros', '\u0000'.repeat(1000)],
])('%s is no log of flows', (_, text) => {
  expect(recognizeFlowLog(bytes(text))).toBeUndefined();
});

test('a beginning is enough, wherever it is cut', () => {
  const text = jsonLines(...Array.from({ length: 50 }, () => conn));
  for (const length of [200, 1_000, 1_001, 4_000]) {
    expect(recognizeFlowLog(bytes(text).subarray(0, length))?.id).toBe('zeek-json');
  }
});

test('what stands before the first record that tells the format is counted', () => {
  const { format, counts } = readAll(`\n{"hello":1}\n\n${jsonLines(conn)}`);
  expect(format).toBe('zeek-json');
  expect(counts).toMatchObject({
    lines: 4,
    blank: 2,
    flows: 1,
    dropped: { 'before anything that tells what log it is': 1 },
  });
});

test('a log of no format is given up after a while', () => {
  const { isUnknown, flows } = readAll(`${'some text\n'.repeat(100)}${jsonLines(conn)}`);
  expect([isUnknown, flows]).toEqual([true, []]);
});

test('problems are kept one by one up to a limit, and all counted', () => {
  const { counts } = readAll(`${jsonLines(conn)}${'{\n'.repeat(50)}`, { maxProblems: 3 });
  expect(counts.problems.map(({ line }) => line)).toEqual([2, 3, 4]);
  expect(counts.dropped).toEqual({ 'not JSON': 50 });
});

test('a record that is too long is dropped, and the next one read', () => {
  const long = { ...conn, service: 'x'.repeat(5_000) };
  const dropped = { 'longer than a record may be': 1 };
  expect(readAll(jsonLines(conn, long, conn), { maxRecord: 1_000 }).counts).toMatchObject({
    flows: 2,
    dropped,
  });
  const list = JSON.stringify([conn, long, conn], null, 2);
  expect(readAll(list, { maxRecord: 1_000 }).counts.flows).toBe(2);
});
