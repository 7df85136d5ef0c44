import { expect, test } from 'vitest';
import { baselineOf, compareWithBaseline, readBaseline } from './baseline.ts';
import type { Diagnostic } from './diagnostic.ts';
import { LineIndex } from './position.ts';

const index = new LineIndex('one\ntwo\nthree\n');
const found = (message: string, offset: number, file = 'a.yaml'): Diagnostic => ({
  code: 'PKT9001',
  severity: 'warning',
  class: 'provable',
  message,
  span: index.span(file, offset, offset + 1),
  related: [],
});

const before = [found('x', 0), found('x', 4), found('y', 8), found('x', 0, 'b.yaml')];

test('findings that moved are known; more of a kind are new', () => {
  const baseline = baselineOf(before);
  const third = found('x', 9);
  const compared = compareWithBaseline([found('x', 5), found('x', 6), third, found('y', 1)], baseline);
  expect(compared.fresh).toEqual([third]);
  expect(compared.known).toHaveLength(3);
  expect(compared.gone).toEqual([{ code: 'PKT9001', file: 'b.yaml', message: 'x', count: 1 }]);
});

test('a baseline is the same text however the findings are ordered', () => {
  expect(JSON.stringify(baselineOf(before.toReversed()))).toBe(JSON.stringify(baselineOf(before)));
});

test('readBaseline takes what baselineOf made, through JSON, and nothing else', () => {
  const baseline = baselineOf(before);
  expect(readBaseline(JSON.parse(JSON.stringify(baseline)))).toEqual(baseline);
  for (const other of [null, 7, [], {}, { schemaVersion: 2, findings: [] }, { schemaVersion: 1 }]) {
    expect(readBaseline(other)).toBeUndefined();
  }
  expect(readBaseline({ schemaVersion: 1, findings: [{ code: 'PKT9001' }] })).toBeUndefined();
  expect(readBaseline({ schemaVersion: 1, findings: [null] })).toBeUndefined();
});
