import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogObservation } from '../event/service-log/log-observation.ts';
import { formatAddress } from '../net/address.ts';
import type { RunningFlowSource } from './flow-source.ts';
import { type ServiceLogsOptions, serviceLogs } from './service-logs.ts';

let folder = '';
let running: RunningFlowSource | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-service-logs-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function follow(options: ServiceLogsOptions) {
  const seen: LogObservation[] = [];
  const notices: string[] = [];
  const failures: Error[] = [];
  running = await serviceLogs.open(
    {
      flows: () => undefined,
      logs: (batch) => void seen.push(...batch),
      notice: (text) => notices.push(text),
      failed: (error) => failures.push(error),
    },
    options,
  );
  const users = () => seen.map(({ user, source }) => `${user} ${formatAddress(source)}`);
  return { source: running, seen, notices, failures, users };
}

async function until(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

const stamp = () => new Date().toISOString().replace('Z', '+00:00');
const failed = (user: string) =>
  `${stamp()} edge sshd[7]: Failed password for ${user} from 203.0.113.7 port 1 ssh2\n`;

test('lines of several files, through rotation, and what became of them', { timeout: 40_000 }, async () => {
  const [auth, access] = [join(folder, 'auth.log'), join(folder, 'access.log')];
  writeFileSync(auth, failed('before'));
  expect(await serviceLogs.probe({ files: [auth, access] })).toEqual({
    state: 'limited',
    details: [auth, `${access} is not there, or may not be read; it is waited for`],
  });
  const { source, users, seen, failures } = await follow({ files: [auth, access] });
  appendFileSync(auth, `${failed('a')}${failed('b')}${stamp()} edge cron[1]: hello\nwhat?\n`);
  await until('two of auth.log', () => seen.length === 2);
  renameSync(auth, `${auth}.1`);
  writeFileSync(auth, failed('c'));
  writeFileSync(access, '203.0.113.9 - eve [30/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 401 1 "-" "-"\n');
  await until('the new files', () => seen.length === 4);
  expect(users().sort()).toEqual(['a 203.0.113.7', 'b 203.0.113.7', 'c 203.0.113.7', 'eve 203.0.113.9']);
  expect(failures).toEqual([]);
  const { flows, lost, dropped, details } = await source.counters();
  expect({ flows, lost, dropped }).toEqual({ flows: 0, lost: {}, dropped: { 'no log that is known': 1 } });
  expect(details).toMatchObject({
    lines: 6,
    observations: 4,
    'left out, of other programs': 1,
    'files rotated': 1,
    'files not read': 0,
  });
});

test('what a firewall refused counts as flows; nothing is from the future', async () => {
  const path = join(folder, 'kern.log');
  writeFileSync(path, '');
  const { source, seen } = await follow({ files: [path] });
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  appendFileSync(
    path,
    `${soon} edge kernel: [1.0] IN=eth0 OUT= SRC=203.0.113.7 DST=198.51.100.1 LEN=44 PROTO=TCP SPT=5 DPT=22 WINDOW=1 SYN\n`,
  );
  await until('the packet', () => seen.length === 1);
  expect(seen[0]!.at).toBeLessThanOrEqual(Date.now());
  expect((await source.counters()).flows).toBe(1);
});

const remote = '/lib/systemd/systemd-journal-remote';
const canJournal = existsSync(remote) && existsSync('/usr/bin/journalctl');
const why = canJournal ? '' : ' (skipped: needs journalctl and systemd-journal-remote)';

/** Writes entries into a journal of their own, as a machine that is told of them by others does. */
function writeJournal(name: string, entries: readonly Readonly<Record<string, string>>[]): void {
  const input = entries
    .map((fields, at) => {
      const time = Date.now() * 1000 + at;
      const text = Object.entries({
        __REALTIME_TIMESTAMP: String(time),
        __MONOTONIC_TIMESTAMP: String(time),
        _BOOT_ID: '0123456789abcdef0123456789abcdef',
        ...fields,
      });
      return `${text.map(([key, value]) => `${key}=${value}`).join('\n')}\n`;
    })
    .join('\n');
  execFileSync(remote, ['--output', join(folder, `${name}.journal`), '-'], {
    input: `${input}\n`,
    stdio: 'pipe',
  });
}

const sshd = (user: string, uid = '0') => ({
  SYSLOG_IDENTIFIER: 'sshd',
  _UID: uid,
  MESSAGE: `Failed password for ${user} from 203.0.113.7 port 1 ssh2`,
});

test.skipIf(!canJournal)(
  `the journal from now on, without what somebody else wrote in the name of sshd${why}`,
  { timeout: 60_000 },
  async () => {
    writeJournal('old', [sshd('before')]);
    const { source, users, seen, notices } = await follow({ journal: true, journalFolder: folder });
    // journalctl tells nothing of when it begins to watch the folder.
    let round = 0;
    await until('an entry', () => {
      if (seen.length === 0 && round++ % 100 === 0)
        writeJournal(`new-${round}`, [
          sshd('first'),
          sshd('forged', '1000'),
          { SYSLOG_IDENTIFIER: 'other', MESSAGE: 'x' },
        ]);
      return seen.length > 0;
    });
    expect(new Set(users())).toEqual(new Set(['first 203.0.113.7']));
    const { details } = await source.counters();
    expect(details['left out, written by somebody else than the service']).toBeGreaterThan(0);
    expect(details.lines).toBe(2 * (details.observations ?? 0));
    expect(notices).toEqual([]);
  },
);

test('without journalctl that is said', async () => {
  const path = process.env.PATH;
  process.env.PATH = folder;
  try {
    expect(await serviceLogs.probe({ journal: true })).toEqual({
      state: 'unavailable',
      details: [
        'the journal cannot be read: there is no journalctl; install systemd, or name files of syslog',
      ],
    });
  } finally {
    process.env.PATH = path;
  }
});
