import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { addSums, type FlowAnswer, type FlowQuery, type FlowSums, noSums } from '../../flow/ask/query.ts';
import { predicateOf } from '../../flow/filter-parser.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowToJson } from '../../flow/json.ts';
import { flowRecords } from '../record.ts';
import { endedFlow, logVersion, schemaVersion } from '../schema.ts';
import type { FlowPageQuery, Row } from '../store.ts';
import type { Table } from '../table.ts';
import { columnsOf, type FlowColumns, mergeColumns, rowAt } from './columns.ts';
import { DamagedColumn } from './encode.ts';
import { answerableBy, type Others, type Resolution, rollUp, stepOf } from './roll-up.ts';
import { FlowScan } from './scan.ts';
import { openSegment, writeSegment } from './segment.ts';
import { select } from './select.ts';

/** What the list of segments knows of one. */
interface Segment {
  readonly id: number;
  readonly rows: number;
  readonly minRow: number;
  readonly maxRow: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly bytes: number;
}

const suffix = '.flows';

/** A file of sums, as the list knows it. */
interface SumFile {
  readonly id: number;
  readonly rows: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly bytes: number;
  readonly others: readonly Others[];
}

function fileOfSums(resolution: Resolution, id: number): string {
  return `${id}.${resolution}`;
}

/** Files that could not be read are kept beside the others, at most so many. */
const keptDamaged = 3;

/** Files are merged when there are so many of together at most so many rows: questions cost by the file, too. */
const mergedFiles = 8;
export const defaultMergedRows = 131_072;

/** Times in one merged file lie at most so far apart, ms: it is deleted as a whole. */
const day = 86_400_000;
const mergedSpan = { segments: day, minutes: day, hours: 30 * day };

/** Rows of the table that are read at once while filtering. */
const pageRows = 2_000;

/** The folder of the segments of the database at `path`. */
export function segmentsFolder(path: string): string {
  return `${path}-flows`;
}

/**
 * Flows as they are kept: those that may still change in the table `flows`, those that ended in segments, files of columns that
 * never change. Reads both as one. Every method throws what SQLite and the file system throw.
 */
export class FlowLog {
  readonly #database: DatabaseSync;
  readonly #table: Table<Flow>;
  readonly #folder: string;
  readonly #list: StatementSync | undefined;
  readonly #unsealed: StatementSync;
  #damaged = 0;

  constructor(database: DatabaseSync, table: Table<Flow>, path: string) {
    this.#database = database;
    this.#table = table;
    this.#folder = segmentsFolder(path);
    // A reader may come before the writer of this version has brought the database to its shape.
    this.#list =
      schemaVersion(database) < logVersion
        ? undefined
        : database.prepare('SELECT id, rows, min_row, max_row, min_at, max_at, bytes FROM segments');
    this.#unsealed = database.prepare('SELECT row, data FROM flows WHERE at >= ? AND at < ? ORDER BY row');
  }

  /** Segments that could not be read so far, counted at each reading. */
  get damaged(): number {
    return this.#damaged;
  }

  /** The segments, in the order of their rows. */
  segments(): Segment[] {
    return (this.#list?.all() ?? [])
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
    if (this.#list === undefined) return [];
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
    if (this.#list === undefined) return { rows: 0, bytes: 0 };
    const found = this.#database
      .prepare(
        `SELECT total(rows) AS rows, total(bytes) + (SELECT total(bytes) FROM sums) AS bytes FROM segments`,
      )
      .get();
    return { rows: Number(found?.rows ?? 0), bytes: Number(found?.bytes ?? 0) };
  }

  /** A page of flows, newest first. */
  page(query: FlowPageQuery): readonly Row<Flow>[] {
    return this.#atOnce(() => this.#page(query));
  }

  #page(query: FlowPageQuery): readonly Row<Flow>[] {
    const { since = -Infinity, until = Infinity, before = Infinity, limit, filter } = query;
    let found: { readonly row: number; read(): Row<Flow> }[] = this.#unsealedPage(query).map((row) => ({
      row: row.row,
      read: () => row,
    }));
    const open: { close(): void }[] = [];
    try {
      const candidates = this.segments()
        .filter(({ minRow, minAt, maxAt }) => minRow < before && maxAt >= since && minAt < until)
        .sort((a, b) => b.maxRow - a.maxRow);
      for (const segment of candidates) {
        if (found.length >= limit && found[limit - 1]!.row > segment.maxRow) break;
        this.#read(`${segment.id}${suffix}`, (columns, keep) => {
          const mask = select(columns, filter ?? { kind: 'all' }, since, until);
          const rows = columns.numbers('row');
          const here: typeof found = [];
          for (let index = rows.length - 1; index >= 0 && here.length < limit; index--) {
            if (rows[index]! < before && mask?.[index] !== 0)
              here.push({ row: rows[index]!, read: () => rowAt(columns, index) });
          }
          if (here.length === 0) return;
          open.push(keep());
          found = [...found, ...here].sort((a, b) => b.row - a.row).slice(0, limit);
        });
      }
      return found.flatMap(({ read }) => this.#unlessDamaged(read) ?? []);
    } finally {
      for (const { close } of open) close();
    }
  }

  #unsealedPage({ filter, ...query }: FlowPageQuery): readonly Row<Flow>[] {
    if (filter === undefined) return this.#table.query(query);
    const matches = predicateOf(filter);
    const found: Row<Flow>[] = [];
    let { before } = query;
    for (;;) {
      const page = this.#table.query({ ...query, ...(before !== undefined && { before }), limit: pageRows });
      for (const row of page) {
        before = row.row;
        if (matches(flowToJson(row.value)) && found.push(row) === query.limit) return found;
      }
      if (page.length < pageRows) return found;
    }
  }

  /** Answers a question over all flows; from sums where the flows that it needs are not kept any more. Throws TooManyBuckets. */
  ask(query: FlowQuery): FlowAnswer {
    return this.#atOnce(() => {
      const { since = -Infinity, until = Infinity } = query;
      const resolution = query.from === undefined ? this.#bestFor(query) : query.from;
      if (resolution !== 'flows') return this.#askSums(query, resolution);
      const scan = new FlowScan(query);
      const unsealed = this.#unsealedColumns(since, until);
      const segments = this.segments().filter(({ minAt, maxAt }) => maxAt >= since && minAt < until);
      const each = (visit: (columns: FlowColumns) => void): number => {
        const damaged = segments.filter(({ id }) => !this.#read(`${id}${suffix}`, visit)).length;
        visit(unsealed);
        return damaged;
      };
      const damaged = each((columns) => scan.add(columns));
      if (scan.beginSeries()) each((columns) => scan.addSeries(columns));
      return { ...scan.answer(), damaged };
    });
  }

  #askSums(query: FlowQuery, resolution: Resolution): FlowAnswer {
    const { since = -Infinity, until = Infinity } = query;
    const step = stepOf[resolution];
    // The bucket in which `since` lies is told whole.
    const begin = Math.floor(since / step) * step;
    const scan = new FlowScan({ ...query, since: begin });
    const unsealed = this.#unsealedColumns(begin, until);
    const files = this.sums(resolution).filter(({ minAt, maxAt }) => maxAt >= begin && minAt < until);
    const each = (visit: (columns: FlowColumns) => void): number => {
      const damaged = files.filter(({ id }) => !this.#read(fileOfSums(resolution, id), visit)).length;
      visit(unsealed);
      return damaged;
    };
    const damaged = each((columns) => scan.add(columns));
    if (scan.beginSeries()) each((columns) => scan.addSeries(columns));
    const others = files
      .flatMap((file) => file.others)
      .filter(({ bucket }) => bucket >= begin && bucket < until)
      .reduce<FlowSums>(addSums, noSums);
    const { total, rest, ...answer } = scan.answer();
    // Whether they pass a filter is not known.
    const added = (query.filter?.kind ?? 'all') === 'all' ? others : noSums;
    return {
      ...answer,
      total: addSums(total, added),
      rest: addSums(rest, added),
      from: resolution,
      damaged,
      ungrouped: answer.ungrouped + others.flows,
    };
  }

  /** Flows, where they are all still there or nothing else can answer; else the finest sums that go back as far. */
  #bestFor(query: FlowQuery): FlowAnswer['from'] {
    const { since = -Infinity } = query;
    if (this.#list === undefined || since >= this.#fact('flows')) return 'flows';
    for (const resolution of ['minutes', 'hours'] as const) {
      if (answerableBy(query, resolution) && since >= this.#fact(resolution)) return resolution;
    }
    return answerableBy(query, 'hours') ? 'hours' : 'flows';
  }

  /** From when on all flows, or all sums of a resolution, are kept; ms since the epoch, -Infinity when none was ever deleted. */
  #fact(name: string): number {
    const found = this.#database.prepare('SELECT value FROM log_facts WHERE name = ?').get(name);
    return found === undefined ? -Infinity : Number(found.value);
  }

  #unsealedColumns(since: number, until: number): FlowColumns {
    const most = Number.MAX_SAFE_INTEGER;
    const rows = this.#unsealed.all(Math.max(since, -most), Math.min(until, most));
    return columnsOf(
      rows.map(({ row, data }) => ({ row: Number(row), value: flowRecords.decode(String(data)) })),
    );
  }

  /**
   * Shows the columns of a segment; returns false when they could not be read. They can be read until `visit` returns,
   * or as long as what `keep` returned is not closed.
   */
  #read(name: string, visit: (columns: FlowColumns, keep: () => { close(): void }) => void): boolean {
    let kept = false;
    const read = this.#unlessDamaged(() => {
      const segment = openSegment(join(this.#folder, name));
      try {
        visit(segment.columns, () => {
          kept = true;
          return segment;
        });
        return true;
      } finally {
        if (!kept) segment.close();
      }
    });
    return read ?? false;
  }

  /** Returns what `read` does; undefined, and counts it, when a file is damaged or was deleted meanwhile. */
  #unlessDamaged<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!saysUnreadable(error)) throw error;
      this.#damaged += 1;
      return undefined;
    }
  }

  /** What `read` asks of the database is all of one moment, also while another process writes. */
  #atOnce<T>(read: () => T): T {
    if (this.#database.isTransaction) return read();
    this.#database.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }
}

/** The half of a flow log that writes: one process at a time. */
export class FlowLogWriter {
  readonly #database: DatabaseSync;
  readonly #table: Table<Flow>;
  readonly #log: FlowLog;
  readonly #folder: string;
  readonly #ended: StatementSync;
  readonly #countEnded: StatementSync;
  readonly #mergedRows: number;
  #nextId: number;
  #folded = 0;
  /** True after a file was written, until there is nothing to merge. */
  #untidy = true;

  constructor(
    database: DatabaseSync,
    table: Table<Flow>,
    log: FlowLog,
    path: string,
    mergedRows = defaultMergedRows,
  ) {
    this.#mergedRows = mergedRows;
    this.#database = database;
    this.#table = table;
    this.#log = log;
    this.#folder = segmentsFolder(path);
    this.#ended = database.prepare(
      `SELECT row, data FROM flows INDEXED BY flows_ended WHERE ${endedFlow} ORDER BY row LIMIT ?`,
    );
    this.#countEnded = database.prepare(
      `SELECT count(*) AS count FROM flows INDEXED BY flows_ended WHERE ${endedFlow}`,
    );
    this.#adopt();
    const segments = log.segments();
    const sums = [...log.sums('minutes'), ...log.sums('hours')];
    this.#nextId = [...segments, ...sums].reduce((most, { id }) => Math.max(most, id), 0) + 1;
    table.startAbove(segments.reduce((most, { maxRow }) => Math.max(most, maxRow), 0));
  }

  /** Flows that are in no sum, because a bucket had as many rows as it may; since this was opened, for each resolution. */
  get folded(): number {
    return this.#folded;
  }

  /** Flows in the table that ended. */
  get ended(): number {
    return Number(this.#countEnded.get()?.count ?? 0);
  }

  /** Moves up to `limit` flows that ended from the table into a segment, and adds them to the sums; returns how many. */
  seal(limit: number): number {
    const rows = this.#ended
      .all(limit)
      .map(({ row, data }) => ({ row: Number(row), value: flowRecords.decode(String(data)) }));
    if (rows.length === 0) return 0;
    this.#write(rows, () =>
      this.#database
        .prepare(
          `DELETE FROM flows WHERE row IN
             (SELECT row FROM flows INDEXED BY flows_ended WHERE ${endedFlow} ORDER BY row LIMIT ?)`,
        )
        .run(rows.length),
    );
    this.#table.moved(rows.length);
    return rows.length;
  }

  /** Writes flows that will not change any more as a segment of their own, past the table. */
  append(flows: readonly Flow[]): void {
    if (flows.length === 0) return;
    const first = this.#table.takeRows(flows.length);
    this.#write(flows.map((value, index) => ({ row: first + index, value })));
    while (this.tidy());
  }

  /** Writes rows as a segment, and their sums; `alongside` is done in the transaction that makes them part of the log. */
  #write(rows: readonly Row<Flow>[], alongside: () => void = () => undefined): void {
    const id = this.#nextId;
    const written: string[] = [];
    const write = (name: string, columns: FlowColumns): number => {
      written.push(join(this.#folder, name));
      return writeSegment(written.at(-1)!, columns);
    };
    this.#nextId += 3;
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
        bytes: write(`${id}${suffix}`, columns),
      };
      const sums = rollUp(rows.map(({ value }) => value));
      const files = (['minutes', 'hours'] as const).map((resolution, index) => ({
        id: id + 1 + index,
        resolution,
        sum: sums[resolution],
        bytes: write(fileOfSums(resolution, id + 1 + index), sums[resolution].columns),
      }));
      this.#database.exec('BEGIN IMMEDIATE');
      this.#list(segment);
      for (const { id: sumId, resolution, sum, bytes } of files) {
        this.#listSum(resolution, { ...sum, id: sumId, rows: sum.columns.rows, bytes });
        this.#folded += sum.others.reduce<FlowSums>(addSums, noSums).flows;
      }
      alongside();
      this.#database.exec('COMMIT');
    } catch (error) {
      for (const path of written) rmSync(path, { force: true });
      throw error;
    }
    this.#deleteMerged();
    this.#untidy = true;
  }

  /** Merges small files of one kind, when there are enough: a piece of work that is best not done with others. Returns false when there is none. */
  tidy(): boolean {
    if (!this.#untidy) return false;
    if (this.#mergeSegments() || this.#mergeSums('minutes') || this.#mergeSums('hours')) return true;
    this.#untidy = false;
    return false;
  }

  #mergeSegments(): boolean {
    const small = newestSmall(this.#log.segments(), this.#mergedRows, mergedSpan.segments);
    if (small === undefined) return false;
    return this.#merge(
      small.map(({ id }) => `${id}${suffix}`),
      (id) => `${id}${suffix}`,
      (id, bytes) => {
        for (const segment of small)
          this.#database.prepare('DELETE FROM segments WHERE id = ?').run(segment.id);
        this.#list({
          id,
          bytes,
          rows: small.reduce((sum, { rows }) => sum + rows, 0),
          minRow: Math.min(...small.map(({ minRow }) => minRow)),
          maxRow: Math.max(...small.map(({ maxRow }) => maxRow)),
          minAt: Math.min(...small.map(({ minAt }) => minAt)),
          maxAt: Math.max(...small.map(({ maxAt }) => maxAt)),
        });
      },
    );
  }

  #mergeSums(resolution: Resolution): boolean {
    const small = newestSmall(this.#log.sums(resolution), this.#mergedRows, mergedSpan[resolution]);
    if (small === undefined) return false;
    return this.#merge(
      small.map(({ id }) => fileOfSums(resolution, id)),
      (id) => fileOfSums(resolution, id),
      (id, bytes) => {
        for (const file of small) this.#database.prepare('DELETE FROM sums WHERE id = ?').run(file.id);
        this.#listSum(resolution, {
          id,
          bytes,
          rows: small.reduce((sum, { rows }) => sum + rows, 0),
          minAt: Math.min(...small.map(({ minAt }) => minAt)),
          maxAt: Math.max(...small.map(({ maxAt }) => maxAt)),
          others: small.flatMap(({ others }) => others),
        });
      },
    );
  }

  /** Writes the rows of the named files as one, and puts it in their place. What cannot be read stays as it is. */
  #merge(
    names: readonly string[],
    nameOf: (id: number) => string,
    list: (id: number, bytes: number) => void,
  ): boolean {
    const open: { columns: FlowColumns; close(): void }[] = [];
    const id = this.#nextId;
    const path = join(this.#folder, nameOf(id));
    this.#nextId += 1;
    try {
      for (const name of names) open.push(openSegment(join(this.#folder, name)));
      const bytes = writeSegment(path, mergeColumns(open.map(({ columns }) => columns)));
      this.#database.exec('BEGIN IMMEDIATE');
      list(id, bytes);
      // Another process may be reading them: they go the next time.
      const gone = this.#database.prepare('INSERT INTO merged_files (name) VALUES (?)');
      for (const name of names) gone.run(name);
      this.#database.exec('COMMIT');
      return true;
    } catch (error) {
      rmSync(path, { force: true });
      if (!saysUnreadable(error)) throw error;
      return false;
    } finally {
      for (const { close } of open) close();
    }
  }

  /** Deletes the files that others took the place of. */
  #deleteMerged(): void {
    const names = this.#database.prepare('SELECT name FROM merged_files').all();
    for (const { name } of names) rmSync(join(this.#folder, String(name)), { force: true });
    if (names.length > 0) this.#database.exec('DELETE FROM merged_files');
  }

  #listSum(resolution: Resolution, { id, rows, minAt, maxAt, bytes, others }: SumFile): void {
    this.#database
      .prepare(
        'INSERT INTO sums (id, resolution, rows, min_at, max_at, bytes, others) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, resolution, rows, minAt, maxAt, bytes, JSON.stringify(others));
  }

  /** Deletes whole segments, from the oldest on, up to the first with a flow that is not older than `cutoff`. Returns how many flows. */
  deleteBefore(cutoff: number): number {
    let deleted = 0;
    for (const segment of this.#log.segments()) {
      if (segment.maxAt >= cutoff) break;
      deleted += this.#delete(segment);
    }
    return deleted;
  }

  /** Deletes the oldest segment. Returns how many flows it held; 0 when there is none. */
  deleteOldest(): number {
    const [oldest] = this.#log.segments();
    return oldest === undefined ? 0 : this.#delete(oldest);
  }

  /** Deletes whole files of sums whose buckets all begin before `cutoff`. */
  deleteSums(resolution: Resolution, cutoff: number): void {
    for (const file of this.#log.sums(resolution)) {
      if (file.maxAt >= cutoff) break;
      this.#deleteSum(resolution, file);
    }
  }

  /** Deletes the oldest files of sums until all take at most `most` bytes. */
  limitSums(resolution: Resolution, most: number): void {
    const files = this.#log.sums(resolution);
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files) {
      if (bytes <= most) break;
      this.#deleteSum(resolution, file);
      bytes -= file.bytes;
    }
  }

  #deleteSum(resolution: Resolution, { id, maxAt }: SumFile): void {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#database.prepare('DELETE FROM sums WHERE id = ?').run(id);
    this.#note(resolution, maxAt + stepOf[resolution]);
    this.#database.exec('COMMIT');
    rmSync(join(this.#folder, fileOfSums(resolution, id)), { force: true });
  }

  #delete({ id, rows, maxAt }: Segment): number {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#database.prepare('DELETE FROM segments WHERE id = ?').run(id);
    this.#note('flows', maxAt + 1);
    this.#database.exec('COMMIT');
    rmSync(join(this.#folder, `${id}${suffix}`), { force: true });
    return rows;
  }

  /** Notes that nothing before `at` is complete any more. */
  #note(name: string, at: number): void {
    this.#database
      .prepare(
        `INSERT INTO log_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`,
      )
      .run(name, at);
  }

  #list({ id, rows, minRow, maxRow, minAt, maxAt, bytes }: Segment): void {
    this.#database
      .prepare(
        'INSERT INTO segments (id, rows, min_row, max_row, min_at, max_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, rows, minRow, maxRow, minAt, maxAt, bytes);
  }

  /**
   * Takes files into the list that are not in it: of a database that was started afresh. What a killed process wrote whose rows are
   * still in the table goes, and what is no segment is moved aside.
   */
  #adopt(): void {
    if (!existsSync(this.#folder)) return;
    this.#deleteMerged();
    const listed = new Map(this.#log.segments().map((segment) => [segment.id, segment]));
    const listedSums = new Set(
      (['minutes', 'hours'] as const).flatMap((resolution) =>
        this.#log.sums(resolution).map(({ id }) => fileOfSums(resolution, id)),
      ),
    );
    const here = new Set<number>();
    // The newest first: one that others were merged into comes before them.
    const names = readdirSync(this.#folder).sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
    for (const name of names) {
      const path = join(this.#folder, name);
      // Sums can be made again of flows, and not the other way round: only those of the list count.
      const unlisted = /\.(?:minutes|hours)$/.test(name) && !listedSums.has(name);
      if (name.endsWith('.tmp') || unlisted) rmSync(path, { force: true });
      const [, number] = /^(\d{1,15})\.flows$/.exec(name) ?? [];
      if (number === undefined) continue;
      const id = Number(number);
      here.add(id);
      if (!listed.has(id)) this.#adoptOne(id, path);
    }
    for (const segment of listed.values()) if (!here.has(segment.id)) this.#delete(segment);
    const damaged = readdirSync(this.#folder).filter((name) => name.endsWith('.damaged'));
    for (const name of damaged
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      .slice(0, -keptDamaged))
      rmSync(join(this.#folder, name), { force: true });
  }

  /** Tells whether a row is in a segment of the list. */
  #isListed(row: number): boolean {
    return this.#log
      .segments()
      .filter(({ minRow, maxRow }) => minRow <= row && row <= maxRow)
      .some(({ id }) => {
        try {
          const segment = openSegment(join(this.#folder, `${id}${suffix}`));
          try {
            return segment.columns.numbers('row').includes(row);
          } finally {
            segment.close();
          }
        } catch (error) {
          if (!saysUnreadable(error)) throw error;
          return false;
        }
      });
  }

  #adoptOne(id: number, path: string): void {
    try {
      const segment = openSegment(path);
      try {
        const { header, columns } = segment;
        const { row, value } = rowAt(columns, 0);
        const still = this.#database
          .prepare('SELECT row FROM flows WHERE id = ?')
          .get(flowRecords.key(value));
        const elsewhere = (still !== undefined && Number(still.row) === row) || this.#isListed(row);
        if (elsewhere) rmSync(path, { force: true });
        else {
          const bytes = Object.values({ ...header.numbers, ...header.codes, ...header.bytes }).reduce(
            (sum, part) => sum + part.size,
            0,
          );
          this.#list({ id, ...header, bytes });
        }
      } finally {
        segment.close();
      }
    } catch (error) {
      if (!saysUnreadable(error)) throw error;
      renameSync(path, `${path}.damaged`);
    }
  }
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

/** True when a segment is gone or is not what was written: zstd and JSON say so in their own ways. */
export function saysUnreadable(error: unknown): boolean {
  if (error instanceof DamagedColumn || error instanceof SyntaxError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === 'ENOENT' || code.startsWith('ZSTD') || code === 'ERR_BUFFER_TOO_LARGE';
}
