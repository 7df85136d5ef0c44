import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ChangeLog } from '../../enforce/commit/change-log.ts';
import { pastState } from '../apply/past-state.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-apply-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'own.nft'), 'table inet picket { }\n');
mkdirSync(join(folder, 'faulty'));
writeFileSync(
  join(folder, 'faulty/picket.yaml'),
  'site: x\nfirewall:\n  allow:\n    - service: ssh\n      from: nowhere\n',
);
writeFileSync(join(folder, 'plain.yaml'), 'site: x\n');

/** What is wrong is told before this machine's packet filter is even read. */
async function run(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram([...args, '--state', join(folder, 'state')], () => io);
  return { code, ...io.written };
}

test.each([
  [['plan'], 'no wanted state is named'],
  [['plan', 'plain.yaml', '--nft', 'own.nft'], 'manifests and --nft each name a wanted state'],
  [['apply', '--nft', 'own.nft', '--remove'], '--nft and --remove each name a wanted state'],
  [['plan', '--nft', 'none.nft'], 'none.nft cannot be read'],
  [['plan', 'plain.yaml'], 'no host firewall is declared there'],
  [['plan', '--nft', 'own.nft', '--admin', 'x'], '--admin x is no address or prefix'],
  [['apply', '--nft', 'own.nft', '--accept-risk', 'ssh,all'], 'there is no risk all'],
  [['apply', '--nft', 'own.nft', '--confirm', '1s'], '--confirm 1s is not from 2s to 24h'],
  [['apply', '--nft', 'own.nft', '--probe', 'here'], '--probe here is no host:port'],
  [['apply', '--nft', 'own.nft', '--probe', '[::1]:70000'], 'is no host:port'],
  [['rollback', '--to', 'x'], '--to x is no number of a change'],
  [['rollback'], 'there is no change to roll back'],
])('wrong use: %j', async (args, message) => {
  const { code, err } = await run(...args);
  expect([code, err]).toEqual([ExitCode.usage, expect.stringContaining(message)]);
});

test('a declaration with errors is not put in force', async () => {
  const { code, err } = await run('apply', 'faulty');
  expect(code).toBe(ExitCode.problems);
  expect(err).toContain('nowhere');
  expect(err).toContain('is not put in force');
});

test('nothing waits, nothing was changed', async () => {
  expect(await run('confirm')).toMatchObject({
    code: ExitCode.problems,
    err: 'no change waits for its confirmation\n',
  });
  expect(await run('rollback', '--list')).toMatchObject({
    code: ExitCode.clean,
    out: 'nothing was changed yet\n',
  });
  expect(JSON.parse((await run('rollback', '--list', '-o', 'json')).out)).toEqual({
    schemaVersion: 1,
    changes: [],
  });
});

test('earlier states, without what was blocked for a time', () => {
  const log = new ChangeLog(join(folder, 'past'));
  const [a, b, c] = [
    '',
    'table inet picket { set s { flags timeout; elements = { 198.51.100.1 expires 3s, 198.51.100.2 }; } }',
    'table inet picket { }',
  ].map((text) => log.texts.keep(text));
  log.journal.append({ change: 1, event: 'started', before: a!, after: b! });
  log.journal.append({ change: 1, event: 'confirmed' });
  log.journal.append({ change: 2, event: 'started', before: b!, after: c! });
  log.journal.append({ change: 2, event: 'confirmed' });
  log.journal.append({ change: 3, event: 'started', before: c!, after: a! });
  log.journal.append({ change: 3, event: 'rolled back', by: 'timer' });
  const { text, source } = pastState(log, undefined);
  expect([source, text.includes('198.51.100.1'), text.includes('198.51.100.2')]).toEqual([
    'the state before change 2',
    false,
    true,
  ]);
  expect(pastState(log, 2).text).toBe('table inet picket { }');
  expect(pastState(log, 0).text).toBe('');
  expect(() => pastState(log, 9)).toThrow('the journal has no change 9');
});
