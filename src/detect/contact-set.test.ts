import { expect, test } from 'vitest';
import { finish } from '../flow/chained-index.ts';
import { ContactSet } from './contact-set.ts';

test('up to 64 contacts are exact', () => {
  const set = new ContactSet();
  for (let n = 0; n < 64; n++) expect(set.add(finish(n + 1))).toBe(true);
  for (let n = 0; n < 64; n++) expect(set.add(finish(n + 1))).toBe(false);
  expect(set.size).toBe(64);
});

test.each([
  [1000, 0.01],
  [3000, 0.08],
])('beyond, %i contacts are new but for a share below %d, and known ones are never new', (count, share) => {
  const set = new ContactSet();
  let isNew = 0;
  for (let n = 0; n < count; n++) if (set.add(finish(n * 7919))) isNew++;
  expect(isNew).toBeGreaterThan(count * (1 - share));
  for (let n = 0; n < count; n++) expect(set.add(finish(n * 7919))).toBe(false);
});

test.each([100, 1000, 5000, 20_000])('the number of %i contacts is estimated within 3 %%', (count) => {
  const set = new ContactSet();
  for (let n = 0; n < count; n++) set.add(finish(n * 104_729 + 13));
  expect(Math.abs(set.size - count) / count).toBeLessThan(0.03);
});

test('a set never costs more than 2.2 KB', () => {
  const set = new ContactSet();
  for (let n = 0; n < 500_000; n++) {
    set.add(finish(n));
    if (n % 1000 === 0) expect(set.bytes).toBeLessThanOrEqual(2200);
  }
  expect(Number.isFinite(set.size)).toBe(true);
});
