import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../respond/audit/record.ts';
import { AuditFile } from './audit-file.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'picket-audit-'));
  folders.push(path);
  return path;
}

const entry = (number: number): AuditEntry => ({
  event: 'denied',
  id: `r${number}`,
  why: 'no',
  by: 'tester',
});
const writer = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url));

function write(to: string, ...more: string[]) {
  const child = spawn(process.execPath, [writer, to, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { child, ready, ended };
}

test('what is appended is there, chained, for its owner alone', () => {
  const at = folder();
  expect(AuditFile.isIn(at)).toBe(false);
  for (let number = 1; number <= 3; number++) new AuditFile(at).append(entry(number));
  const log = new AuditFile(at);
  const { problems, records, beyond, first, head } = log.verify();
  expect([problems, records.map((one) => 'id' in one && one.id), beyond, first]).toEqual([
    [],
    ['r1', 'r2', 'r3'],
    0,
    1,
  ]);
  expect(log.head()).toEqual(head);
  expect(statSync(join(at, 'audit.jsonl')).mode & 0o777).toBe(0o600);
});

test('a writer that is killed leaves a log that goes on, again and again', async () => {
  const at = folder();
  for (let round = 0; round < 4; round++) {
    const { child, ready, ended } = write(at);
    await ready;
    await new Promise((resolve) => setTimeout(resolve, 60 + 40 * round));
    child.kill('SIGKILL');
    await ended;
    new AuditFile(at).append(entry(round));
    const { problems, records } = new AuditFile(at).verify();
    expect(problems).toEqual([]);
    expect(records.at(-1)).toMatchObject({ event: 'denied', id: `r${round}` });
  }
}, 60_000);

test('a torn line is kept and told; one that lacks only its line feed is a line', () => {
  const at = folder();
  const path = join(at, 'audit.jsonl');
  new AuditFile(at).append(entry(1));
  appendFileSync(path, '{"schemaVersion":1,"se');
  expect(new AuditFile(at).verify().problems).toMatchObject([{ what: 'torn' }]);
  new AuditFile(at).append(entry(2));
  const { problems, torn, records } = new AuditFile(at).verify();
  expect([problems, torn]).toEqual([[], 1]);
  expect(records[1]).toMatchObject({ event: 'recovered', torn: 22 });
  expect(readFileSync(path, 'utf8')).toContain('\n{"schemaVersion":1,"se\n');

  writeFileSync(path, readFileSync(path, 'utf8').trimEnd());
  new AuditFile(at).append(entry(3));
  expect(new AuditFile(at).verify().problems).toEqual([]);
});

test('missing lines at the end are found, also once more was written, and where the head is gone that is said', () => {
  const at = folder();
  const path = join(at, 'audit.jsonl');
  for (let number = 1; number <= 4; number++) new AuditFile(at).append(entry(number));
  const known = new AuditFile(at).head()!;
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, `${lines.slice(0, 2).join('\n')}\n`);
  expect(new AuditFile(at).verify().problems).toMatchObject([{ what: 'truncated' }]);
  new AuditFile(at).append(entry(5));
  expect(new AuditFile(at).verify().problems.map(({ what }) => what)).toEqual(['broken', 'gap']);

  rmSync(join(at, 'audit.head'));
  expect(new AuditFile(at).verify().problems.at(-1)?.text).toContain('cannot be told');
  expect(() => new AuditFile(at).append(entry(6))).toThrow(/missing or damaged/);
  expect(new AuditFile(at).verify(known).problems.map(({ what }) => what)).toContain('truncated');
});

test('a head that was written down elsewhere finds a log of which both files were put back', () => {
  const at = folder();
  const files = ['audit.jsonl', 'audit.head'].map((name) => join(at, name));
  new AuditFile(at).append(entry(1));
  const early = files.map((file) => readFileSync(file));
  new AuditFile(at).append(entry(2));
  const known = new AuditFile(at).head()!;
  for (const [at, file] of files.entries()) writeFileSync(file, early[at]!);
  expect(new AuditFile(at).verify().problems).toEqual([]);
  expect(new AuditFile(at).verify(known).problems).toMatchObject([{ what: 'truncated' }]);
});

test('it is bounded, and what is let go is no problem', () => {
  const at = folder();
  const bounds = { fileBytes: 1000, files: 2 };
  for (let number = 1; number <= 40; number++) new AuditFile(at, bounds).append(entry(number));
  const kept = readdirSync(at).filter((name) => name.endsWith('.jsonl'));
  expect(kept).toHaveLength(3);
  const { problems, first, records } = new AuditFile(at, bounds).verify();
  expect(problems).toEqual([]);
  expect(first).toBeGreaterThan(20);
  expect(records.at(-1)).toMatchObject({ seq: 40 });
  // One that was not let go by the log itself is missed.
  rmSync(join(at, kept.sort()[0]!));
  expect(new AuditFile(at, bounds).verify().problems.map(({ what }) => what)).toContain('gap');
});

test('several processes at once', async () => {
  const at = folder();
  const writers = [1, 2, 3].map(() => write(at, '30'));
  await Promise.all(writers.map(({ ended }) => ended));
  const { problems, records } = new AuditFile(at).verify();
  expect([problems, records.length]).toEqual([[], 90]);
}, 60_000);

test('a lock of a process that is gone does not count', () => {
  const at = folder();
  writeFileSync(join(at, 'audit.jsonl.lock'), '999999999 12\n');
  new AuditFile(at).append(entry(1));
  writeFileSync(join(at, 'audit.jsonl.lock'), `${process.pid} 1\n`);
  new AuditFile(at).append(entry(2));
  expect(new AuditFile(at).verify().records).toHaveLength(2);
});
