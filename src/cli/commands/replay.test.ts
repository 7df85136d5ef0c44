import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventTypeNumber } from '../../event/event-types.ts';
import { openEvents, scapOf } from '../../event/scap/write-scap.fixture.ts';
import { minRecordingBytes, RecordingFile } from '../../store/recording/recording-file.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-replay-'));
  writeFileSync(
    join(folder, 'rules.yaml'),
    '- rule: opened\n  desc: d\n  condition: evt.type = open\n  output: "%evt.num %fd.name"\n  priority: NOTICE\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const messages = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.*?Notice /, ''));

/** Records opens as the agent does; after the third one some are lost. */
async function record(): Promise<void> {
  const file = new RecordingFile({
    path: join(folder, 'day.picket'),
    maxBytes: minRecordingBytes,
    hostname: 'edge-1',
    writer: 'test',
    snapshot: () => ({ threads: [], accounts: [], containers: [] }),
  });
  const type = eventTypeNumber('open') as number;
  for (let number = 1; number <= 6; number++) {
    if (number === 4) file.lost(new Map([['open', 12]]));
    file.event({ type, time: BigInt(number), cpu: 0, tid: 7, params: [3, `/etc/${number}`, 1] }, number);
  }
  await file.close();
}

describe('a recording', () => {
  beforeEach(record);

  test('says what was raised, and what was lost where', async () => {
    const { code, out, err } = await picket('replay', 'day.picket', '-r', 'rules.yaml');
    expect(code).toBe(ExitCode.problems);
    expect(messages(out)).toEqual(['1 /etc/1', '2 /etc/2', '3 /etc/3', '4 /etc/4', '5 /etc/5', '6 /etc/6']);
    expect(err).toBe(
      'lost: day.picket: after 3 events: the kernel had no room for events: open 12; rules may have missed something\n' +
        '6 alerts of 1 rule over 6 events\n',
    );
    const [first] = (await picket('replay', 'day.picket', '-r', 'rules.yaml', '-o', 'json')).out.split('\n');
    expect(JSON.parse(first as string)).toMatchObject({ hostname: 'edge-1' });
  });

  test('compressed as a whole, damaged, and cut off', async () => {
    const bytes = readFileSync(join(folder, 'day.picket'));
    writeFileSync(join(folder, 'day.picket.gz'), gzipSync(bytes));
    expect(messages((await picket('replay', 'day.picket.gz', '-r', 'rules.yaml')).out)).toHaveLength(6);
    writeFileSync(join(folder, 'cut.picket'), bytes.subarray(0, bytes.length - 3));
    const { code, err } = await picket('replay', 'cut.picket', '-r', 'rules.yaml');
    expect(code).toBe(ExitCode.clean);
    expect(err).toMatch(/^not read: cut\.picket: at byte \d+: \d+ bytes could not be read/);
  });

  test('explain, diff and test take it', async () => {
    writeFileSync(
      join(folder, 'other.yaml'),
      readFileSync(join(folder, 'rules.yaml'), 'utf8').replace('= open', '= close'),
    );
    writeFileSync(
      join(folder, 'a.rules-test.yaml'),
      'rules: [rules.yaml]\ntests:\n  - name: a\n    capture: day.picket\n    expect: [{ rule: opened, count: 6 }]\n',
    );
    const explained = await picket(
      'rules',
      'explain',
      'opened',
      '-r',
      'rules.yaml',
      '--on',
      'day.picket',
      '--event',
      '4',
    );
    expect([explained.code, explained.out]).toEqual([
      ExitCode.clean,
      expect.stringContaining('the rule fires'),
    ]);
    expect((await picket('rules', 'diff', 'rules.yaml', 'other.yaml', '--on', 'day.picket')).out).toMatch(
      /opened: 6 alerts/,
    );
    expect((await picket('rules', 'test', 'a.rules-test.yaml')).code).toBe(ExitCode.clean);
  });

  test('a part of it, with the losses', async () => {
    const { code, err } = await picket(
      'replay',
      'day.picket',
      '--record',
      'part.picket',
      '--filter',
      'fd.name in (/etc/2, /etc/5)',
    );
    expect([code, err]).toEqual([ExitCode.clean, '2 events written to part.picket\n']);
    expect(statSync(join(folder, 'part.picket')).mode & 0o777).toBe(0o600);
    const replayed = await picket('replay', 'part.picket', '-r', 'rules.yaml');
    expect(messages(replayed.out)).toEqual(['2 /etc/2', '5 /etc/5']);
    expect(replayed.err).toMatch(
      /^lost: part\.picket: after 1 event: the kernel had no room for events: open 12/,
    );
  });
});

test('a capture and a recording in one new recording, and the alerts besides', async () => {
  await record();
  writeFileSync(join(folder, 'a.scap'), scapOf(openEvents('/a')));
  const { code, out, err } = await picket(
    'replay',
    'a.scap',
    'day.picket',
    '--record',
    'b.picket',
    '-r',
    'rules.yaml',
  );
  expect(code).toBe(ExitCode.problems);
  expect(err).toMatch(/^7 events written to b\.picket\n/);
  expect(messages((await picket('replay', 'b.picket', '-r', 'rules.yaml')).out)).toEqual(messages(out));
});

test.each([
  [['--filter', 'evt.type = open', '-r', 'rules.yaml'], /--filter says which events are written/],
  [['--record', 'rules.yaml'], /rules\.yaml is there already/],
  [['--record', 'b', '--filter', 'evt.type = '], /--filter: .*\n {2}evt\.type = \n {13}\^/],
  [
    ['--record', 'b', '--filter', 'evt.tpye = open'],
    /nonexistent field evt\.tpye\n.*\n.*\n.*there is `evt\.type`/,
  ],
  [['--record', 'b', '--filter', 'evt.type = open and spawned'], /spawned is a macro.*\n.*\n {22}\^/],
])('%j', async (args, message) => {
  writeFileSync(join(folder, 'a.scap'), scapOf(openEvents('/a')));
  const { code, err } = await picket('replay', 'a.scap', ...args);
  expect([code, err]).toEqual([ExitCode.usage, expect.stringMatching(message)]);
});

test('an audit log is no recording of system events', async () => {
  writeFileSync(
    join(folder, 'audit.log'),
    '{"kind":"Event","auditID":"1","stage":"ResponseComplete","verb":"get","requestURI":"/","stageTimestamp":"2026-01-01T00:00:00Z"}\n',
  );
  const { code, err } = await picket('replay', 'audit.log', '--record', 'b');
  expect([code, err]).toEqual([ExitCode.usage, expect.stringMatching(/audit\.log is of audit events/)]);
});

test('long recordings are counted on a terminal, and the line is gone at the end', async () => {
  writeFileSync(
    join(folder, 'long.scap'),
    scapOf(Array.from({ length: 3_000 }, () => openEvents('/tmp/x')).flat()),
  );
  writeFileSync(
    join(folder, 'quiet.yaml'),
    '- rule: shadow\n  desc: d\n  condition: evt.type = open and fd.name = /etc/shadow\n  output: "%fd.name"\n  priority: NOTICE\n',
  );
  const io = { ...testIo(), cwd: folder, errIsTerminal: true };
  // Each look at the clock is a minute after the one before.
  let clock = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 60_000));
  try {
    expect(await runProgram(['replay', 'long.scap', '-r', 'quiet.yaml'], () => io)).toBe(ExitCode.clean);
  } finally {
    now.mockRestore();
  }
  expect(io.written.err).toBe('\r1,024 events\r2,048 events\r\u001b[K0 alerts of 1 rule over 3000 events\n');
});
