import { expect, test } from 'vitest';
import { ContainerCache } from './cache.ts';

const listed = (...ids: string[]) => ids.map((id) => ({ id, state: 1 }));

test('the one that was not asked for longest makes room, and is counted', () => {
  const cache = new ContainerCache(2, 1000);
  for (const id of ['a', 'b']) cache.set({ id }, 1);
  cache.get('a');
  cache.set({ id: 'c' }, 1);
  expect(['a', 'b', 'c'].map((id) => cache.get(id)?.id)).toEqual(['a', undefined, 'c']);
  expect(cache.evicted).toBe(1);
});

test('what is set anew takes no more room', () => {
  const cache = new ContainerCache(2, 1000);
  for (const id of ['a', 'b', 'a', 'b']) cache.set({ id }, 1);
  expect(cache).toMatchObject({ size: 2, evicted: 0 });
});

test('a list tells what is new and what has changed', () => {
  const cache = new ContainerCache(9, 1000);
  expect(cache.compare(listed('a', 'b'), 0)).toEqual(['a', 'b']);
  cache.set({ id: 'a' }, 1);
  cache.set({ id: 'b' }, 0);
  expect(cache.compare(listed('a', 'b'), 1)).toEqual(['b']);
});

test('what is gone is remembered for a while', () => {
  const cache = new ContainerCache(9, 1000);
  for (const id of ['a', 'b', 'c']) cache.set({ id }, 1);
  cache.goes('a', 100);
  cache.compare(listed('b'), 500);
  expect(cache.size).toBe(3);
  cache.compare(listed('b'), 1100);
  expect(['a', 'b', 'c'].map((id) => cache.get(id)?.id)).toEqual([undefined, 'b', 'c']);
  // One that comes back, as after a list that was cut short, is there as before.
  cache.compare(listed('b', 'c'), 1400);
  cache.compare(listed('b'), 1600);
  cache.compare(listed('b'), 2500);
  expect(cache.size).toBe(2);
});
