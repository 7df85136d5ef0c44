import { expect, test } from 'vitest';
import { fullTime, yearlessTime } from './log-time.ts';

const newYear = Date.UTC(2027, 0, 1, 0, 5);
const at = (text: string | number | undefined) => new Date(text ?? Number.NaN).toISOString();

test('a date without a year is the latest that is not from the future', () => {
  const time = { reference: newYear };
  expect(at(yearlessTime(11, 31, [23, 59, 59], time))).toBe('2026-12-31T23:59:59.000Z');
  expect(at(yearlessTime(0, 1, [0, 4, 0], time))).toBe('2027-01-01T00:04:00.000Z');
  // A clock that is ahead of ours over the turn of the year.
  const before = { reference: Date.UTC(2026, 11, 31, 23, 59) };
  expect(at(yearlessTime(0, 1, [0, 0, 3], before))).toBe('2027-01-01T00:00:03.000Z');
  expect(at(yearlessTime(0, 3, [0, 0, 0], before))).toBe('2026-01-03T00:00:00.000Z');
});

test('the 29th of February is of a year that had one', () => {
  expect(at(yearlessTime(1, 29, [12, 0, 0], { reference: newYear }))).toBe('2024-02-29T12:00:00.000Z');
  expect(yearlessTime(1, 30, [12, 0, 0], { reference: newYear })).toBeUndefined();
  expect(yearlessTime(-1, 3, [12, 0, 0], { reference: newYear })).toBeUndefined();
});

test('times without a zone are of the wall, times with one are not', () => {
  const time = { reference: newYear, utcOf: (wall: number) => wall - 3_600_000 };
  expect(at(yearlessTime(5, 1, [12, 0, 0], time))).toBe('2026-06-01T11:00:00.000Z');
  expect(at(fullTime('2026-06-01T12:00:00.5', time))).toBe('2026-06-01T11:00:00.500Z');
  expect(at(fullTime('2026-06-01T12:00:00Z', time))).toBe('2026-06-01T12:00:00.000Z');
  expect(at(fullTime('2026-06-01T12:00:00.594792+01:00', time))).toBe('2026-06-01T11:00:00.594Z');
  expect(fullTime('2026-06-31T12:00:00Z', time)).toBeUndefined();
});
