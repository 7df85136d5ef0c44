import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { RecordKind } from './record.ts';
import type { Query, Row } from './store.ts';

/** Larger than any row id or time that is stored. */
const unbounded = Number.MAX_SAFE_INTEGER;

/** The statements over one table. Every method throws what SQLite throws. */
export class Table<T extends { readonly id: string }> {
  readonly #kind: RecordKind<T>;
  readonly #database: DatabaseSync;
  #insert: StatementSync | undefined;
  readonly #delete: StatementSync;
  readonly #page: StatementSync;
  readonly #pageInTime: StatementSync;
  readonly #firstSince: StatementSync;
  readonly #deleteBelow: StatementSync;
  readonly #deleteOldest: StatementSync;
  readonly #count: StatementSync;
  readonly #bytes: StatementSync;
  readonly #one: StatementSync;
  /** The id that the next new row gets. */
  #nextRow: number;
  #size: number;

  constructor(database: DatabaseSync, kind: RecordKind<T>) {
    const table = kind.name;
    this.#kind = kind;
    this.#database = database;
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE id = ?`);
    this.#page = database.prepare(`SELECT row, data FROM ${table} WHERE row < ? ORDER BY row DESC LIMIT ?`);
    // The inner query is answered from the index alone, however many rows the range spans.
    this.#pageInTime = database.prepare(
      `SELECT row, data FROM ${table} WHERE row IN (
         SELECT row FROM ${table} INDEXED BY ${table}_at
         WHERE at >= ? AND at < ? AND row < ? ORDER BY row DESC LIMIT ?
       ) ORDER BY row DESC`,
    );
    // NOT INDEXED: walks from the oldest row on, and so reads only rows that are about to be deleted.
    this.#firstSince = database.prepare(
      `SELECT row FROM ${table} NOT INDEXED WHERE at >= ? ORDER BY row LIMIT 1`,
    );
    this.#deleteBelow = database.prepare(
      `DELETE FROM ${table} WHERE row IN (SELECT row FROM ${table} WHERE row < ? ORDER BY row LIMIT ?)`,
    );
    this.#deleteOldest = database.prepare(
      `DELETE FROM ${table} WHERE row IN (SELECT row FROM ${table} ORDER BY row LIMIT ?)`,
    );
    this.#count = database.prepare(`SELECT count(*) AS count FROM ${table}`);
    this.#bytes = database.prepare(`SELECT total(octet_length(data)) AS bytes FROM ${table}`);
    this.#one = database.prepare(`SELECT data FROM ${table} WHERE id = ?`);
    this.#nextRow =
      number(database.prepare(`SELECT coalesce(max(row), 0) AS row FROM ${table}`).get(), 'row') + 1;
    this.#size = this.count();
  }

  /** Rows, by this connection's own count. */
  get size(): number {
    return this.#size;
  }

  /** Rows, counted afresh: a scan of the smallest index. */
  count(): number {
    return number(this.#count.get(), 'count');
  }

  /** Bytes of all records' JSON. Reads every row's header. */
  bytes(): number {
    return number(this.#bytes.get(), 'bytes');
  }

  /** Inserts or replaces one record; `data` is its JSON. To be called within a transaction. */
  put(record: T, data: string): void {
    if (this.#kind.renewed) this.#size -= Number(this.#delete.run(this.#kind.key(record)).changes);
    const row = this.#nextRow;
    const ended = this.#kind.ended === undefined ? [] : [Number(this.#kind.ended(record))];
    this.#insert ??= this.#prepareInsert();
    const written = this.#insert.get(row, this.#kind.key(record), this.#kind.time(record), data, ...ended);
    if (number(written, 'row') !== row) return;
    this.#nextRow = row + 1;
    this.#size += 1;
  }

  /** Not for whoever reads: the database may be of an older version then. */
  #prepareInsert(): StatementSync {
    const { name: table, ended } = this.#kind;
    const [column, value, update] =
      ended === undefined ? ['', '', ''] : [', ended', ', ?', ', ended = excluded.ended'];
    return this.#database.prepare(
      `INSERT INTO ${table} (row, id, at, data${column}) VALUES (?, ?, ?, ?${value})
       ON CONFLICT (id) DO UPDATE SET at = excluded.at, data = excluded.data${update} RETURNING row`,
    );
  }

  /** The record of that key, undefined where there is none. */
  get(key: string): T | undefined {
    const row = this.#one.get(key);
    return row && this.#kind.decode(String(row.data));
  }

  /** Newest first. */
  query({ since, until, before = unbounded, limit }: Query): readonly Row<T>[] {
    const rows =
      since === undefined && until === undefined
        ? this.#page.all(before, limit)
        : this.#pageInTime.all(since ?? -unbounded, until ?? unbounded, before, limit);
    return rows.map((row) => ({ row: number(row, 'row'), value: this.#kind.decode(String(row.data)) }));
  }

  /**
   * Deletes rows from the oldest on, at most `limit`, up to the first one that is not older than `cutoff`. A row with
   * an early time behind a later one was written after the clock went back: it is as young as its neighbours.
   */
  deleteBefore(cutoff: number, limit: number): number {
    const first = this.#firstSince.get(cutoff);
    return this.#deleted(this.#deleteBelow, first === undefined ? unbounded : number(first, 'row'), limit);
  }

  /** Deletes the `limit` oldest rows. */
  deleteOldest(limit: number): number {
    return this.#deleted(this.#deleteOldest, limit);
  }

  /** New rows get ids above `row`: those up to it belong to rows that were moved elsewhere. */
  startAbove(row: number): void {
    this.#nextRow = Math.max(this.#nextRow, row + 1);
  }

  /** Notes that `count` rows were moved elsewhere. */
  moved(count: number): void {
    this.#size -= count;
  }

  /** Takes the row counters from the database again, after a rollback. */
  recount(): void {
    this.#size = this.count();
  }

  #deleted(statement: StatementSync, ...values: SQLInputValue[]): number {
    const changes = Number(statement.run(...values).changes);
    this.#size -= changes;
    return changes;
  }
}

function number(row: Record<string, unknown> | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}
