import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyIndex } from './key-index.ts';

test('it is what a plain list of pairs says, and keeps nothing of what is gone', () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
  const step = fc.record({ value: fc.integer({ min: 0, max: 4 }), keys: fc.option(keys) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const index = new KeyIndex<number>();
      const plain = new Map<number, readonly string[]>();
      for (const { value, keys } of steps) {
        if (keys === null) {
          index.delete(value);
          plain.delete(value);
        } else {
          index.put(value, keys);
          plain.set(value, keys);
        }
      }
      for (const key of ['a', 'b', 'c', 'd']) {
        const expected = [...plain].filter(([, has]) => has.includes(key)).map(([value]) => value);
        expect([...(index.get(key) ?? [])].sort()).toEqual(expected.sort());
      }
      expect(index.size).toBe(new Set([...plain.values()].flat()).size);
    }),
  );
});
