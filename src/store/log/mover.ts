import { rmSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { addSums, type FlowSums, noSums } from '../../flow/ask/query.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowRecords } from '../record.ts';
import type { Row } from '../store.ts';
import { deleteReplaced } from './adopt.ts';
import { columnsOf, type FlowColumns, mergeColumns } from './columns.ts';
import { type Resolution, rollUp } from './roll-up.ts';
import { openSegment, writeSegment } from './segment.ts';
import { fileOfSegment, fileOfSums, resolutions, type SegmentList, type SumFile } from './segment-list.ts';
import { saysUnreadable } from './unreadable.ts';

/** Files are merged when there are so many of together at most so many rows: questions cost by the file, too. */
const mergedFiles = 8;
export const defaultMergedRows = 131_072;

/** Times in one merged file lie at most so far apart, ms: it is deleted as a whole. */
const day = 86_400_000;
const mergedSpan = { segments: day, minutes: day, hours: 30 * day };

/** Does `write` while nobody else writes to the database. May throw instead. */
export type Alone = <T>(write: () => T) => T;

const alreadyAlone: Alone = (write) => write();

/** A flow that was to be moved changed after it was read. */
class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

/** Flows in the table that ended. */
export function countEnded(database: DatabaseSync): number {
  const found = database
    .prepare('SELECT count(*) AS count FROM flows INDEXED BY flows_ended WHERE ended')
    .get();
  return Number(found?.count ?? 0);
}

/**
 * Moves flows that ended from the table to segments, and merges small files. One at a time for a database. Reading and writing files, by
 * far the most of the work, is done beside whoever writes to the database; `alone` keeps them off for the rest. Every method throws
 * what SQLite and the file system throw.
 */
export class FlowMover {
  readonly #list: SegmentList;
  readonly #mergedRows: number;
  readonly #alone: Alone;
  readonly #ended: StatementSync;
  readonly #delete: StatementSync;
  #nextId: number;
  #folded = 0;

  constructor(
    database: DatabaseSync,
    list: SegmentList,
    { mergedRows = defaultMergedRows, alone = alreadyAlone }: { mergedRows?: number; alone?: Alone } = {},
  ) {
    this.#list = list;
    this.#mergedRows = mergedRows;
    this.#alone = alone;
    this.#ended = database.prepare(
      'SELECT row, data FROM flows INDEXED BY flows_ended WHERE ended ORDER BY row LIMIT ?',
    );
    this.#delete = database.prepare('DELETE FROM flows WHERE row = ? AND data = ?');
    this.#nextId = list.nextId();
  }

  /** Flows that are in no sum, because a bucket had as many rows as it may; since this was made, for each resolution. */
  get folded(): number {
    return this.#folded;
  }

  /** Moves up to `limit` flows that ended from the table into a segment, and adds them to the sums; returns how many. */
  seal(limit: number): number {
    // Where a flow changed meanwhile, it is done again with nobody who could change one.
    return this.#seal(limit, this.#alone) ?? this.#alone(() => this.#seal(limit, alreadyAlone) ?? 0);
  }

  /** Returns how many flows were moved; undefined when one of them changed after it was read, and nothing was done. */
  #seal(limit: number, alone: Alone): number | undefined {
    const read = this.#ended.all(limit).map(({ row, data }) => ({ row: Number(row), data: String(data) }));
    if (read.length === 0) return 0;
    try {
      this.#write(
        read.map(({ row, data }) => ({ row, value: flowRecords.decode(data) })),
        alone,
        () => {
          for (const { row, data } of read)
            if (Number(this.#delete.run(row, data).changes) !== 1) throw new ChangedMeanwhile();
        },
      );
      return read.length;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error;
      return undefined;
    }
  }

  /** Writes flows that will not change any more as a segment of their own, past the table. */
  append(rows: readonly Row<Flow>[]): void {
    if (rows.length === 0) return;
    this.#write(rows, this.#alone, () => undefined);
    while (this.tidy());
  }

  /** Writes rows as a segment, and their sums; `alongside` is done in the transaction that makes them part of the log. */
  #write(rows: readonly Row<Flow>[], alone: Alone, alongside: () => void): void {
    const id = this.#nextId;
    const written: string[] = [];
    const write = (name: string, columns: FlowColumns): number => {
      written.push(this.#list.path(name));
      return writeSegment(written.at(-1)!, columns);
    };
    this.#nextId += 1 + resolutions.length;
    try {
      const columns = columnsOf(rows);
      const openedAt = columns.numbers('openedAt');
      const segment = {
        id,
        rows: rows.length,
        minRow: rows[0]!.row,
        maxRow: rows.at(-1)!.row,
        minAt: openedAt.reduce((least, at) => Math.min(least, at), Infinity),
        maxAt: openedAt.reduce((most, at) => Math.max(most, at), -Infinity),
        bytes: write(fileOfSegment(id), columns),
      };
      const sums = rollUp(rows.map(({ value }) => value));
      const files = resolutions.map((resolution, index) => ({
        id: id + 1 + index,
        resolution,
        sum: sums[resolution],
        bytes: write(fileOfSums(resolution, id + 1 + index), sums[resolution].columns),
      }));
      alone(() =>
        this.#list.inTransaction(() => {
          this.#list.addSegment(segment);
          for (const { id: sumId, resolution, sum, bytes } of files)
            this.#list.addSum(resolution, { ...sum, id: sumId, rows: sum.columns.rows, bytes });
          alongside();
        }),
      );
      for (const { sum } of files) this.#folded += sum.others.reduce<FlowSums>(addSums, noSums).flows;
    } catch (error) {
      for (const path of written) rmSync(path, { force: true });
      throw error;
    }
    alone(() => deleteReplaced(this.#list));
  }

  /** Merges small files of one kind, when there are enough: a piece of work that is best not done with others. Returns false when there is none. */
  tidy(): boolean {
    return this.#mergeSegments() || resolutions.some((resolution) => this.#mergeSums(resolution));
  }

  #mergeSegments(): boolean {
    const small = newestSmall(this.#list.segments(), this.#mergedRows, mergedSpan.segments);
    if (small === undefined) return false;
    const files = small.map(({ id }) => ({ id, name: fileOfSegment(id) }));
    return this.#merge(files, fileOfSegment, (id, bytes) => {
      this.#list.replace('segments', files);
      this.#list.addSegment({
        id,
        bytes,
        rows: small.reduce((sum, { rows }) => sum + rows, 0),
        minRow: Math.min(...small.map(({ minRow }) => minRow)),
        maxRow: Math.max(...small.map(({ maxRow }) => maxRow)),
        minAt: Math.min(...small.map(({ minAt }) => minAt)),
        maxAt: Math.max(...small.map(({ maxAt }) => maxAt)),
      });
    });
  }

  #mergeSums(resolution: Resolution): boolean {
    const small = newestSmall(this.#list.sums(resolution), this.#mergedRows, mergedSpan[resolution]);
    if (small === undefined) return false;
    const nameOf = (id: number): string => fileOfSums(resolution, id);
    const files = small.map(({ id }) => ({ id, name: nameOf(id) }));
    return this.#merge(files, nameOf, (id, bytes) => {
      this.#list.replace('sums', files);
      this.#list.addSum(resolution, togetherAs(id, bytes, small));
    });
  }

  /**
   * Writes the rows of the named files as one, and puts it in their place. Another process may be reading those: they go the next time.
   * What cannot be read stays as it is.
   */
  #merge(
    files: readonly { readonly name: string }[],
    nameOf: (id: number) => string,
    list: (id: number, bytes: number) => void,
  ): boolean {
    const open: { columns: FlowColumns; close(): void }[] = [];
    const id = this.#nextId;
    const path = this.#list.path(nameOf(id));
    this.#nextId += 1;
    try {
      for (const { name } of files) open.push(openSegment(this.#list.path(name)));
      const bytes = writeSegment(path, mergeColumns(open.map(({ columns }) => columns)));
      this.#alone(() => this.#list.inTransaction(() => list(id, bytes)));
      return true;
    } catch (error) {
      rmSync(path, { force: true });
      if (!saysUnreadable(error)) throw error;
      return false;
    } finally {
      for (const { close } of open) close();
    }
  }
}

/** Tells whether there are files that {@link FlowMover.tidy} would merge. */
export function isUntidy(list: SegmentList, mergedRows: number): boolean {
  return (
    newestSmall(list.segments(), mergedRows, mergedSpan.segments) !== undefined ||
    resolutions.some(
      (resolution) => newestSmall(list.sums(resolution), mergedRows, mergedSpan[resolution]) !== undefined,
    )
  );
}

function togetherAs(id: number, bytes: number, files: readonly SumFile[]): SumFile {
  return {
    id,
    bytes,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    minAt: Math.min(...files.map(({ minAt }) => minAt)),
    maxAt: Math.max(...files.map(({ maxAt }) => maxAt)),
    others: files.flatMap(({ others }) => others),
  };
}

/** Returns the newest of the files, as many as one file may take the place of; undefined when they are too few to be worth it. */
function newestSmall<T extends { readonly rows: number; readonly minAt: number; readonly maxAt: number }>(
  files: readonly T[],
  mostRows: number,
  span: number,
): readonly T[] | undefined {
  let [rows, least, most] = [0, Infinity, -Infinity];
  let from = files.length;
  while (from > 0) {
    const next = files[from - 1]!;
    rows += next.rows;
    least = Math.min(least, next.minAt);
    most = Math.max(most, next.maxAt);
    if (rows > mostRows || most - least > span) break;
    from -= 1;
  }
  return files.length - from >= mergedFiles ? files.slice(from) : undefined;
}
