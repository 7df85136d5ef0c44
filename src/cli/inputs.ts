import { opendirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { InputFile } from '../manifest/resource.ts';
import { UsageError } from './command.ts';
import type { Io } from './io.ts';

const manifestEndings: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.md', '.markdown', '.mdx']);

/** Whether a file below a named folder is read, going by its path from there; a file that is named itself always is. */
export function isManifestPath(path: string): boolean {
  const hidden = path.split('/').some((part) => part.startsWith('.') || part === 'node_modules');
  return !hidden && manifestEndings.has(extname(path).toLowerCase());
}
const maxFiles = 100_000;

/** What was found under the given paths. */
export interface Inputs {
  readonly files: readonly InputFile[];
  /** Files and folders that could not be read, with the reason. */
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
}

/** The largest file that is read into memory; larger ones are handed on cut, and refused by the reader with a diagnostic. */
export const maxBytes = 512 * 1024 * 1024;

/**
 * Reads files, folders (recursively, by file ending, without hidden folders and node_modules) and `-` for standard
 * input, in a stable order. A path that does not exist is a usage error: a typing mistake must not look clean.
 */
export async function readInputs(paths: readonly string[], io: Io): Promise<Inputs> {
  const files: InputFile[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  const read = (name: string, path: string) => {
    try {
      const { size } = statSync(path);
      if (size > maxBytes) unreadable.push({ name, reason: `larger than ${maxBytes / 1024 / 1024} MiB` });
      else files.push({ name, bytes: readFileSync(path) });
    } catch (error) {
      unreadable.push({ name, reason: (error as Error).message });
    }
  };
  for (const path of paths) {
    if (path === '-') {
      files.push({ name: '<stdin>', bytes: await io.readStdin() });
      continue;
    }
    const full = path.startsWith('/') ? path : join(io.cwd, path);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (!stat) throw new UsageError(`no such file or folder: ${path}`);
    if (!stat.isDirectory()) {
      read(path, full);
      continue;
    }
    for (const found of walk(full, unreadable)) {
      if (files.length >= maxFiles)
        throw new UsageError(`more than ${maxFiles} files under ${path}`, 'name smaller folders');
      read(join(path, found.slice(full.length + 1)), found);
    }
  }
  return { files, unreadable };
}

/** Manifest files below `folder`, sorted by path. Symbolic links to folders are not followed, so no loop is possible. */
function walk(folder: string, unreadable: { name: string; reason: string }[]): string[] {
  const found: string[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      const directory = opendirSync(next);
      for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
        const path = join(next, entry.name);
        if (entry.isDirectory()) {
          if (!entry.name.startsWith('.') && entry.name !== 'node_modules') pending.push(path);
        } else if (
          manifestEndings.has(extname(entry.name).toLowerCase()) &&
          !basename(entry.name).startsWith('.')
        ) {
          found.push(path);
        }
      }
      directory.closeSync();
    } catch (error) {
      unreadable.push({ name: next, reason: (error as Error).message });
    }
  }
  return found.sort();
}
