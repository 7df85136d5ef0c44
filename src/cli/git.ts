import { spawn } from 'node:child_process';
import { relative, resolve as resolvePath } from 'node:path';
import type { InputFile } from '../manifest/resource.ts';
import { FailedError, UsageError } from './command.ts';
import { type Inputs, isManifestPath, maxBytes } from './inputs.ts';
import type { Io } from './io.ts';

/** What a revision holds under the given paths. */
export interface RevisionFiles extends Inputs {
  /** Paths that the revision does not have. */
  readonly missing: readonly string[];
}

/** Two revisions to compare; without `to`, with the files as they are on disk. */
export interface RevisionRange {
  readonly from: string;
  readonly to?: string;
}

/**
 * Returns the revisions that `text` names: `REV`, `A..B`, or `A...B` for where B left A (gitrevisions). An empty end is
 * HEAD. Throws UsageError for what git does not know.
 */
export async function parseRevisions(text: string, io: Io): Promise<RevisionRange> {
  const [, left, dots, right] = /^(.*?)(\.{2,3})(.*)$/s.exec(text) ?? [];
  if (dots === undefined) return { from: await commitOf(text, io) };
  const [a, b] = await Promise.all([commitOf(left || 'HEAD', io), commitOf(right || 'HEAD', io)]);
  if (dots === '..') return { from: a, to: b };
  const base = await git(['merge-base', a, b], io);
  if (base.code !== 0)
    throw new UsageError(`${left || 'HEAD'} and ${right || 'HEAD'} have no commit in common`);
  return { from: base.out.toString('utf8').trim(), to: b };
}

/** Returns the full id of a commit. Throws UsageError when there is no repository or no such revision. */
async function commitOf(revision: string, io: Io): Promise<string> {
  const inside = await git(['rev-parse', '--git-dir'], io);
  if (inside.code !== 0) {
    const denied = /dubious ownership/.test(inside.err);
    const help = denied
      ? inside.err.trim().split('\n').at(-1)?.trim()
      : 'change into one, or compare two folders';
    throw new UsageError(
      denied ? `git does not trust the repository at ${io.cwd}` : `${io.cwd} is in no git repository`,
      help,
    );
  }
  const found = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    io,
  );
  if (found.code === 0) return found.out.toString('utf8').trim();
  const shallow = await git(['rev-parse', '--is-shallow-repository'], io);
  const help =
    shallow.out.toString('utf8').trim() === 'true'
      ? 'this clone is shallow: fetch more, e.g. git fetch --unshallow'
      : 'name a commit, a branch or a tag; git log --oneline lists commits';
  throw new UsageError(`git knows no revision ${revision}`, help);
}

/** One file of a tree. */
interface Entry {
  readonly name: string;
  readonly id: string;
  readonly size: number;
}

/**
 * Reads the manifest files under `paths` (as {@link readInputs} does from disk) out of a commit, without touching the
 * working tree: names by `git ls-tree`, contents by `git cat-file`. Paths are relative to the working directory.
 * Symbolic links and submodules are not followed. Throws FailedError.
 */
export async function readRevision(commit: string, paths: readonly string[], io: Io): Promise<RevisionFiles> {
  const entries: Entry[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    const plain = relative(io.cwd, resolvePath(io.cwd, path));
    const listed = await git(['ls-tree', '-r', '-z', '-l', commit, ...(plain === '' ? [] : [plain])], io);
    if (listed.code !== 0) throw new FailedError(`git cannot list ${path}: ${listed.err.trim()}`);
    const rows = listed.out.toString('utf8').split('\0').filter(Boolean);
    if (rows.length === 0) missing.push(path);
    const folder = plain === '' ? '' : `${plain}/`;
    for (const row of rows) {
      const [, mode, id, size, name] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(row) ?? [];
      if (name === undefined || id === undefined || !mode?.startsWith('100')) continue;
      const below = name.startsWith(folder) ? name.slice(folder.length) : name;
      const isNamed = `${name}/` === folder;
      if (!isNamed && !isManifestPath(below)) continue;
      if (Number(size) > maxBytes)
        unreadable.push({ name, reason: `larger than ${maxBytes / 1024 / 1024} MiB` });
      else entries.push({ name, id, size: Number(size) });
    }
  }
  return { files: await readBlobs(entries, io), unreadable, missing };
}

/** Contents of blobs by `git cat-file --batch`: for each, a line with its size, its bytes, a line feed. */
async function readBlobs(entries: readonly Entry[], io: Io): Promise<InputFile[]> {
  if (entries.length === 0) return [];
  const { code, out, err } = await git(
    ['cat-file', '--batch=%(objectsize)'],
    io,
    `${entries.map(({ id }) => id).join('\n')}\n`,
  );
  if (code !== 0) throw new FailedError(`git cannot read the files of the revision: ${err.trim()}`);
  let at = 0;
  return entries.map(({ name, size }) => {
    const feed = out.indexOf(10, at);
    if (out.toString('latin1', at, feed) !== String(size)) {
      throw new FailedError(
        `git has not the content of ${name}`,
        'a partial clone? git fetch --refetch gets all',
      );
    }
    const bytes = new Uint8Array(out.subarray(feed + 1, feed + 1 + size));
    at = feed + 1 + size + 1;
    return { name, bytes };
  });
}

interface Finished {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

/** Runs git in the working directory; paths are taken literally, nothing is written. */
function git(args: readonly string[], io: Io, input = ''): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd: io.cwd,
      env: {
        ...process.env,
        ...io.env,
        LC_ALL: 'C',
        GIT_LITERAL_PATHSPECS: '1',
        GIT_NO_LAZY_FETCH: '1',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_TERMINAL_PROMPT: '0',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // A child that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => {});
    child.on('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT';
      reject(new FailedError(absent ? 'git is not installed' : `git cannot be started: ${error.message}`));
    });
    child.on('close', (code) =>
      resolve({ code: code ?? 1, out: Buffer.concat(out), err: Buffer.concat(err).toString('utf8') }),
    );
    child.stdin.end(input);
  });
}
