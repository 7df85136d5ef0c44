import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextSet } from './text-set.ts';

const text = fc.oneof(fc.string({ maxLength: 5, unit: 'grapheme' }), fc.constantFrom('', 'a', '/etc', 'é'));

test('is the set of its texts', () => {
  fc.assert(
    fc.property(fc.array(text), text, (texts, other) => {
      const set = new TextSet(texts);
      expect(texts.every((one) => set.has(one))).toBe(true);
      expect(set.has(other)).toBe(texts.includes(other));
      expect(set.has(undefined)).toBe(false);
    }),
  );
});
