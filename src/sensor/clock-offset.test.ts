import { expect, test } from 'vitest';
import { ClockOffset } from './clock-offset.ts';

test('distances stay exact while clocks only jitter, and a step of the clock is followed', () => {
  let [wall, monotonic] = [1_700_000_000_000, 5_000_000_000n];
  const offset = new ClockOffset({ wall: () => wall, monotonic: () => monotonic });
  const first = offset.value;
  expect(first + monotonic).toBe(1_700_000_000_000_000_000n);
  for (let n = 1; n <= 1000; n++) {
    // Whole milliseconds of the one against nanoseconds of the other.
    monotonic += 1_234_567n;
    wall = 1_700_000_000_000 + Math.floor((n * 1_234_567) / 1e6);
    expect(offset.value).toBe(first);
  }
  wall += 1_000_000_000;
  expect(offset.value - first).toBeGreaterThan(999_999_990_000_000n);
  const second = offset.value;
  wall -= 2_000_000_000;
  expect(offset.value).toBeLessThan(second);
});

test('of this machine', () => {
  const now = new ClockOffset().value + process.hrtime.bigint();
  expect(Math.abs(Number(now / 1_000_000n) - Date.now())).toBeLessThan(50);
});
