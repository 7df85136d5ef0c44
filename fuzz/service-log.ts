/**
 * Throws damaged lines at the readers of logs of services: node fuzz/service-log.ts [--seconds N] [--seed S]. Nothing may throw, every
 * line must become something that is counted, texts must be bounded, and a name that a client made up must never change who is accused.
 */
import fc from 'fast-check';
import type { LogObservation } from '../src/event/service-log/log-observation.ts';
import { isServiceLog, ServiceLogReader } from '../src/event/service-log/read-service-log.ts';
import { formatAddress } from '../src/net/address.ts';
import { fuzz, fuzzOptions } from './support/run.ts';

const frame = 'Nov 30 11:00:00 edge sshd[7]: ';
const lines = [
  `${frame}Failed password for invalid user eve from 203.0.113.7 port 4711 ssh2`,
  `${frame}message repeated 3 times: [ Failed password for root from 203.0.113.7 port 1 ssh2]`,
  `${frame}Invalid user eve from 2001:db8::7 port 1`,
  `${frame}Accepted publickey for admin from 203.0.113.7 port 22 ssh2: ED25519 SHA256:abc`,
  `${frame}Connection closed by authenticating user root 203.0.113.7 port 1 [preauth]`,
  '<38>1 2026-11-30T11:00:00Z edge sshd 99 ID [a b="\\"]"] Invalid user eve from 203.0.113.7 port 1',
  '{"__REALTIME_TIMESTAMP":"1793678706000123","SYSLOG_IDENTIFIER":"sshd","_UID":"0","MESSAGE":"Invalid user a from 203.0.113.7 port 1"}',
  'Nov 30 11:00:00 edge kernel: [1.5] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.7 DST=198.51.100.1 LEN=60 PROTO=TCP SPT=4 DPT=22 WINDOW=6 SYN',
  '2023-03-18T20:36:59.5+01:00 10.0.0.1 firewall,info drop input: in:a out:b, proto TCP (SYN), 203.0.113.7:5->198.51.100.1:23, len 40',
  '203.0.113.7 - eve [30/Nov/2026:12:00:00 +0100] "GET /private HTTP/1.1" 401 153 "-" "curl/8.5.0"',
  '2026/11/30 11:00:00 [error] 7#7: *12 user "eve": password mismatch, client: 203.0.113.7, server: _, request: "GET / HTTP/1.1"',
];
const tokens = [
  ' from ',
  ' port 9',
  ' ssh2',
  '"',
  '\\',
  '[',
  ']',
  'IN=',
  '\u0000',
  '::',
  '{',
  ', client: 198.51.100.1',
  '999',
];

const damaged = fc
  .tuple(
    fc.constantFrom(...lines),
    fc.array(
      fc.tuple(fc.nat(), fc.nat(16), fc.oneof(fc.constantFrom(...tokens), fc.string({ maxLength: 6 }))),
      { maxLength: 5 },
    ),
  )
  .map(([line, edits]) => {
    let text = line;
    for (const [at, length, token] of edits) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + token + text.slice(start + length);
    }
    return text;
  });

/** A name out of the words that logs are made of. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom('x', ' ', ' from ', '198.51.100.1', ' port 9', ' ssh2', ': ', ' [preauth]', 'user '),
      fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const accuser = '203.0.113.7';
const told = (user: string) => [
  `${frame}Invalid user ${user} from ${accuser} port 5`,
  `${frame}Failed password for invalid user ${user} from ${accuser} port 6 ssh2`,
  `${frame}Failed password for ${user} from ${accuser} port 7 ssh2`,
  `${frame}Connection closed by authenticating user ${user} ${accuser} port 8 [preauth]`,
];

const time = { reference: Date.UTC(2026, 10, 30, 12) };

function read(texts: readonly string[]): LogObservation[] {
  const reader = new ServiceLogReader();
  const seen = texts.map((text) => reader.line(text, time)).filter((one) => one !== undefined);
  const { lines: count, observations, skipped, dropped } = reader.counts;
  const others = [...skipped.values(), ...dropped.values()].reduce((all, one) => all + one, 0);
  if (count !== texts.length || observations !== seen.length || observations + others !== count)
    throw new Error(`${count} lines became ${observations} and ${others}`);
  for (const { user = '', path = '', host = '', method = '', at } of seen) {
    if (user.length > 64 || host.length > 64 || method.length > 64 || path.length > 256)
      throw new Error('a text that is not bounded');
    if (!Number.isFinite(at)) throw new Error(`no time: ${at}`);
  }
  return seen;
}

fuzz(
  fuzzOptions(),
  300,
  (seed) =>
    fc.sample(fc.record({ texts: fc.array(damaged, { maxLength: 8 }), user: name }), { seed, numRuns: 200 }),
  ({ texts, user }) => {
    read(texts);
    isServiceLog(new TextEncoder().encode(texts.join('\n')));
    const accused = read(told(user));
    for (const { source, outcome } of accused) {
      if (formatAddress(source) !== accuser || outcome !== 'failed')
        throw new Error(`${outcome} of ${formatAddress(source)} by the name ${JSON.stringify(user)}`);
    }
    if (accused.length !== 4)
      throw new Error(`${accused.length} of 4 told with the name ${JSON.stringify(user)}`);
  },
  (one) => JSON.stringify(one),
);
