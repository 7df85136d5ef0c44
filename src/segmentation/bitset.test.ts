import fc from 'fast-check';
import { expect, test } from 'vitest';
import { add, emptyBitset, fullBitset, has, intersect, isEmpty, members, unite, without } from './bitset.ts';

const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 99 }));

function of(list: readonly number[]) {
  const set = emptyBitset(100);
  for (const n of list) add(set, n);
  return set;
}

test('behaves as a Set of integers', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const [setA, setB] = [of(a), of(b)];
      const sorted = (list: Iterable<number>) => [...list].sort((x, y) => x - y);
      expect([...members(setA)]).toEqual(sorted(a));
      expect([...members(intersect(setA, setB))]).toEqual(sorted(a.filter((n) => b.includes(n))));
      expect([...members(unite(setA, setB))]).toEqual(sorted(new Set([...a, ...b])));
      expect([...members(without(setA, setB))]).toEqual(sorted(a.filter((n) => !b.includes(n))));
      expect(isEmpty(setA)).toBe(a.length === 0);
      for (let n = 0; n < 100; n++) expect(has(setA, n)).toBe(a.includes(n));
    }),
    { numRuns: 200 },
  );
});

test.each([0, 1, 31, 32, 33, 64, 100])('full set of %i', (size) => {
  expect([...members(fullBitset(size))]).toEqual(Array.from({ length: size }, (_, i) => i));
});
