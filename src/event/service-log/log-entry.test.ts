import { expect, test } from 'vitest';
import { readLogEntry } from './log-entry.ts';
import { noon } from './read.fixture.ts';

const read = (line: string) => {
  const { time: _, at, ...entry } = readLogEntry(line, { reference: noon }) ?? { time: 0, at: undefined };
  return at === undefined ? undefined : { at: new Date(at).toISOString(), ...entry };
};

test.each([
  ['Nov  3 04:05:06 edge sshd[99]: hello: there', '2026-11-03T04:05:06.000Z'],
  ['<38>Nov  3 04:05:06 edge sshd[99]: hello: there', '2026-11-03T04:05:06.000Z'],
  ['2026-11-03T05:05:06.25+01:00 edge sshd[99]: hello: there', '2026-11-03T04:05:06.250Z'],
  ['<38>1 2026-11-03T04:05:06Z edge sshd 99 - - hello: there', '2026-11-03T04:05:06.000Z'],
  ['<38>1 2026-11-03T04:05:06Z edge sshd 99 ID [a b="\\"]"][c] hello: there', '2026-11-03T04:05:06.000Z'],
])('%s', (line, at) => {
  expect(read(line)).toEqual({ at, host: 'edge', program: 'sshd', message: 'hello: there' });
});

test('a line of the journal, of whoever wrote it', () => {
  const line = (fields: object) =>
    JSON.stringify({ __REALTIME_TIMESTAMP: '1793678706000123', _HOSTNAME: 'edge', ...fields });
  const at = '2026-11-03T04:05:06.000Z';
  const sshd = { SYSLOG_IDENTIFIER: 'sshd', MESSAGE: 'hello' };
  expect(read(line({ ...sshd, _UID: '0' }))).toEqual({
    at,
    host: 'edge',
    program: 'sshd',
    message: 'hello',
    isOfUser: false,
  });
  expect(read(line({ ...sshd, _UID: '1000' }))).toMatchObject({ isOfUser: true });
  expect(read(line({ SYSLOG_IDENTIFIER: 'kernel', MESSAGE: 'IN=', _UID: '0' }))).toMatchObject({
    isOfUser: true,
  });
  expect(read(line({ _TRANSPORT: 'kernel', MESSAGE: [73, 78, 61, 255] }))).toMatchObject({
    program: 'kernel',
    message: 'IN=\ufffd',
    isOfUser: false,
  });
});

test.each([
  '',
  'Nov 31 04:05:06 edge sshd[99]: no such day',
  'Nov  3 04:05:06',
  '<38>1 2026-11-03T04:05:06Z edge sshd 99 - [a b="never ends',
  '<38>1 2026-11-03T04:05:06Z edge',
  '{"MESSAGE":"x"}',
  '{"__REALTIME_TIMESTAMP":"1","MESSAGE":{"a":1}}',
  '{',
])('nothing around: %s', (line) => expect(readLogEntry(line, { reference: noon })).toBeUndefined());
