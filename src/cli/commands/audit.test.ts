import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { responsesOutput } from '../../respond/audit/record.ts';
import { decide } from '../../respond/decide.ts';
import { facts, playbook, playbooks, scan } from '../../respond/respond.fixture.ts';
import { AuditFile } from '../../store/audit/audit-file.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A state folder with a log of three lines; no agent runs on it. */
function state(more: Partial<typeof scan> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'picket-audit-cli-'));
  folders.push(folder);
  const log = new AuditFile(join(folder, 'respond'));
  const made = decide('r1', playbook, playbook.steps[0]!, { ...scan, ...more }, playbooks, facts())!;
  log.append({ event: 'decided', response: made, by: 'picket' });
  log.append({ event: 'denied', id: 'r1', why: 'ours', by: 'anna' });
  log.append({ event: 'opened' });
  return folder;
}

async function run(folder: string, ...args: string[]) {
  const io = testIo();
  const code = await runProgram([...args, '--state', folder], () => io);
  return { code, ...io.written };
}

test('a whole log, and its lines', async () => {
  const folder = state();
  const { code, out } = await run(folder, 'audit', 'verify');
  expect([code, out]).toEqual([0, expect.stringMatching(/^whole: 3 lines\nhead 3:[0-9a-f]{64}\n$/)]);
  const head = /head (\S+)/.exec(out)?.[1] ?? '';
  expect((await run(folder, 'audit', 'verify', '--head', head)).code).toBe(0);
  const list = await run(folder, 'audit', 'list');
  expect(list.out).toMatch(/^1 .* decided by picket {2}r1 {2}waiting: block 203\.0\.113\.9 for 1h /);
  expect(list.out).toMatch(/\n2 .* denied by anna {2}r1 {2}ours\n3 /);
  expect((await run(folder, 'audit', 'list', '-n', '1', '-o', 'jsonl')).out).toMatch(
    /^\{.*"event":"opened".*\}\n$/,
  );
});

test('what was done to it is told with its line', async () => {
  const folder = state();
  const path = join(folder, 'respond/audit.jsonl');
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.replace('ours', 'mine'));
  const changed = await run(folder, 'audit', 'verify');
  expect([changed.code, changed.out]).toEqual([
    1,
    expect.stringContaining('line 3: broken: it does not go on'),
  ]);
  writeFileSync(path, whole.split('\n').slice(0, 2).join('\n').concat('\n'));
  const cut = await run(folder, 'audit', 'verify', '-o', 'json');
  expect([cut.code, JSON.parse(cut.out)]).toMatchObject([
    1,
    { whole: false, problems: [{ what: 'truncated' }] },
  ]);
  writeFileSync(path, whole);
  const other = await run(folder, 'audit', 'verify', '--head', `3:${'0'.repeat(64)}`);
  expect([other.code, other.out]).toEqual([1, expect.stringContaining('altered')]);
});

test('no log, and a head that is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'picket-audit-cli-'));
  folders.push(folder);
  expect(await run(folder, 'audit', 'verify')).toMatchObject({
    code: 3,
    err: expect.stringContaining('there is no audit log'),
  });
  expect((await run(folder, 'audit', 'verify', '--head', `3:${'0'.repeat(64)}`)).code).toBe(1);
  expect(await run(folder, 'audit', 'verify', '--head', '3')).toMatchObject({ code: 2 });
  expect(await run(folder, 'respond', 'list')).toMatchObject({ code: 0, out: 'no responses\n' });
});

test('responses as the log has them, in text that cannot act on a terminal, and in the JSON of the committed schema', async () => {
  const folder = state({ title: '\u001b[31m tried ports' });
  const { out } = await run(folder, 'respond', 'list');
  expect(out).toContain('r1  block 203.0.113.9 for 1h  refused by anna\n');
  expect(out).toContain('would have cut 0 of 100 conversations');
  expect(out).not.toContain('\u001b');
  const json = JSON.parse((await run(folder, 'respond', 'list', '-o', 'json')).out);
  const schema = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
    z.toJSONSchema(responsesOutput),
  );
  expect([schema(json), schema.errors]).toEqual([true, null]);
  expect(JSON.parse((await run(folder, 'respond', 'list', '--open', '-o', 'json')).out).responses).toEqual(
    [],
  );
});

test('without an agent nobody can agree', async () => {
  expect(await run(state(), 'respond', 'approve', 'r1')).toMatchObject({
    code: 3,
    err: expect.stringContaining('no picket run guards this machine'),
  });
});
