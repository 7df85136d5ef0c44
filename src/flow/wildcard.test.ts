import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wildcard } from './wildcard.ts';

test('agrees with a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (glob, subject) => {
      const regex = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      expect(wildcard(glob)(subject)).toBe(regex.test(subject));
    }),
    { numRuns: 2000 },
  );
});

test('letter case is free; a hostile pattern costs no time', () => {
  expect(wildcard('SHOP/*end')('shop/frontEND')).toBe(true);
  expect(wildcard('*a'.repeat(500))('a'.repeat(400))).toBe(false);
});
