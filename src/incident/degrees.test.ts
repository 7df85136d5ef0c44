import { expect, test } from 'vitest';
import { Degrees } from './degrees.ts';

const degrees = (most = 3, maxEntities = 100) => new Degrees({ most, forgetMs: 1000, maxEntities });

test('who has many takers, and who stands between many and many', () => {
  const some = degrees();
  for (let n = 0; n < 4; n++) some.note(`x${n}`, 'proxy', 0);
  expect([some.hasManyTakers('proxy'), some.isHub('proxy')]).toEqual([true, false]);
  for (let n = 0; n < 4; n++) some.note('proxy', `b${n}`, 0);
  expect(some.isHub('proxy')).toBe(true);
  expect([some.hasManyTakers('b0'), some.isHub('x0'), some.isHub('nobody')]).toEqual([false, false, false]);
});

test('the same pair counts once, and only for a time', () => {
  const some = degrees();
  for (let n = 0; n < 10; n++) some.note('x', 'plc', n);
  expect(some.hasManyTakers('plc')).toBe(false);
  for (let n = 0; n < 4; n++) some.note(`x${n}`, 'plc', 400 * n);
  expect(some.hasManyTakers('plc')).toBe(false);
});

test('very many are bounded: the ones not met for longest go, and are counted', () => {
  const some = degrees(3, 50);
  for (let n = 0; n < 10_000; n++) some.note(`x${n}`, 'plc', 0);
  expect(some.size).toBe(50);
  expect(some.evicted).toBe(10_001 - 50);
  expect(some.hasManyTakers('plc')).toBe(true);
});
