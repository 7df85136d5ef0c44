import { expect, test } from 'vitest';
import { LossLog } from './loss-log.ts';

test('sums what was lost in a window over all sensors', () => {
  const log = new LossLog();
  log.note('a', 5, 1_000);
  log.note('b', 7, 2_000);
  log.note('a', 5, 2_500);
  log.note('a', 6, 3_000);
  expect(log.between(0, 10_000)).toBe(13);
  expect(log.between(1_500, 2_999)).toBe(7);
  expect(log.between(3_000, 3_000)).toBe(1);
  expect(log.total).toBe(13);
  expect(log.latest).toBe(3_000);
});

test('stays bounded and keeps amounts exact', () => {
  const log = new LossLog();
  for (let second = 1; second <= 20_000; second++) log.note('a', second, second * 1_000);
  expect(log.between(0, 20_000_000)).toBe(20_000);
  expect(log.between(19_999_000, 20_000_000)).toBe(2);
});
