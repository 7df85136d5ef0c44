import type { Reason } from '../flow/verdict.ts';
import type { ReadLimits } from '../manifest/limits.ts';
import type { InputFile, ManifestCounts } from '../manifest/resource.ts';
import type { ExplainedChange } from '../posture/diff/explain.ts';
import type { Posture } from '../posture/posture.ts';
import type { SegmentationOptions } from '../segmentation/segmentation.ts';
import { UsageError } from './command.ts';
import { parseRevisions, readRevision } from './git.ts';
import { type Inputs, readInputs } from './inputs.ts';
import type { Io } from './io.ts';
import { declarationOf } from './load-posture.ts';

/** One of two sets of manifests. */
export interface ComparedSide {
  /** As the user named it. */
  readonly name: string;
  readonly posture: Posture;
  readonly counts: ManifestCounts;
  readonly errors: number;
  readonly unreadable: Inputs['unreadable'];
}

/** Two sets of manifests. */
export interface ComparedSides {
  readonly old: ComparedSide;
  readonly new: ComparedSide;
  /** Returns the change with places that tell which set they are in. */
  label(change: ExplainedChange): ExplainedChange;
}

/** How manifests are read and compiled. */
export interface Reading {
  readonly limits: Partial<ReadLimits>;
  readonly segmentation: SegmentationOptions;
}

/** Reads and compiles what two paths hold. Throws UsageError for a path that does not exist. */
export async function compareFolders(
  [old, now]: readonly [string, string],
  io: Io,
  reading: Reading,
): Promise<ComparedSides> {
  if (old === '-' && now === '-') throw new UsageError('standard input can be one of the two sets only');
  const read = async (path: string) => sideOf(path, await readInputs([path], io), reading);
  return { old: await read(old), new: await read(now), label: (change) => change };
}

/**
 * Reads and compiles what `paths` hold in one revision, and in another or on disk. Names of files carry their revision,
 * as in `git show`: `main:deploy/web.yaml`. Throws UsageError and FailedError.
 */
export async function compareRevisions(
  text: string,
  paths: readonly string[],
  io: Io,
  reading: Reading,
): Promise<ComparedSides> {
  if (paths.includes('-')) throw new UsageError('standard input has no revisions', 'name files or folders');
  const asked = paths.length === 0 ? ['.'] : paths;
  const { from, to } = await parseRevisions(text, io);
  const [left = '', right = ''] = text.split(/\.{2,3}/);
  const old = await readRevision(from, asked, io);
  const now = to === undefined ? await readTree(asked, old.missing, io) : await readRevision(to, asked, io);
  const nowhere = asked.find((path) => old.missing.includes(path) && now.missing.includes(path));
  if (nowhere !== undefined && nowhere !== '.') {
    throw new UsageError(`neither of the two has ${nowhere}`, 'paths are relative to the working directory');
  }
  const names = {
    old: `${text.includes('...') ? short(from) : left || 'HEAD'}`,
    new: to === undefined ? 'the files on disk' : right || 'HEAD',
  };
  const prefixes = { before: `${names.old}:`, after: to === undefined ? '' : `${names.new}:` };
  return {
    old: sideOf(names.old, old, reading),
    new: sideOf(names.new, now, reading),
    label: ({ why, ...change }) => ({
      ...change,
      why: {
        ...(why.before ? { before: inFile(why.before, prefixes.before) } : {}),
        ...(why.after ? { after: inFile(why.after, prefixes.after) } : {}),
      },
    }),
  };
}

/** The files on disk; a path that is gone holds nothing when the revision had it. */
async function readTree(
  paths: readonly string[],
  unknown: readonly string[],
  io: Io,
): Promise<Inputs & { readonly missing: readonly string[] }> {
  const files: InputFile[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    try {
      const found = await readInputs([path], io);
      files.push(...found.files);
      unreadable.push(...found.unreadable);
    } catch (error) {
      if (!(error instanceof UsageError) || unknown.includes(path)) throw error;
      missing.push(path);
    }
  }
  return { files, unreadable, missing };
}

function sideOf(
  name: string,
  { files, unreadable }: Inputs,
  { limits, segmentation }: Reading,
): ComparedSide {
  const { posture, set } = declarationOf(files, limits, segmentation);
  return { name, posture, counts: set.counts, errors: posture.counts.errors, unreadable };
}

function inFile(reason: Reason, prefix: string): Reason {
  if (reason.span === undefined || prefix === '') return reason;
  return { ...reason, span: { ...reason.span, file: `${prefix}${reason.span.file}` } };
}

function short(commit: string): string {
  return commit.slice(0, 12);
}
