import { expect, test } from 'vitest';
import { UsageError } from './command.ts';
import { parseDuration, parseTime } from './time.ts';

test('a span counts back from now', () => {
  expect(parseTime('15m', 1_000_000)).toBe(1_000_000 - 900_000);
});

test('a date is itself', () => {
  expect(parseTime('2026-11-23T10:00:00Z', 0)).toBe(Date.UTC(2026, 10, 23, 10));
});

test.each(['', '5', 'yesterday', '1w', '10'])('%j is refused with help', (text) => {
  expect(() => parseTime(text, 0)).toThrow(UsageError);
});

test('durations', () => {
  expect(parseDuration('30s')).toBe(30_000);
  expect(() => parseDuration('30')).toThrow(UsageError);
});
