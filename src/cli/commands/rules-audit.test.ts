import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'picket-rules-'));
  write('rules.yaml', rules('ka.user.name = alice'));
  write('audit.log', log);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (name: string, text: string | Uint8Array) => writeFileSync(join(cwd, name), text);
const rules = (condition: string) => `
- rule: by alice
  desc: d
  condition: ${condition}
  output: "%ka.verb by %ka.user.name (%evt.num)"
  priority: NOTICE
  source: k8s_audit
- rule: of files
  desc: d
  condition: evt.type = open
  output: x
  priority: NOTICE
`;
const event = (username: string) => ({
  kind: 'Event',
  auditID: username,
  stage: 'ResponseComplete',
  stageTimestamp: '1970-01-01T00:00:01.000001Z',
  requestURI: '/api/v1/pods?x=\u001b',
  verb: 'create',
  user: { username },
});
const events = ['bob', 'alice', 'carol'].map(event);
const log = `${events.map((one) => JSON.stringify(one)).join('\n')}\n`;

async function picket(...args: readonly string[]) {
  const io = { ...testIo(), cwd };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

test.each<[string, string | Uint8Array]>([
  ['lines', log],
  ['a list, over several lines', JSON.stringify({ kind: 'EventList', items: events }, null, 2)],
  ['packed', gzipSync(log)],
  ['with a byte order mark', `\ufeff${log}`],
])('replay: %s', async (_, bytes) => {
  write('recording', bytes);
  expect(await picket('replay', 'recording', '-r', 'rules.yaml')).toEqual({
    code: ExitCode.problems,
    out: '00:00:01.000001000: Notice create by alice (2)\n',
    err: '1 alert of 2 rules over 3 events\n',
  });
});

test('replay: what cannot be read is told, the rest taken', async () => {
  write('recording', `nothing\n${log}`.replace('nothing', '{'));
  const { out, err } = await picket('replay', 'recording', '-r', 'rules.yaml');
  expect(out).toContain('by alice');
  expect(err).toMatch(/not read: recording: at item 1: .*JSON/);
});

test('replay: JSON that is no audit log', async () => {
  write('recording', '{"kind": "Pod"}');
  const { code, err } = await picket('replay', 'recording', '-r', 'rules.yaml');
  expect(code).toBe(ExitCode.failed);
  expect(err).toContain('recording: item 1: an object of kind "Pod", not Event');
});

test('explain', async () => {
  const explain = (rule: string, number: string) =>
    picket('rules', 'explain', rule, '-r', 'rules.yaml', '--on', 'audit.log', '--event', number);
  const fires = await explain('by alice', '2');
  expect(fires.out).toContain('event 2: create /api/v1/pods?x=\\x1b by alice\n');
  expect(fires.out).toMatch(/the rule fires\n$/);
  expect(fires.code).toBe(ExitCode.clean);
  expect((await explain('by alice', '3')).out).toContain('ka.user.name is carol');
  expect((await explain('by alice', '4')).err).toContain('there is no event 4 in audit.log');
  expect((await explain('of files', '1')).err).toContain(
    'of files is for events of source syscall, and those of audit.log are of k8s_audit',
  );
});

test('diff', async () => {
  write('new.yaml', rules('ka.user.name in (alice, bob)'));
  const { code, out } = await picket('rules', 'diff', 'rules.yaml', 'new.yaml', '--on', 'audit.log');
  expect(code).toBe(ExitCode.problems);
  expect(out).toBe('+ by alice: 1 alert\n    audit.log event 1: create by bob (1)\n');
});

test('test', async () => {
  write(
    'x.rules-test.yaml',
    `
rules: [rules.yaml]
tests:
  - name: alice is told
    capture: audit.log
    expect: [{ rule: by alice, count: 1, fields: { ka.user.name: alice } }]
  - name: nobody is told
    capture: audit.log
    expect: []
`,
  );
  const { code, out } = await picket('rules', 'test', 'x.rules-test.yaml');
  expect(code).toBe(ExitCode.problems);
  expect(out).toContain('✓ alice is told');
  expect(out).toContain('by alice fired once and is not expected: `create by alice (2)` (event 2)');
});

test('run: an audit log without rules is a mistake', async () => {
  const { code, err } = await picket('run', '--no-store', '--audit-log', 'audit.log');
  expect(code).toBe(ExitCode.usage);
  expect(err).toContain('no rules to ask of the audit log');
});
