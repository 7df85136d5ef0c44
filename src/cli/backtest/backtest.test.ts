import { expect, test } from 'vitest';
import { parseBudget } from './backtest.ts';

test.each([
  ['1/day', 1],
  ['2/week', 2 / 7],
  ['0.5/hour', 12],
  ['3/month', 0.1],
])('a budget of %s', (text, perDay) => {
  expect(parseBudget(text)).toBeCloseTo(perDay, 12);
});

test.each(['', '1', '0/day', '-1/day', '1/year', '1/days', 'x/day'])('%s is none', (text) => {
  expect(parseBudget(text)).toBeUndefined();
});
