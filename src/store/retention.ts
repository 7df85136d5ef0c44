import type { DatabaseSync } from 'node:sqlite';
import type { Alert } from '../detect/detector.ts';
import type { Flow } from '../flow/flow.ts';
import { bytesOnDisk } from './database.ts';
import type { Table } from './table.ts';

/** Database and write-ahead log together are kept below this unless told otherwise, bytes. */
export const defaultMaxBytes = 256 * 1024 * 1024;

/** Rows deleted in one transaction: keeps the log that a deletion writes small. */
const batch = 2_000;

/** Deleting by size goes down to this part of the allowed size, so that it is not needed again a moment later. */
const target = 0.9;

/** The part of the allowed size that alerts may take before they, too, make room. */
const alertShare = 0.25;

/** Deletes the rows of `table` older than `cutoff`; returns how many. Throws what SQLite throws. */
export function deleteByAge<T extends { readonly id: string }>(table: Table<T>, cutoff: number): number {
  let deleted = 0;
  for (;;) {
    const changes = table.deleteBefore(cutoff, batch);
    deleted += changes;
    if (changes < batch) return deleted;
  }
}

/** What {@link deleteBySize} works on. */
interface Sized {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly flows: Table<Flow>;
  readonly alerts: Table<Alert>;
  readonly maxBytes: number;
}

/**
 * Deletes the oldest flows until the database needs at most nine tenths of `maxBytes`, and gives the room back to the
 * file system; alerts only when they alone take more than a quarter of it. Returns how many rows. Throws what SQLite throws.
 */
export function deleteBySize({ path, database, flows, alerts, maxBytes }: Sized): number {
  if (bytesOnDisk(path) <= maxBytes) return 0;
  checkpoint(database);
  if (bytesOnDisk(path) <= maxBytes) return 0;
  let deleted = 0;
  while (usedBytes(database) > maxBytes * target && flows.size + alerts.size > 0) {
    const fromAlerts = flows.size === 0 || alerts.bytes() > maxBytes * alertShare;
    deleted += fromAlerts ? alerts.deleteOldest(batch) : flows.deleteOldest(batch);
  }
  database.exec('PRAGMA incremental_vacuum');
  checkpoint(database);
  return deleted;
}

/** Brings the log into the database and cuts it to nothing; leaves it when a reader is in the way. */
function checkpoint(database: DatabaseSync): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

/** Bytes of the pages in use: the size of the file once it is vacuumed. */
function usedBytes(database: DatabaseSync): number {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}
