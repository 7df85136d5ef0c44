import type { DatabaseSync } from 'node:sqlite';

/** Holds for a row of flows whose flow will not change any more. Part of a migration: never changes. */
const endedFlow =
  "((json_extract(data, '$.closedAt') IS NOT NULL OR json_extract(data, '$.endReason') IS NOT NULL) AND json_extract(data, '$.awaitsCounts') IS NULL)";

/** The version from which there are segments and sums. */
export const logVersion = 2;

/** The version from which there are incidents. */
export const incidentVersion = 4;

/**
 * Every change to the database's shape, in order; entry n takes `user_version` n to n + 1. Released entries never change.
 *
 * `row` grows with insertion and is what pages go by; `at` is the time that queries and retention go by (ms since
 * the epoch), which may go back when the clock does; `data` is the record as JSON and stands last, so that a scan
 * over the columns before it does not read its overflow pages.
 */
const migrations: readonly string[] = [
  `CREATE TABLE flows (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX flows_at ON flows (at);
   CREATE TABLE alerts (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX alerts_at ON alerts (at);`,
  // Flows that ended move to segments, files of their own, of which `segments` is the list, as `sums` is of sums over them.
  `CREATE INDEX flows_ended ON flows (row) WHERE ${endedFlow};
   CREATE TABLE segments (
     id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, min_row INTEGER NOT NULL, max_row INTEGER NOT NULL,
     min_at REAL NOT NULL, max_at REAL NOT NULL, bytes INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE sums (
     id INTEGER PRIMARY KEY, resolution TEXT NOT NULL, rows INTEGER NOT NULL, min_at INTEGER NOT NULL, max_at INTEGER NOT NULL,
     bytes INTEGER NOT NULL, others TEXT NOT NULL
   ) STRICT;
   CREATE TABLE merged_files (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
   CREATE TABLE log_facts (name TEXT PRIMARY KEY, value REAL NOT NULL) STRICT, WITHOUT ROWID;`,
  // An index over what JSON says costs as much for each flow as all else together.
  `ALTER TABLE flows ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
   UPDATE flows SET ended = 1 WHERE ${endedFlow};
   DROP INDEX flows_ended;
   CREATE INDEX flows_ended ON flows (row) WHERE ended;`,
  `CREATE TABLE incidents (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX incidents_at ON incidents (at);`,
];

/** The database was written by a newer Picket than this one. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/** Returns the `user_version` of the database. */
export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

/** Throws {@link NewerSchemaError} when the database at `path` has a shape that this version cannot know. */
export function refuseNewer(database: DatabaseSync, path: string): void {
  const version = schemaVersion(database);
  if (version <= migrations.length) return;
  throw new NewerSchemaError(
    `${path} was written by a newer Picket (schema ${version}; this one knows up to ${migrations.length})`,
  );
}

/** Brings the database to the newest shape, or that of `to`, each step in its own transaction. Throws what SQLite throws. */
export function migrate(database: DatabaseSync, to: number = migrations.length): void {
  for (let version = schemaVersion(database); version < to; version += 1) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[version]} PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}
