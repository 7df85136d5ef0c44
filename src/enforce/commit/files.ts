import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Only root reads what is kept: rules tell where a machine can be reached. */
const [folderMode, fileMode] = [0o700, 0o600];

/** Makes a folder, with those above it, that only its owner may look into. */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: folderMode });
}

/** Writes a file whole or not at all, and onto the disk: it holds after a crash of the machine. */
export function writeSafely(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}.new`;
  writeAndSync(unfinished, 'w', text);
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/** Appends to a file, and onto the disk. One call of write(2), so that lines of two writers do not mix. */
export function appendSafely(path: string, text: string): void {
  writeAndSync(path, 'a', text);
}

/** Renames a file or folder, and onto the disk. Of several who do so with the same one, one succeeds; the others get ENOENT. */
export function renameSafely(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

function writeAndSync(path: string, flags: 'a' | 'w', text: string): void {
  const file = openSync(path, flags, fileMode);
  try {
    const bytes = Buffer.from(text);
    if (writeSync(file, bytes) !== bytes.length)
      throw new Error(`${path} took only a part of what was written`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
