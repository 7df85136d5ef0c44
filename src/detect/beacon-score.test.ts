import { expect, test } from 'vitest';
import { scoreBeacon, spreadOf } from './beacon-score.ts';

test('numbers that are the same are wholly regular', () => {
  expect(spreadOf(new Float64Array(20).fill(60), 'seconds')).toEqual({
    score: 1,
    lower: 60,
    median: 60,
    upper: 60,
    deviation: 0,
  });
});

test('quartiles, skew and deviation are what they are by hand', () => {
  const spread = spreadOf(Float64Array.of(10, 20, 30, 80, 110), 'seconds');
  expect(spread).toMatchObject({ lower: 20, median: 30, upper: 80, deviation: 20 });
  expect(spread.score).toBeCloseTo((1 - 40 / 60 + (1 - 20 / 30)) / 2, 12);
});

test('skew is rounding where quartiles are near, and says nothing where the median is one of them', () => {
  expect(spreadOf(Float64Array.of(1, 2, 3, 8, 9), 'seconds').score).toBeCloseTo((1 + (1 - 2 / 3)) / 2, 12);
  expect(spreadOf(Float64Array.of(30, 30, 30, 80, 110), 'seconds').score).toBe(1);
});

test('nothing regular is found in nothing', () => {
  expect(spreadOf(new Float64Array(0), 'seconds').score).toBeNaN();
  expect(spreadOf(new Float64Array(5), 'seconds').score).toBe(1);
});

const day = 86_400_000;
const times = Float64Array.from({ length: 100 }, (_, n) => n * 300_000);
const bytes = new Float64Array(100).fill(292);

test('a day of equal calls scores 1; one hour of them lacks duration and evenness', () => {
  const hours = new Uint32Array(24).fill(12);
  expect(scoreBeacon({ times, bytes, hours, spanMs: day }).total).toBe(1);
  const one = new Uint32Array(24);
  one[23] = 12;
  expect(scoreBeacon({ times, bytes, hours: one, spanMs: day / 24 })).toMatchObject({
    total: 0.5,
    duration: 0,
    evenness: 0,
    hoursSeen: 1,
  });
});

test('six hours in a row are half of the duration; where nobody counted bytes the others make the score', () => {
  const hours = new Uint32Array(24).fill(12, 18);
  expect(scoreBeacon({ times, bytes, hours, spanMs: day / 4 }).duration).toBe(0.5);
  const score = scoreBeacon({ times, bytes: new Float64Array(0), hours, spanMs: day / 4 });
  expect(score.sizes).toBeUndefined();
  expect(score.total).toBeCloseTo((1 + 0.5 + 0) / 3, 1);
});

test('evenness is that of whole hours: neither of the one in which it began nor of the one that is not over', () => {
  const hours = new Uint32Array(24);
  hours.fill(12, 12, 23);
  hours[11] = 1;
  hours[23] = 1;
  expect(scoreBeacon({ times, bytes, hours, spanMs: day / 2 }).evenness).toBe(1);
  hours[15] = 0;
  expect(scoreBeacon({ times, bytes, hours, spanMs: day / 2 }).evenness).toBeLessThan(0.75);
});

test('the same request with an acknowledgement more or less is of one size; twice the size is not', () => {
  const sent = (more: number) =>
    Float64Array.from({ length: 90 }, (_, n) => 365 + (n % 3) + (n % 3 === 0 ? 0 : more));
  expect(spreadOf(sent(52), 'bytes').score).toBeGreaterThan(0.9);
  expect(spreadOf(sent(365), 'bytes').score).toBeLessThan(0.6);
});
