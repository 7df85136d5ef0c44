import { expect, test } from 'vitest';
import type { OutputState } from '../output/output.ts';
import { outputHealth } from './output-health.ts';

const http: OutputState = {
  kind: 'http',
  target: 'https://collector',
  delivered: 5,
  retries: 0,
  waiting: 0,
  waitingBytes: 0,
  dropped: 0,
  deadLettered: 0,
  diskErrors: 0,
};
const file: OutputState = { ...http, kind: 'file', target: '/var/log/alerts' };
const away = { downSince: 100_000, lastError: 'connect ECONNREFUSED', waiting: 1 };
const judged = (...outputs: OutputState[]) => {
  const { state, text } = outputHealth(outputs, 190_000);
  return `${state}: ${text}`;
};

test.each([
  [[], 'ok: alerts of rules go to no output'],
  [[file, http], 'ok: alerts of rules go to file, http'],
  [[file, { ...http, ...away, downSince: 150_000 }], 'ok: alerts of rules go to file, http'],
  [
    [file, { ...http, ...away }],
    'warning: http https://collector takes nothing for 90 s (connect ECONNREFUSED), 1 alert waiting',
  ],
  [
    [{ ...http, ...away, waiting: 30, dropped: 2 }],
    'failing: http https://collector takes nothing for 90 s (connect ECONNREFUSED), 30 alerts waiting, 2 alerts lost',
  ],
  [
    [{ ...http, deadLettered: 1, lastError: 'https://collector answered 422' }],
    'warning: http https://collector refused 1 alert for good (https://collector answered 422)',
  ],
  [
    [{ ...http, dropped: 3, diskErrors: 1, lastDiskError: 'ENOSPC' }],
    'ok: alerts of rules go to http; 3 alerts lost earlier; the disk of a spool failed earlier (ENOSPC)',
  ],
])('%#', (outputs, expected) => {
  expect(judged(...outputs)).toBe(expected);
});
