import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrate, refuseNewer } from './schema.ts';

/** How long a statement waits for another connection's lock before it fails, ms. The agent's loop stands still meanwhile. */
const busyTimeout = 500;

/** After a checkpoint the log is cut to this, bytes. */
const logLimit = 4 * 1024 * 1024;

/** Pages of the log at which even a connection makes a checkpoint whose checkpoints others make: they seem not to come. */
const lateCheckpoint = 16_384;

/** Moved-aside files kept beside the database; the oldest goes first. */
const keptCorrupt = 3;

/**
 * Opens the database at `path` for writing, creating it when there is none, in its newest shape.
 * Write-ahead log with synchronous NORMAL: a killed process loses nothing that was committed and a power cut at most
 * the last commits, never the file (https://www.sqlite.org/wal.html). Incremental auto-vacuum: the file can shrink.
 * A new file is for its owner and group only. Without `checkpoints` the connection leaves it to others to bring the log into the database,
 * which waits for the disk (see `checkpoint`). Throws what SQLite throws, and NewerSchemaError.
 */
export function openDatabase(path: string, checkpoints = true): DatabaseSync {
  // Command lines are in it. SQLite gives its log and its index the mode of the database.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o640));
  const database = new DatabaseSync(path, { timeout: busyTimeout });
  try {
    // Has to come before anything is written: the file's header decides it for good.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    refuseNewer(database, path);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA journal_size_limit = ${logLimit}`);
    if (!checkpoints) database.exec(`PRAGMA wal_autocheckpoint = ${lateCheckpoint}`);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the database at `path` for reading beside a process that writes it. Throws what SQLite throws, and NewerSchemaError. */
export function openDatabaseToRead(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeout, readOnly: true });
  try {
    refuseNewer(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Bytes of the database and of its write-ahead log, as the file system has them. */
export function bytesOnDisk(path: string): number {
  return size(path) + size(`${path}-wal`);
}

/** Tells whether the log is so large that it should be brought into the database. */
export function needsCheckpoint(path: string): boolean {
  return size(`${path}-wal`) > logLimit;
}

/** Brings the log into the database as far as nobody is in the way. Throws what SQLite throws. */
export function checkpoint(database: DatabaseSync): void {
  database.exec('PRAGMA wal_checkpoint(PASSIVE)');
}

function size(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** SQLite's primary result code of `error`, or undefined when it did not come from SQLite (https://www.sqlite.org/rescode.html). */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}

/** True when `error` says that the file is damaged or is no database: SQLITE_CORRUPT, SQLITE_NOTADB. */
export function saysCorrupt(error: unknown): boolean {
  const code = resultCode(error);
  return code === 11 || code === 26;
}

/**
 * Moves the database at `path` and its log to `NAME.corrupt-<n>`, so that a fresh one can be started and nothing is
 * thrown away. Keeps the three newest such files. Returns the new name. Throws what the file system throws.
 */
export function moveAside(path: string): string {
  const prefix = `${basename(path)}.corrupt-`;
  const numbers = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((n) => Number.isSafeInteger(n) && n > 0)
    .sort((a, b) => a - b);
  const moved = `${path}.corrupt-${(numbers.at(-1) ?? 0) + 1}`;
  renameSync(path, moved);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${moved}-wal`);
  rmSync(`${path}-shm`, { force: true });
  for (const n of numbers.slice(0, 1 - keptCorrupt)) {
    for (const suffix of ['', '-wal']) rmSync(join(dirname(path), `${prefix}${n}${suffix}`), { force: true });
  }
  return moved;
}
