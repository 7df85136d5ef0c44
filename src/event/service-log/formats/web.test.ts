import { expect, test } from 'vitest';
import { readLines } from '../read.fixture.ts';

const access = (user: string, request: string, status: number, from = '203.0.113.7') =>
  `${from} - ${user} [30/Nov/2026:12:00:00 +0100] "${request}" ${status} 153 "-" "curl/8.5.0"`;

test('requests, and who logged in or failed to', () => {
  const { seen } = readLines([
    access('-', 'GET /a?b=c HTTP/1.1', 200),
    access('-', 'GET /private HTTP/1.1', 401),
    access('eve', 'GET /private HTTP/1.1', 401),
    access('eve', 'GET /private HTTP/1.1', 200),
    access('-', 'POST /login HTTP/1.1', 403),
    access('a b', 'GET / HTTP/2.0', 401, '2001:db8::7'),
    access('-', '\\x16\\x03\\x01', 400),
  ]);
  expect(seen[0]).toEqual({
    at: Date.UTC(2026, 10, 30, 11),
    service: 'http',
    source: '203.0.113.7',
    outcome: 'request',
    status: 200,
    verb: 'GET',
    path: '/a?b=c',
  });
  expect(seen.map(({ outcome, user }) => [outcome, user])).toEqual([
    ['request', undefined],
    ['request', undefined],
    ['failed', 'eve'],
    ['succeeded', 'eve'],
    ['failed', undefined],
    ['failed', 'a b'],
    ['request', undefined],
  ]);
  expect(readLines([access('-', `GET /${'x'.repeat(9000)} HTTP/1.1`, 200)]).seen[0]!.path).toHaveLength(256);
});

test('a name with a request in it ends where it ends', () => {
  const name = 'x [01/Jan/2020:00:00:00 +0000] \\x22GET / HTTP/1.1\\x22 200 1';
  const { seen } = readLines([access(name, 'GET /private HTTP/1.1', 401)]);
  expect(seen).toMatchObject([{ outcome: 'failed', status: 401, at: Date.UTC(2026, 10, 30, 11) }]);
});

test("failures in nginx's error log, unless a name makes the client uncertain", () => {
  const line = (text: string) => `2026/11/30 11:00:00 [error] 7#7: *12 ${text}`;
  const rest = 'client: 203.0.113.7, server: _, request: "GET / HTTP/1.1", host: "h"';
  const { seen, skipped, dropped } = readLines([
    line(`user "eve": password mismatch, ${rest}`),
    line(`user "bob" was not found in "/etc/nginx/users", ${rest}`),
    line(`open() "/x" failed (2: No such file or directory), ${rest}`),
    line(`user "a": password mismatch, client: 198.51.100.1, x": password mismatch, ${rest}`),
  ]);
  expect(seen.map(({ user, source, service }) => [user, source, service])).toEqual([
    ['eve', '203.0.113.7', 'http (error log)'],
    ['bob', '203.0.113.7', 'http (error log)'],
  ]);
  expect(skipped).toEqual({ 'nginx: about something else than logging in': 1 });
  expect(dropped).toEqual({ 'nginx: more than one client': 1 });
});
