import { expect, test } from 'vitest';
import { isFalcoBefore } from './falco-release.ts';

test.each([
  ['0.36.2', true],
  ['v0.36', true],
  ['0.36.2-debian', true],
  ['0.37.0', false],
  ['1.0.0', false],
  ['latest', undefined],
  ['', undefined],
  ['0.x', undefined],
  [undefined, undefined],
])('%s before 0.37: %s', (tag, before) => expect(isFalcoBefore(tag, '0.37')).toBe(before));
