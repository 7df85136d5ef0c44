import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatDuration,
  isInterfaceName,
  isPartName,
  parseDuration,
  parseLimit,
  refillSeconds,
} from './values.ts';

test('rates', () => {
  expect(parseLimit('10/minute')).toEqual({ count: 10, period: 'minute', burst: 10, perSource: false });
  expect(parseLimit('5/second per source burst 20')).toEqual({
    count: 5,
    period: 'second',
    burst: 20,
    perSource: true,
  });
  for (const text of [
    '',
    '0/second',
    '10',
    '10/min',
    '10 / minute',
    '1/day burst 0',
    '-1/hour',
    '10/minute per host',
  ])
    expect(parseLimit(text), text).toBeUndefined();
  expect(refillSeconds(parseLimit('10/minute burst 20')!)).toBe(120);
  expect(refillSeconds(parseLimit('1000/second burst 1')!)).toBe(1);
});

test('times are written as they are read', () => {
  expect([parseDuration('90s'), parseDuration('1h30m'), parseDuration('2d')]).toEqual([90, 5400, 172_800]);
  for (const text of ['', '0s', '5', '1w', '30m1h', '367d', '1.5h', '99999999999d'])
    expect(parseDuration(text), text).toBeUndefined();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 366 * 86_400 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds))).toBe(seconds);
    }),
  );
});

test('names of interfaces, zones and block sets', () => {
  for (const text of ['eth0', 'vlan*', 'br-1.2', 'wg0@x', 'abcdefghijklmno', 'abcdefghijklmno*'])
    expect(isInterfaceName(text), text).toBe(true);
  for (const text of ['', '*', 'a b', 'a/b', 'a"b', 'a;b', 'abcdefghijklmnop', 'eth*0', '..', 'a\nb', 'é'])
    expect(isInterfaceName(text), text).toBe(false);
  for (const text of ['lan', 'a', 'far-2']) expect(isPartName(text), text).toBe(true);
  for (const text of ['', 'Lan', '2far', 'a_b', 'a b', 'a}', 'a'.repeat(32)])
    expect(isPartName(text), text).toBe(false);
});
