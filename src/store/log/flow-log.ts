import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  addSums,
  allowRows,
  type FlowAnswer,
  type FlowQuery,
  type FlowSums,
  looseCost,
  noSums,
} from '../../flow/ask/query.ts';
import { predicateOf } from '../../flow/filter-parser.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowToJson } from '../../flow/json.ts';
import { flowRecords } from '../record.ts';
import type { FlowPageQuery, Row } from '../store.ts';
import type { Table } from '../table.ts';
import { columnsOf, type FlowColumns, rowAt } from './columns.ts';
import { answerableBy, type Resolution, stepOf } from './roll-up.ts';
import { FlowScan } from './scan.ts';
import { openSegment } from './segment.ts';
import { fileOfSegment, fileOfSums, SegmentList } from './segment-list.ts';
import { select } from './select.ts';
import { saysUnreadable } from './unreadable.ts';

/** Rows of the table that are read at once while filtering. */
const pageRows = 2_000;

/**
 * Flows as they are kept: those that may still change in the table `flows`, those that ended in segments, files of columns that
 * never change. Reads both as one. Every method throws what SQLite and the file system throw.
 */
export class FlowLog {
  readonly list: SegmentList;
  readonly #database: DatabaseSync;
  readonly #table: Table<Flow>;
  readonly #unsealed: StatementSync;
  readonly #countUnsealed: StatementSync;
  #damaged = 0;

  constructor(database: DatabaseSync, table: Table<Flow>, path: string) {
    this.list = new SegmentList(database, path);
    this.#database = database;
    this.#table = table;
    this.#unsealed = database.prepare('SELECT row, data FROM flows WHERE at >= ? AND at < ? ORDER BY row');
    this.#countUnsealed = database.prepare('SELECT count(*) AS count FROM flows WHERE at >= ? AND at < ?');
  }

  /** Segments that could not be read so far, counted at each reading. */
  get damaged(): number {
    return this.#damaged;
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
      const candidates = this.list
        .segments()
        .filter(({ minRow, minAt, maxAt }) => minRow < before && maxAt >= since && minAt < until)
        .sort((a, b) => b.maxRow - a.maxRow);
      for (const segment of candidates) {
        if (found.length >= limit && found[limit - 1]!.row > segment.maxRow) break;
        this.#read(fileOfSegment(segment.id), (columns, keep) => {
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

  /** Answers a question over all flows; from sums where the flows that it needs are not kept any more. Throws TooLargeQuestion. */
  ask(query: FlowQuery): FlowAnswer {
    return this.#atOnce(() => {
      const { since = -Infinity, until = Infinity } = query;
      const resolution = query.from === undefined ? this.#bestFor(query) : query.from;
      if (resolution !== 'flows') return this.#askSums(query, resolution);
      const segments = this.list.segments().filter(({ minAt, maxAt }) => maxAt >= since && minAt < until);
      this.#allow(query, segments, since, until);
      const scan = new FlowScan(query);
      const unsealed = this.#unsealedColumns(since, until);
      const each = (visit: (columns: FlowColumns) => void): number => {
        const damaged = segments.filter(({ id }) => !this.#read(fileOfSegment(id), visit)).length;
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
    const files = this.list.sums(resolution).filter(({ minAt, maxAt }) => maxAt >= begin && minAt < until);
    this.#allow(query, files, begin, until);
    const scan = new FlowScan({ ...query, since: begin });
    const unsealed = this.#unsealedColumns(begin, until);
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

  /** Throws TooManyFlows. */
  #allow(query: FlowQuery, files: readonly { readonly rows: number }[], since: number, until: number): void {
    if (query.atMost === undefined) return;
    const loose = Number(this.#countUnsealed.get(...range(since, until))?.count ?? 0);
    allowRows(
      query,
      files.reduce((sum, { rows }) => sum + rows, looseCost * loose),
    );
  }

  /** Flows, where they are all still there or nothing else can answer; else the finest sums that go back as far. */
  #bestFor(query: FlowQuery): FlowAnswer['from'] {
    const { since = -Infinity } = query;
    if (!this.list.exists || since >= this.list.completeSince('flows')) return 'flows';
    for (const resolution of ['minutes', 'hours'] as const) {
      if (answerableBy(query, resolution) && since >= this.list.completeSince(resolution)) return resolution;
    }
    return answerableBy(query, 'hours') ? 'hours' : 'flows';
  }

  #unsealedColumns(since: number, until: number): FlowColumns {
    const rows = this.#unsealed.all(...range(since, until));
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
      const segment = openSegment(this.list.path(name));
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

/** Times as SQLite takes them. */
function range(since: number, until: number): [number, number] {
  const most = Number.MAX_SAFE_INTEGER;
  return [Math.max(since, -most), Math.min(until, most)];
}
