import { describe, expect, test } from 'vitest';
import { ExtremeValue, type ExtremeValueOptions, fitTail } from './extreme-value.ts';

/** Numbers between 0 and 1 that are the same each time (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A distribution by its quantile function: the value that is exceeded with this probability. */
const distributions = {
  exponential: (p: number) => -Math.log(p),
  'heavy tail (Pareto, shape 0.25)': (p: number) => (p ** -0.25 - 1) / 0.25,
  'light tail (uniform)': (p: number) => 1 - p,
  'log-normal': (p: number) => Math.exp(normal(p)),
} as const;

/** Quantile of the normal distribution (Acklam's rational approximation of the middle would not do in the tail: bisection of erfc). */
function normal(p: number): number {
  let [low, high] = [-10, 10];
  for (let n = 0; n < 40; n++) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > p) low = middle;
    else high = middle;
  }
  return low;
}

/** Probability that a normal value is above `x` (Abramowitz and Stegun 7.1.26 is too coarse here: Lentz's continued fraction, 26.2.14). */
function upperTail(x: number): number {
  if (x < 0) return 1 - upperTail(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x > 2) {
    let fraction = x;
    for (let k = 40; k > 0; k--) fraction = x + k / fraction;
    return density / fraction;
  }
  let [term, sum] = [x, x];
  for (let k = 1; k < 60; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

const settings: ExtremeValueOptions = { risk: 1e-4, level: 0.98, learn: 1000, drift: 0 };

/** The same by brute force: keeps everything, and searches a grid for the tail of the greatest likelihood. */
function slowThreshold(values: readonly number[], { risk, level }: ExtremeValueOptions): number {
  const sorted = [...values].sort((x, y) => y - x);
  const count = Math.ceil((1 - level) * values.length);
  const quantile = sorted[count]!;
  const peaks = sorted.slice(0, count).map((value) => value - quantile);
  const mean = peaks.reduce((sum, value) => sum + value, 0) / count;
  let best = { likelihood: Number.NEGATIVE_INFINITY, shape: 0, scale: mean };
  for (let shape = -0.995; shape < 1; shape += 0.03) {
    for (let part = 0.2; part < 2.5; part *= 1.05) {
      const scale = part * mean;
      let likelihood = -count * Math.log(scale);
      for (const peak of peaks) likelihood -= (1 + 1 / shape) * Math.log(1 + (shape * peak) / scale);
      if (likelihood > best.likelihood) best = { likelihood, shape, scale };
    }
  }
  const rarer = (risk * values.length) / count;
  return quantile + (best.scale / best.shape) * (rarer ** -best.shape - 1);
}

test('the normal distribution of this test is the normal distribution', () => {
  expect(normal(0.025)).toBeCloseTo(1.959964, 5);
  expect(normal(0.0001)).toBeCloseTo(3.719016, 5);
});

describe.each(Object.entries(distributions))('%s', (_, quantile) => {
  /** Mean share of 20,000 values that is above, over 10 series. */
  function rateOf(see: (series: ExtremeValue, value: number) => boolean): number {
    let above = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const next = uniform(seed);
      const series = new ExtremeValue({ ...settings, risk: 1e-3 });
      while (series.threshold === Number.POSITIVE_INFINITY) series.learn(quantile(next()));
      for (let n = 0; n < 20_000; n++) if (see(series, quantile(next()))) above++;
    }
    return above / 200_000;
  }

  test('is exceeded as often as was asked for where all is learned, and several times as often where what is above never is', () => {
    const all = rateOf((series, value) => {
      const isAbove = series.observe(value);
      if (isAbove) series.learn(value);
      return isAbove;
    });
    expect(all).toBeGreaterThan(0.6e-3);
    expect(all).toBeLessThan(1.6e-3);
    const strict = rateOf((series, value) => series.observe(value));
    expect(strict).toBeGreaterThan(all);
    expect(strict).toBeLessThan(5e-3);
  });

  test('the threshold comes to lie near the true quantile', () => {
    const logs: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const next = uniform(seed);
      const series = new ExtremeValue(settings);
      for (let n = 0; n < 10_000; n++) series.learn(quantile(next()));
      logs.push(Math.log(series.threshold / quantile(settings.risk)));
    }
    const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
  });

  test('and near that of a slow search for the greatest likelihood over all values', () => {
    for (const seed of [1, 2]) {
      const next = uniform(seed);
      const values = Array.from({ length: 5000 }, () => quantile(next()));
      const series = new ExtremeValue({ ...settings, risk: 1e-3, learn: 5000 });
      for (const value of values) series.learn(value);
      const slow = slowThreshold(values, { ...settings, risk: 1e-3 });
      expect(series.threshold / slow, `seed ${seed}`).toBeGreaterThan(0.85);
      expect(series.threshold / slow, `seed ${seed}`).toBeLessThan(1.15);
    }
  });
});

test('a tail is fitted exactly where its quantiles are given', () => {
  const tailOf = (shape: number, scale: number) =>
    fitTail(
      Array.from({ length: 100_000 }, (_, at) => scale * (((1 - (at + 0.65) / 1e5) ** -shape - 1) / shape)),
    );
  for (const [shape, scale] of [
    [0.3, 2],
    [-0.3, 1],
    [0.1, 500],
  ] as const) {
    const tail = tailOf(shape, scale);
    expect(tail.shape).toBeCloseTo(shape, 1);
    expect(tail.scale / scale).toBeCloseTo(1, 1);
  }
});

test('nothing is learned from what is above', () => {
  const next = uniform(7);
  const series = new ExtremeValue(settings);
  for (let n = 0; n < 2000; n++) series.learn(-Math.log(next()));
  const { threshold, observed } = series;
  for (let n = 0; n < 10_000; n++) expect(series.observe(threshold * 1.01)).toBe(true);
  expect(series.threshold).toBe(threshold);
  expect(series.observed).toBe(observed);
});

test('with drift, what rises slowly is followed, and a leap is not', () => {
  const next = uniform(3);
  const series = new ExtremeValue({ ...settings, drift: 60 });
  let above = 0;
  for (let n = 0; n < 30_000; n++) {
    const value = 100 + n / 100 - Math.log(next());
    if (!series.observe(value)) continue;
    series.learn(value);
    above++;
  }
  expect(above).toBeLessThan(15);
  expect(series.mean).toBeGreaterThan(390);
  expect(series.observe(series.mean + 30)).toBe(true);
});

test('while it learns there is no threshold; a series that never moves has one that it does not exceed', () => {
  const series = new ExtremeValue(settings);
  for (let n = 0; n < 999; n++) expect(series.observe(5)).toBe(false);
  expect(series.threshold).toBe(Number.POSITIVE_INFINITY);
  for (let n = 0; n < 10_000; n++) expect(series.observe(5)).toBe(false);
  expect(series.threshold).toBe(5);
});

test('costs at most 1.9 KB, however much and whatever is observed', () => {
  const next = uniform(5);
  const series = new ExtremeValue({ ...settings, level: 0.5 });
  for (let n = 0; n < 100_000; n++) series.learn(next() * n);
  expect(series.bytes).toBeLessThan(1900);
});

test('what is off mostly and on at times has a threshold within some tenfold of what it is when on', () => {
  const series = new ExtremeValue({ ...settings, learn: 1380, drift: 60 });
  for (let n = 0; n < 5000; n++) series.learn(n % 100 === 0 ? 90 : 0);
  expect(series.threshold).toBeGreaterThan(90);
  expect(series.threshold).toBeLessThan(1500);
});
