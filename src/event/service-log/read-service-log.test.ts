import { expect, test } from 'vitest';
import { readLines } from './read.fixture.ts';
import { isServiceLog } from './read-service-log.ts';

const is = (text: string) => isServiceLog(new TextEncoder().encode(text));
const sshd = 'Nov 30 11:00:00 edge sshd[7]: Failed password for root from 203.0.113.7 port 4711 ssh2';
const journal = (fields: object) =>
  JSON.stringify({ __REALTIME_TIMESTAMP: '1793678706000123', SYSLOG_IDENTIFIER: 'sshd', ...fields });

test('every line is an observation, left out or unreadable', () => {
  const { seen, skipped, dropped } = readLines([
    sshd,
    'Nov 30 11:00:00 edge cron[8]: hello',
    'what?',
    `${sshd}${'x'.repeat(20_000)}`,
    journal({ _UID: '0', MESSAGE: 'Failed password for root from 203.0.113.7 port 1 ssh2' }),
    journal({ _UID: '1000', MESSAGE: 'Failed password for root from 203.0.113.8 port 1 ssh2' }),
  ]);
  expect(seen.map(({ source }) => source)).toEqual(['203.0.113.7', '203.0.113.7']);
  expect(skipped).toEqual({ 'of other programs': 1, 'written by somebody else than the service': 1 });
  expect(dropped).toEqual({ 'no log that is known': 1, 'too long': 1 });
});

test('a log of services is known by its beginning', () => {
  expect(is(sshd)).toBe(true);
  expect(is(`${sshd}\nNov 30 11:0`)).toBe(true);
  expect(is(`${journal({ MESSAGE: 'x' })}\n`)).toBe(true);
  expect(is('203.0.113.7 - - [30/Nov/2026:12:00:00 +0100] "GET / HTTP/1.1" 200 1 "-" "-"\n')).toBe(true);
  expect(is('2026/11/30 11:00:00 [error] 7#7: *12 x\n')).toBe(true);
  expect(is('')).toBe(false);
  expect(is('{"kind":"Event","apiVersion":"audit.k8s.io/v1"}\n')).toBe(false);
  expect(is('{"ts":1700000000.5,"uid":"C1"}\n')).toBe(false);
  expect(is(`${sshd}\nno\nlog\nat all\n`)).toBe(false);
});
