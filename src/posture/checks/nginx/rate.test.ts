import { expect, test } from 'vitest';
import { rateLimitOf } from './rate.ts';

test.each([
  ['100', '1m', 'limit-rpm', 100, true],
  ['100', '60s', 'limit-rpm', 100, true],
  ['10', '1s', 'limit-rps', 10, true],
  ['10', '1', 'limit-rps', 10, true],
  ['100', '10s', 'limit-rps', 10, true],
  ['5', '10s', 'limit-rpm', 30, true],
  ['600', '1h', 'limit-rpm', 10, true],
  ['100', '1h', 'limit-rpm', 2, false],
  ['1', '1d', 'limit-rpm', 1, false],
] as const)('%s per %s', (count, window, name, value, exact) => {
  expect(rateLimitOf(count, window)).toEqual({ name, value, exact });
});

test.each([
  ['0', '1m'],
  ['ten', '1m'],
  ['10', ''],
  ['10', '0s'],
  ['10', '1w'],
  ['-1', '1m'],
])('no rate: %s per %s', (count, window) => expect(rateLimitOf(count, window)).toBeUndefined());
