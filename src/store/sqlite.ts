import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Alert } from '../detect/detector.ts';
import type { Flow } from '../flow/flow.ts';
import { bytesOnDisk, moveAside, openDatabase, saysCorrupt } from './database.ts';
import { Pending } from './pending.ts';
import { alertRecords, defaultMaxAge, flowRecords, type RecordKind } from './record.ts';
import { defaultMaxBytes, deleteByAge, deleteBySize } from './retention.ts';
import { NewerSchemaError } from './schema.ts';
import type { Query, Row, Store, StoreHealth } from './store.ts';
import { Table } from './table.ts';

/** Bounds of {@link openSqliteStore}. */
export interface SqliteStoreOptions {
  /** ms; rows older than this are deleted by `retain`. Default 7 days. */
  readonly maxAge?: number;
  /** Bytes of database and write-ahead log that `retain` goes down to. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Records of one kind that wait for a disk that cannot be written to. Default 10,000. */
  readonly maxPending?: number;
  /** Told when a damaged database was moved aside and a fresh one was started. */
  readonly onCorrupt?: (movedTo: string, error: Error) => void;
}

/**
 * Opens the store at `path`, creating file and directory when needed. A damaged file is moved aside (see `onCorrupt`).
 * With a full disk it starts as failing, and opens the file when there is room again. Throws an Error for the user when
 * the directory cannot be made or written to, or when the file was written by a newer Picket.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new Error(`cannot write to the store's directory ${directory}: ${message(error)}`, {
      cause: error,
    });
  }
  return new SqliteStore(path, options);
}

/** An open database with its statements. */
interface Connection {
  readonly database: DatabaseSync;
  readonly flows: Table<Flow>;
  readonly alerts: Table<Alert>;
}

function connect(path: string): Connection {
  const database = openDatabase(path);
  return {
    database,
    flows: new Table(database, flowRecords),
    alerts: new Table(database, alertRecords),
  };
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #options: SqliteStoreOptions;
  readonly #pendingFlows: Pending<Flow>;
  readonly #pendingAlerts: Pending<Alert>;
  #connection: Connection | undefined;
  #error: string | undefined;
  /** Records that could not be turned into JSON. */
  #unwritable = 0;

  constructor(path: string, options: SqliteStoreOptions) {
    const maxPending = options.maxPending ?? 10_000;
    this.#path = path;
    this.#options = options;
    this.#pendingFlows = new Pending(maxPending);
    this.#pendingAlerts = new Pending(maxPending);
    this.#attempt(() => undefined);
  }

  putFlow(flow: Flow): void {
    this.#put(this.#pendingFlows, flow);
  }

  putAlert(alert: Alert): void {
    this.#put(this.#pendingAlerts, alert);
  }

  flush(): void {
    // After a failure there is something to try even with nothing to write: whether it works again.
    if (this.#error === undefined && this.#pendingFlows.size + this.#pendingAlerts.size === 0) return;
    this.#attempt(({ database, flows, alerts }) => {
      database.exec('BEGIN IMMEDIATE');
      this.#write(flows, flowRecords, this.#pendingFlows);
      this.#write(alerts, alertRecords, this.#pendingAlerts);
      database.exec('COMMIT');
      this.#pendingFlows.clear();
      this.#pendingAlerts.clear();
      this.#error = undefined;
    });
  }

  flows(query: Query): readonly Row<Flow>[] {
    return this.#attempt(({ flows }) => flows.query(query)) ?? [];
  }

  alerts(query: Query): readonly Row<Alert>[] {
    return this.#attempt(({ alerts }) => alerts.query(query)) ?? [];
  }

  retain(now: number): number {
    const { maxAge = defaultMaxAge, maxBytes = defaultMaxBytes } = this.#options;
    let deleted = 0;
    this.#attempt(({ database, flows, alerts }) => {
      deleted += deleteByAge(flows, now - maxAge) + deleteByAge(alerts, now - maxAge);
      deleted += deleteBySize({ path: this.#path, database, flows, alerts, maxBytes });
    });
    return deleted;
  }

  health(): StoreHealth {
    return {
      state: this.#error === undefined ? 'ok' : 'failing',
      ...(this.#error === undefined ? {} : { error: this.#error }),
      lost: this.#pendingFlows.lost + this.#pendingAlerts.lost + this.#unwritable,
      bytes: bytesOnDisk(this.#path),
      flows: this.#connection?.flows.size ?? 0,
      alerts: this.#connection?.alerts.size ?? 0,
    };
  }

  close(): void {
    this.flush();
    this.#disconnect();
  }

  #put<T extends { readonly id: string }>(pending: Pending<T>, record: T): void {
    // While failing, only the caller's regular flush tries again, not every record of a busy moment.
    if (pending.full && this.#error === undefined) this.flush();
    pending.put(record);
  }

  #write<T extends { readonly id: string }>(table: Table<T>, kind: RecordKind<T>, pending: Pending<T>): void {
    for (const record of pending.values()) {
      let data: string;
      try {
        data = kind.encode(record);
      } catch {
        // Kept, it would stop every later record as well.
        pending.delete(record.id);
        this.#unwritable += 1;
        continue;
      }
      table.put(record, data);
    }
  }

  /** Returns what `action` returns; on failure undefined, and the failure stands in health() until a write succeeds. */
  #attempt<R>(action: (connection: Connection) => R): R | undefined {
    try {
      return action(this.#connected());
    } catch (error) {
      if (error instanceof NewerSchemaError) throw error;
      this.#error = message(error);
      this.#rollback();
      if (saysCorrupt(error)) this.#startAfresh(error);
      return undefined;
    }
  }

  #connected(): Connection {
    // Removed from under a running process, the file would go on taking rows that nobody can ever read.
    if (this.#connection !== undefined && !existsSync(this.#path)) this.#disconnect();
    this.#connection ??= connect(this.#path);
    return this.#connection;
  }

  #disconnect(): void {
    try {
      this.#connection?.database.close();
    } catch (error) {
      this.#error = message(error);
    }
    this.#connection = undefined;
  }

  #rollback(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    try {
      if (connection.database.isTransaction) connection.database.exec('ROLLBACK');
      connection.flows.recount();
      connection.alerts.recount();
    } catch {
      // What stands in the way of a rollback (the disk, the file) is gone with a new connection or met again there.
      this.#disconnect();
    }
  }

  #startAfresh(reason: unknown): void {
    this.#disconnect();
    try {
      const movedTo = moveAside(this.#path);
      this.#connection = connect(this.#path);
      this.#options.onCorrupt?.(movedTo, reason instanceof Error ? reason : new Error(String(reason)));
    } catch (error) {
      this.#error = message(error);
    }
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
