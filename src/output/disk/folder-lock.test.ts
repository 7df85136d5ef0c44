import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderLock } from './folder-lock.ts';

let folder: string;
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'picket-lock-')), 'spool');
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }
  children = [];
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

/** A process that takes the lock, says whether it has it, and stays; `script` is run with it. */
async function holder(script = ''): Promise<{ child: ChildProcess; said: string }> {
  const text = `
import { spawn } from 'node:child_process';
import { FolderLock } from '${join(import.meta.dirname, 'folder-lock.ts')}';
try {
  FolderLock.take(process.argv[1]);
  ${script}
  console.log('has it');
} catch (error) {
  console.log(error.message);
}
setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { child, said: said.trim() };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}

test('one process has the folder; a second is told whose it is', async () => {
  const first = await holder();
  expect(first.said).toBe('has it');
  const belongs = `the alerts in ${folder} belong to another picket that runs, pid ${first.child.pid}`;
  expect((await holder()).said).toBe(belongs);
  expect(() => FolderLock.take(folder)).toThrow(belongs);
  // And being refused changes nothing.
  expect(() => FolderLock.take(folder)).toThrow(belongs);
});

test('a kill -9 leaves the folder free, even while a child of the killed one lives on', async () => {
  const { child } = await holder(
    "const left = spawn('sleep', ['60'], { stdio: 'ignore', detached: true }); left.unref(); (await import('node:fs')).writeFileSync(process.argv[1] + '/child', String(left.pid));",
  );
  const left = Number(readFileSync(join(folder, 'child'), 'utf8'));
  await killed(child);
  process.kill(left, 0);
  const lock = FolderLock.take(folder);
  expect(lock).toBeDefined();
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(`${process.pid}\n`);
  process.kill(left, 'SIGKILL');
  lock?.release();
});

test('of many at once one gets it, over and over', async () => {
  for (let round = 0; round < 3; round++) {
    const all = await Promise.all([1, 2, 3, 4].map(() => holder()));
    expect(all.filter(({ said }) => said === 'has it')).toHaveLength(1);
    await Promise.all(all.map(({ child }) => killed(child)));
  }
}, 60_000);

test('what an earlier process left of itself does not matter', () => {
  mkdirSync(folder);
  // The pid of something that runs.
  writeFileSync(join(folder, 'lock'), '1\n');
  const lock = FolderLock.take(folder);
  expect(lock).toBeDefined();
  lock?.release();
  lock?.release();
  const again = FolderLock.take(folder);
  expect(again).toBeDefined();
  again?.release();
});

test('a folder that cannot be made takes no lock', () => {
  writeFileSync(folder, '');
  expect(FolderLock.take(folder)).toBeUndefined();
});
