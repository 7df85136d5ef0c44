import { expect, test } from 'vitest';
import type { AlertJson } from '../../src/detect/json.ts';
import { type Expected, score } from './truth.ts';

const expected: Expected = {
  name: 'scan',
  tool: 'nmap',
  site: 'shop',
  detector: 'port-scan',
  entity: '192.0.2.5',
  from: 1_000_000,
  until: 1_010_000,
  within: 60_000,
};

function alert(changes: Partial<AlertJson> = {}): AlertJson {
  return {
    detector: 'port-scan',
    entity: '192.0.2.5',
    title: 'Port scan',
    firstAt: 1_005_000,
    ...changes,
  } as AlertJson;
}

test('an alert of the right detector and entity in time is a find, with its delay', () => {
  const { attacks, wrong } = score([alert()], [expected]);
  expect(attacks[0]).toMatchObject({ delay: 5000, alert: { detector: 'port-scan' } });
  expect(wrong).toEqual([]);
});

test.each([
  ['another entity', { entity: '192.0.2.6' }],
  ['another detector', { detector: 'beacon' }],
  ['before it began', { firstAt: 999_999 }],
  ['long after it was over', { firstAt: 1_010_000 + 3_600_001 }],
])('%s is neither a find nor explained', (_, changes) => {
  const { attacks, wrong } = score([alert(changes)], [expected]);
  expect(attacks[0]!.alert).toBeUndefined();
  expect(wrong).toHaveLength(1);
});

test('too late is no find, but explained', () => {
  const { attacks, wrong } = score([alert({ firstAt: 1_060_001 })], [expected]);
  expect(attacks[0]!.alert).toBeUndefined();
  expect(wrong).toEqual([]);
});

test('an alert must be about what the attack was about, where that is stated', () => {
  const about = { ...expected, about: '203.0.113.5' };
  expect(score([alert()], [about]).wrong).toHaveLength(1);
  expect(score([alert({ title: 'Port scan of 203.0.113.5' })], [about]).wrong).toEqual([]);
});
