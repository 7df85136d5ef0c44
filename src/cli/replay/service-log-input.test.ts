import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(args: readonly string[], input = '') {
  const io = { ...testIo({}, input), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const written = new Date('2026-03-01T00:00:00Z');

/** A file that was last written on the 1st of March 2026. */
function put(name: string, content: string | Uint8Array) {
  writeFileSync(join(folder, name), content);
  utimesSync(join(folder, name), written, written);
}

const sshd = (second: number, text: string) =>
  `Feb 28 11:00:${String(second).padStart(2, '0')} edge sshd[7]: ${text}\n`;
const guesses = Array.from({ length: 8 }, (_, at) =>
  sshd(at, `Failed password for root from 203.0.113.7 port ${4000 + at} ssh2`),
).join('');
const success = sshd(30, 'Accepted password for root from 203.0.113.7 port 5000 ssh2');
const blocked = (port: number) =>
  `Feb 28 11:00:40 edge kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.8 DST=198.51.100.1 LEN=44 PROTO=TCP SPT=5 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0\n`;
const log = `${guesses}${success}${[1, 2, 3, 4, 5].map(blocked).join('')}Feb 28 11:00:50 edge cron[1]: hello\nwhat?\n`;

test('guesses, their success and refused packets, with the year of the file', async () => {
  put('auth.log', log);
  const { code, out, err } = await picket(['replay', 'auth.log']);
  expect(code).toBe(ExitCode.problems);
  expect(out).toMatch(/^2026-02-28 11:00:\d\d .*203\.0\.113\.7 guesses passwords of ssh/m);
  expect(out).toMatch(/CRITICAL 203\.0\.113\.7 logged in at ssh as root after 8 failures/);
  expect(out).toMatch(/Port scan: 203\.0\.113\.8 tried 5 ports of 198\.51\.100\.1/);
  expect(out).toMatch(/^LOG OF +TIMES\nssh: failed +8\nssh: succeeded +1\nfirewall: refused +5$/m);
  expect(out).toMatch(/^LEFT OUT +RECORDS\nof other programs +1\nno log that is known +1$/m);
  expect(err).toBe('3 alerts over 5 flows and 14 entries of logs of auth.log (service-log)\n');
});

test('packed, as JSON, and from standard input by its name', async () => {
  put('auth.log.gz', gzipSync(log));
  const { out } = await picket(['replay', 'auth.log.gz', '-o', 'json']);
  const { summary, alerts } = JSON.parse(out);
  expect(alerts).toHaveLength(3);
  expect(summary.logs).toEqual([
    { service: 'ssh', outcome: 'failed', times: 8 },
    { service: 'ssh', outcome: 'succeeded', times: 1 },
    { service: 'firewall', outcome: 'refused', times: 5 },
  ]);
  expect(summary.files).toMatchObject([{ format: 'service-log', records: 16, observations: 14, flows: 5 }]);
  const piped = await picket(['replay', '-', '--from', 'service-log'], log);
  expect(piped.err).toContain('3 alerts over 5 flows and 14 entries of logs of <stdin>');
});

test('refused packets are written as flows, in any form', async () => {
  put('auth.log', log);
  const { out, err } = await picket(['replay', 'auth.log', '--write', 'jsonl']);
  const flows = out
    .split('\n')
    .slice(1, -1)
    .map((line) => JSON.parse(line));
  expect(flows.map(({ destination, state }) => [destination.port, state])).toEqual(
    [1, 2, 3, 4, 5].map((port) => [port, 'timed-out']),
  );
  expect(err).toBe('5 flows written as jsonl\n');
});

test('a quiet log, and one that is none', async () => {
  put(
    'auth.log',
    `${sshd(1, 'Accepted publickey for admin from 203.0.113.9 port 1 ssh2: ED25519 SHA256:a')}`,
  );
  const quiet = await picket(['replay', 'auth.log']);
  expect(quiet.code).toBe(ExitCode.clean);
  expect(quiet.err).toBe('0 alerts over 1 entry of logs of auth.log (service-log)\n');
  put('other.txt', 'nothing\nof\nthe kind\n');
  const none = await picket(['replay', 'other.txt', '--from', 'service-log']);
  expect(none.code).toBe(ExitCode.failed);
  expect(none.err).toContain('other.txt: nothing in it could be read as a log of services');
});
