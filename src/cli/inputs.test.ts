import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UsageError } from './command.ts';
import { readInputs } from './inputs.ts';
import { testIo } from './io.fixture.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-test-'));
  for (const name of [
    'b.yaml',
    'a.yml',
    'sub/c.json',
    'sub/d.md',
    'note.txt',
    '.hidden.yaml',
    '.git/e.yaml',
    'node_modules/f.yaml',
  ]) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
  symlinkSync('..', join(folder, 'sub/loop'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a folder gives its manifest files in order, hidden ones and other endings left out, loops not followed', async () => {
  const { files, unreadable } = await readInputs([folder], testIo());
  expect(files.map(({ name }) => name.slice(folder.length + 1))).toEqual([
    'a.yml',
    'b.yaml',
    'sub/c.json',
    'sub/d.md',
  ]);
  expect(unreadable).toEqual([]);
});

test('a named file is read whatever its ending', async () => {
  const { files } = await readInputs([join(folder, 'note.txt')], testIo());
  expect(new TextDecoder().decode(files[0]!.bytes)).toBe('note.txt');
});

test('standard input', async () => {
  const { files } = await readInputs(['-'], testIo({}, 'kind: X'));
  expect(files[0]).toMatchObject({ name: '<stdin>' });
});

test('a path that does not exist must not look clean', async () => {
  await expect(readInputs([join(folder, 'nothing')], testIo())).rejects.toThrow(UsageError);
});
