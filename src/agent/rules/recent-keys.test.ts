import { expect, test } from 'vitest';
import { RecentKeys } from './recent-keys.ts';

test('keys are known until as many newer ones came as there is room for', () => {
  const recent = new RecentKeys(2);
  expect([recent.seen('a'), recent.seen('b'), recent.seen('a'), recent.seen('c')]).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(recent.evicted).toBe(1);
  expect([recent.seen('a'), recent.seen('b')]).toEqual([true, false]);
});
