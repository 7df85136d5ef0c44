import { expect, test } from 'vitest';
import { stalePages } from '../reference.ts';

test('invariant 5: the reference pages are what the registries say', () => {
  expect(stalePages(), 'run node tools/reference.ts').toEqual([]);
});
