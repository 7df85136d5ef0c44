import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeakyBucket } from './leaky-bucket.ts';

test('what comes at the rate of the leak, or slower, never overflows', () => {
  const bucket = new LeakyBucket(10_000);
  for (let n = 0; n < 1000; n++) expect(bucket.pour(n * 10_000)).toBe(1);
  expect(bucket.pour(9_990_000 + 5000)).toBe(1.5);
  // Out of order: nothing flows out.
  expect(bucket.pour(0)).toBe(2.5);
  bucket.empty();
  expect(bucket.pour(9_995_000)).toBe(1);
});

test('the level is that of a walk over all that came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30_000 }), { maxLength: 30 }), (gaps) => {
      const bucket = new LeakyBucket(10_000);
      let [at, level] = [0, 0];
      for (const gap of gaps) {
        at += gap;
        level = Math.max(0, level - gap / 10_000) + 1;
        expect(bucket.pour(at)).toBeCloseTo(level, 9);
      }
    }),
  );
});
