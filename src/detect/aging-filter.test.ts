import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish, mix } from '../flow/chained-index.ts';
import { AgingFilter } from './aging-filter.ts';

const day = 86_400_000;
const hashes = (key: number) => [finish(mix(1, key)), finish(mix(2, key))] as const;

test('holds what a set with times holds: never denies what was added within a span', () => {
  const step = fc.record({ key: fc.nat(40), after: fc.nat(day) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const filter = new AgingFilter(64, 10 * day);
      const addedAt = new Map<number, number>();
      let now = 0;
      for (const { key, after } of steps) {
        now += after;
        filter.add(...hashes(key), now);
        addedAt.set(key, now);
        for (const [other, at] of addedAt)
          if (now - at < 10 * day) expect(filter.has(...hashes(other))).toBe(true);
      }
    }),
  );
});

test('forgets what was not added for two spans', () => {
  const filter = new AgingFilter(64, day);
  filter.add(...hashes(1), 0);
  filter.add(...hashes(2), day);
  expect(filter.has(...hashes(1))).toBe(true);
  filter.add(...hashes(3), 2 * day);
  expect([1, 2, 3].map((key) => filter.has(...hashes(key)))).toEqual([false, true, true]);
  filter.add(...hashes(4), 9 * day);
  expect([2, 3, 4].map((key) => filter.has(...hashes(key)))).toEqual([false, false, true]);
  expect(filter.cutShort).toBe(0);
});

test('full, it takes one in about 1700 for known by each generation', () => {
  const filter = new AgingFilter(16_384, day);
  const known = (from: number) => {
    let count = 0;
    for (let key = from; key < from + 200_000; key++) if (filter.has(...hashes(key))) count++;
    return count / 200_000;
  };
  for (let key = 0; key < 16_000; key++) filter.add(...hashes(key), 0);
  const one = (1 - Math.exp(-8 / 16)) ** 8;
  expect(known(1_000_000)).toBeGreaterThan(one / 2);
  expect(known(1_000_000)).toBeLessThan(one * 1.5);
  for (let key = 0; key < 16_000; key++) filter.add(...hashes(100_000 + key), day);
  expect(known(1_000_000)).toBeLessThan(one * 3);
});

test('a flood of keys ends a span early, which is counted, and memory stays as it is', () => {
  const filter = new AgingFilter(1024, day);
  const { bytes } = filter;
  expect(bytes).toBe(2 * 1024 * 2);
  for (let key = 0; key < 100_000; key++) filter.add(...hashes(key), key);
  expect(filter.bytes).toBe(bytes);
  expect(filter.cutShort).toBeGreaterThan(90);
  expect(filter.has(...hashes(99_999))).toBe(true);
  expect(filter.has(...hashes(1))).toBe(false);
});
