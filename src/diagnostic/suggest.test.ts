import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from './suggest.ts';

/** The recursive definition of the optimal string alignment distance. */
function naive(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const same = a.at(-1) === b.at(-1) ? 0 : 1;
  const costs = [
    naive(a.slice(0, -1), b) + 1,
    naive(a, b.slice(0, -1)) + 1,
    naive(a.slice(0, -1), b.slice(0, -1)) + same,
  ];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
    costs.push(naive(a.slice(0, -2), b.slice(0, -2)) + 1);
  }
  return Math.min(...costs);
}

describe('editDistance', () => {
  test('is what the recursive definition says', () => {
    const word = fc.stringMatching(/^[abc]{0,5}$/);
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(naive(a, b));
      }),
    );
  });
});

describe('nearest', () => {
  const fields = ['podSelector', 'policyTypes', 'ingress', 'egress'];

  test.each([
    ['podSelecter', 'podSelector'],
    ['podselector', 'podSelector'],
    ['ingres', 'ingress'],
    ['inrgess', 'ingress'],
    ['POLICYTYPES', 'policyTypes'],
  ])('%s means %s', (word, meant) => expect(nearest(word, fields)).toBe(meant));

  test.each(['replicas', 'x', '', 'ports', 'a'.repeat(500)])('%s means none', (word) =>
    expect(nearest(word, fields)).toBeUndefined(),
  );

  test('the nearest wins, the first of equals', () => {
    expect(nearest('egres', fields)).toBe('egress');
    expect(nearest('cat', ['car', 'cut'])).toBe('car');
  });
});
