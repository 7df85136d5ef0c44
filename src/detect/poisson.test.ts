import { expect, test } from 'vitest';
import { poissonUpperBound } from './poisson.ts';

// Half of the 0.95 quantile of chi squared with 2 (n + 1) degrees of freedom, from printed tables.
test.each([
  [0, 2.9957],
  [1, 4.7439],
  [2, 6.2958],
  [3, 7.7537],
  [4, 9.1535],
  [5, 10.513],
  [9, 15.7052],
  [14, 21.8865],
])('of %s events the mean is at most %s', (count, bound) => {
  expect(poissonUpperBound(count, 0.95)).toBeCloseTo(bound, 3);
});

test('of very many it is near that of a normal distribution', () => {
  for (const count of [1000, 100_000])
    expect(Math.abs((poissonUpperBound(count, 0.95) - count) / Math.sqrt(count) - 1.645)).toBeLessThan(0.06);
});

test('fewer events than the bound are seen by chance in one of twenty recordings', () => {
  let state = 9;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const mean = poissonUpperBound(3, 0.95);
  let few = 0;
  for (let run = 0; run < 20_000; run++) {
    let [count, time] = [0, -Math.log(next())];
    while (time < mean) {
      count++;
      time -= Math.log(next());
    }
    if (count <= 3) few++;
  }
  expect(few / 20_000).toBeCloseTo(0.05, 2);
});
