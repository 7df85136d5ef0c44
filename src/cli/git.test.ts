import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FailedError, UsageError } from './command.ts';
import { parseRevisions, readRevision } from './git.ts';
import { testIo } from './io.fixture.ts';

let root = '';
const io = (cwd = root, env = {}) => ({ ...testIo(env), cwd });

function git(...args: string[]): string {
  const identity = [
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@example.test',
    '-c',
    'commit.gpgsign=false',
  ];
  return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' }).trim();
}

function write(name: string, text: string | Uint8Array): void {
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), text);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'picket-git-'));
  git('init', '-q', '-b', 'main');
  write('deploy/a.yaml', 'a: 1\n');
  write('deploy/sub/b.yml', 'b: 1\n');
  write('deploy/ä b.yaml', new Uint8Array([0xff, 0, 10, 10]));
  write('deploy/empty.yaml', '');
  write('deploy/.hidden.yaml', 'x: 1\n');
  write('deploy/node_modules/c.yaml', 'c: 1\n');
  write('deploy/note.txt', 'text');
  symlinkSync('a.yaml', join(root, 'deploy/link.yaml'));
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  write('deploy/a.yaml', 'a: 2\n');
  git('commit', '-q', '-a', '-m', 'two');
  git('branch', 'side', 'HEAD~1');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = async (paths: string[], cwd = root) =>
  (await readRevision(git('rev-parse', 'HEAD'), paths, io(cwd))).files.map(({ name }) => name);

test('files of a revision as they are read from disk: by ending, without hidden ones and links', async () => {
  const expected = ['deploy/a.yaml', 'deploy/empty.yaml', 'deploy/sub/b.yml', 'deploy/ä b.yaml'];
  expect(await names(['.'])).toEqual(expected);
  expect(await names(['./deploy/'])).toEqual(expected);
  expect(await names(['deploy/sub', 'deploy/note.txt'])).toEqual(['deploy/sub/b.yml', 'deploy/note.txt']);
  expect(await names(['.', '../deploy/a.yaml'], join(root, 'deploy/sub'))).toEqual(['b.yml']);
  expect(await names(['../sub'], join(root, 'deploy/sub'))).toEqual(['b.yml']);
});

test('contents are those of the revision, byte by byte', async () => {
  const { files } = await readRevision(git('rev-parse', 'HEAD~1'), ['deploy'], io());
  const of = (name: string) => files.find((file) => file.name === name)?.bytes;
  expect(new TextDecoder().decode(of('deploy/a.yaml'))).toBe('a: 1\n');
  expect(of('deploy/ä b.yaml')).toEqual(new Uint8Array([0xff, 0, 10, 10]));
  expect(of('deploy/empty.yaml')).toEqual(new Uint8Array());
});

test('a path that the revision lacks is told', async () => {
  expect((await readRevision('HEAD', ['nothing'], io())).missing).toEqual(['nothing']);
  expect((await readRevision('HEAD', ['*.yaml'], io())).missing, 'paths are no patterns').toEqual(['*.yaml']);
});

test('revisions: one, two, and where a branch began', async () => {
  const [first, second] = [git('rev-parse', 'HEAD~1'), git('rev-parse', 'HEAD')];
  expect(await parseRevisions('main', io())).toEqual({ from: second });
  expect(await parseRevisions('main~1..main', io())).toEqual({ from: first, to: second });
  expect(await parseRevisions('main~1..', io())).toEqual({ from: first, to: second });
  expect(await parseRevisions('main...side', io())).toEqual({ from: first, to: first });
});

test.each(['nothing', '--help', '', 'main^{blob}', 'a b', 'main..nothing'])(
  '%j is no revision',
  async (text) => {
    await expect(parseRevisions(text, io())).rejects.toThrow(UsageError);
  },
);

test('outside of a repository, and without git', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'picket-nogit-'));
  try {
    const there = io(outside, { GIT_CEILING_DIRECTORIES: tmpdir() });
    await expect(parseRevisions('HEAD', there)).rejects.toThrow(/in no git repository/);
    await expect(parseRevisions('HEAD', io(root, { PATH: outside }))).rejects.toThrow(FailedError);
  } finally {
    rmSync(outside, { recursive: true });
  }
});
