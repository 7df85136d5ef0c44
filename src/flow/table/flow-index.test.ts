import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowIndex } from './flow-index.ts';

test('the index finds what a plain map finds, whatever collides and however it grows', () => {
  // Hashes that lie together, at the end of the table too, make long runs.
  const hash = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.integer());
  const step = fc.record({ slot: fc.nat(40), hash, bulk: fc.nat(60).map((n) => (n === 0 ? 800 : 0)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const index = new FlowIndex();
      const hashes = new Map<number, number>();
      let next = 1000;
      for (const { slot, hash: value, bulk } of steps) {
        const known = hashes.get(slot);
        if (known === undefined) {
          index.insert(value, slot);
          hashes.set(slot, value);
        } else {
          index.remove(known, slot);
          index.remove(known, slot);
          hashes.delete(slot);
        }
        for (let i = 0; i < bulk; i++) {
          hashes.set(next, Math.imul(next, 0x9e3779b1) >> (i & 15));
          index.insert(hashes.get(next)!, next++);
        }
        expect(index.size).toBe(hashes.size);
      }
      const rows = { has: (slot: number, key: number) => slot === key };
      for (const [slot, value] of hashes) expect(index.find(value, rows, slot)).toBe(slot);
      expect(index.find(1, rows, 999_999)).toBe(-1);
    }),
    { numRuns: 100 },
  );
});
