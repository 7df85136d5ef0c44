import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { logVersion, schemaVersion } from '../schema.ts';
import { type Others, type Resolution, stepOf } from './roll-up.ts';

/** What the list of segments knows of one. */
export interface Segment {
  readonly id: number;
  readonly rows: number;
  readonly minRow: number;
  readonly maxRow: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly bytes: number;
}

/** A file of sums, as the list knows it. */
export interface SumFile {
  readonly id: number;
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly bytes: number;
  readonly others: readonly Others[];
}

export const resolutions: readonly Resolution[] = ['minutes', 'hours'];

/** The folder of the segments of the database at `path`. */
export function segmentsFolder(path: string): string {
  return `${path}-flows`;
}

/** The name of the file of a segment. */
export function fileOfSegment(id: number): string {
  return `${id}.flows`;
}

/** The name of a file of sums. */
export function fileOfSums(resolution: Resolution, id: number): string {
  return `${id}.${resolution}`;
}

/** The tables of the database that say which files belong to a flow log. Every method throws what SQLite throws. */
export class SegmentList {
  readonly folder: string;
  readonly #database: DatabaseSync;
  readonly #all: StatementSync | undefined;

  constructor(database: DatabaseSync, path: string) {
    this.folder = segmentsFolder(path);
    this.#database = database;
    // A reader may come before the writer of this version has brought the database to its shape.
    this.#all =
      schemaVersion(database) < logVersion
        ? undefined
        : database.prepare('SELECT id, rows, min_row, max_row, min_at, max_at, bytes FROM segments');
  }

  /** False for a database of a version that had no segments. */
  get exists(): boolean {
    return this.#all !== undefined;
  }

  /** Where a file of the list is. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** The segments, in the order of their rows. */
  segments(): Segment[] {
    return (this.#all?.all() ?? [])
      .map((row) => ({
        id: Number(row.id),
        rows: Number(row.rows),
        minRow: Number(row.min_row),
        maxRow: Number(row.max_row),
        minAt: Number(row.min_at),
        maxAt: Number(row.max_at),
        bytes: Number(row.bytes),
      }))
      .sort((a, b) => a.minRow - b.minRow);
  }

  /** The files of sums, in the order of their buckets. */
  sums(resolution: Resolution): SumFile[] {
    if (!this.exists) return [];
    return this.#database
      .prepare(
        'SELECT id, rows, min_at, max_at, bytes, others FROM sums WHERE resolution = ? ORDER BY max_at, id',
      )
      .all(resolution)
      .map((row) => ({
        id: Number(row.id),
        rows: Number(row.rows),
        minAt: Number(row.min_at),
        maxAt: Number(row.max_at),
        bytes: Number(row.bytes),
        others: JSON.parse(String(row.others)),
      }));
  }

  /** Flows in segments, and the bytes of those and of all sums. */
  sealed(): { readonly rows: number; readonly bytes: number } {
    if (!this.exists) return { rows: 0, bytes: 0 };
    const found = this.#database
      .prepare(
        `SELECT total(rows) AS rows, total(bytes) + (SELECT total(bytes) FROM sums) AS bytes FROM segments`,
      )
      .get();
    return { rows: Number(found?.rows ?? 0), bytes: Number(found?.bytes ?? 0) };
  }

  /** From when on all flows, or all sums of a resolution, are kept; ms since the epoch, -Infinity when none was ever deleted. */
  completeSince(kind: 'flows' | Resolution): number {
    if (!this.exists) return -Infinity;
    const found = this.#database.prepare('SELECT value FROM log_facts WHERE name = ?').get(kind);
    return found === undefined ? -Infinity : Number(found.value);
  }

  /** An id from which on no file has one, also not those that others took the place of. */
  nextId(): number {
    const files = [...this.segments(), ...resolutions.flatMap((resolution) => this.sums(resolution))];
    const ids = [...files.map(({ id }) => id), ...this.replaced().map((name) => Number.parseInt(name, 10))];
    return ids.reduce((most, id) => Math.max(most, id), 0) + 1;
  }

  addSegment({ id, rows, minRow, maxRow, minAt, maxAt, bytes }: Segment): void {
    this.#database
      .prepare(
        'INSERT INTO segments (id, rows, min_row, max_row, min_at, max_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, rows, minRow, maxRow, minAt, maxAt, bytes);
  }

  addSum(resolution: Resolution, { id, rows, minAt, maxAt, bytes, others }: SumFile): void {
    this.#database
      .prepare(
        'INSERT INTO sums (id, resolution, rows, min_at, max_at, bytes, others) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, resolution, rows, minAt, maxAt, bytes, JSON.stringify(others));
  }

  /** Takes files from the list that another took the place of. The files themselves go with `deleteReplaced`. */
  replace(kind: 'segments' | 'sums', files: readonly { readonly id: number; readonly name: string }[]): void {
    const gone = this.#database.prepare(`DELETE FROM ${kind} WHERE id = ?`);
    const replaced = this.#database.prepare('INSERT INTO merged_files (name) VALUES (?)');
    for (const { id, name } of files) {
      gone.run(id);
      replaced.run(name);
    }
  }

  /** The names of files that others took the place of. */
  replaced(): string[] {
    return this.#database
      .prepare('SELECT name FROM merged_files')
      .all()
      .map(({ name }) => String(name));
  }

  forgetReplaced(): void {
    this.#database.exec('DELETE FROM merged_files');
  }

  /** Takes a segment from the list for good, and notes that flows of its time are not complete any more. */
  dropSegment({ id, maxAt }: Segment): void {
    this.inTransaction(() => {
      this.#database.prepare('DELETE FROM segments WHERE id = ?').run(id);
      this.#note('flows', maxAt + 1);
    });
  }

  /** Takes a file of sums from the list for good, and notes that sums of its time are not complete any more. */
  dropSum(resolution: Resolution, { id, maxAt }: SumFile): void {
    this.inTransaction(() => {
      this.#database.prepare('DELETE FROM sums WHERE id = ?').run(id);
      this.#note(resolution, maxAt + stepOf[resolution]);
    });
  }

  /** Makes `change` happen as a whole or not at all. */
  inTransaction(change: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      change();
      this.#database.exec('COMMIT');
    } catch (error) {
      // A full disk may have ended it already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Notes that nothing before `at` is complete any more. */
  #note(name: string, at: number): void {
    this.#database
      .prepare(
        `INSERT INTO log_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
      )
      .run(name, at);
  }
}
