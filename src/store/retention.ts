import type { DatabaseSync } from 'node:sqlite';
import type { Alert } from '../detect/detector.ts';
import type { Flow } from '../flow/flow.ts';
import type { Incident } from '../incident/incident.ts';
import { bytesOnDisk } from './database.ts';
import { deleteOldestSegment, deleteSumsBefore, limitSums } from './log/expiry.ts';
import type { Resolution } from './log/roll-up.ts';
import { resolutions, type SegmentList } from './log/segment-list.ts';
import type { Table } from './table.ts';

/** Database and write-ahead log together are kept below this unless told otherwise, bytes. */
export const defaultMaxBytes = 256 * 1024 * 1024;

/** Rows deleted in one transaction: keeps the log that a deletion writes small. */
const batch = 2_000;

/** Deleting by size goes down to this part of the allowed size, so that it is not needed again a moment later. */
const target = 0.9;

/** The part of the allowed size that alerts may take before they, too, make room. */
const alertShare = 0.25;

/** The same for incidents, and how many go in one transaction: they are larger. */
const [incidentShare, incidentBatch] = [0.1, 20];

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
  readonly incidents: Table<Incident>;
  readonly list: SegmentList;
  readonly maxBytes: number;
}

/**
 * Deletes the oldest flows until database and segments need at most nine tenths of `maxBytes`, and gives the room back to the
 * file system; alerts only when they alone take more than a quarter of it, incidents when they take more than a tenth. Returns how many rows. Throws what SQLite throws.
 */
export function deleteBySize({ path, database, flows, alerts, incidents, list, maxBytes }: Sized): number {
  const tooLarge = () => bytesOnDisk(path) + list.sealed().bytes > maxBytes;
  if (!tooLarge()) return 0;
  checkpoint(database);
  if (!tooLarge()) return 0;
  let deleted = 0;
  while (incidents.size > 0 && incidents.bytes() > maxBytes * incidentShare)
    deleted += incidents.deleteOldest(incidentBatch);
  // What is in segments is older than most of what is not.
  for (let gone = -1; gone !== 0 && usedBytes(database) + list.sealed().bytes > maxBytes * target; ) {
    gone = deleteOldestSegment(list);
    deleted += gone;
  }
  while (usedBytes(database) + list.sealed().bytes > maxBytes * target && flows.size + alerts.size > 0) {
    const fromAlerts = flows.size === 0 || alerts.bytes() > maxBytes * alertShare;
    deleted += fromAlerts ? alerts.deleteOldest(batch) : flows.deleteOldest(batch);
  }
  database.exec('PRAGMA incremental_vacuum');
  checkpoint(database);
  return deleted;
}

/** The part of the allowed size that sums by minute, and those by hour, may take. */
const sumShare = 0.1;

/** Sums by minute and by hour that are older than these are deleted unless told otherwise: 30 and 400 days, in ms. */
export const defaultMaxSumAge: Readonly<Record<Resolution, number>> = {
  minutes: 30 * 24 * 60 * 60 * 1000,
  hours: 400 * 24 * 60 * 60 * 1000,
};

/** Deletes sums that are too old, and the oldest of those that take too much room. Throws what SQLite throws. */
export function deleteSums(
  list: SegmentList,
  now: number,
  maxBytes: number,
  maxAge: Readonly<Record<Resolution, number>>,
): void {
  for (const resolution of resolutions) {
    deleteSumsBefore(list, resolution, now - maxAge[resolution]);
    limitSums(list, resolution, maxBytes * sumShare);
  }
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
