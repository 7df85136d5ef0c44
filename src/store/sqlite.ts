import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Alert } from '../detect/detector.ts';
import { evaluate } from '../flow/ask/evaluate.ts';
import { type FlowAnswer, type FlowQuery, TooLargeQuestion } from '../flow/ask/query.ts';
import type { Flow } from '../flow/flow.ts';
import type { Incident } from '../incident/incident.ts';
import { bytesOnDisk, moveAside, needsCheckpoint, openDatabase, saysCorrupt } from './database.ts';
import { adoptFiles } from './log/adopt.ts';
import { deleteSegmentsBefore } from './log/expiry.ts';
import { FlowLog } from './log/flow-log.ts';
import type { MoveJob, MoveResult } from './log/move-thread/messages.ts';
import { MoveThread } from './log/move-thread.ts';
import { countEnded, defaultMergedRows, FlowMover, isUntidy } from './log/mover.ts';
import type { Resolution } from './log/roll-up.ts';
import { Pending } from './pending.ts';
import {
  alertRecords,
  defaultMaxAge,
  defaultMaxIncidentAge,
  flowRecords,
  incidentRecords,
  type RecordKind,
} from './record.ts';
import { defaultMaxBytes, defaultMaxSumAge, deleteByAge, deleteBySize, deleteSums } from './retention.ts';
import { NewerSchemaError } from './schema.ts';
import type { FlowPageQuery, Query, Row, Store, StoreHealth } from './store.ts';
import { Table } from './table.ts';

/** Bounds of {@link openSqliteStore}. */
export interface SqliteStoreOptions {
  /** ms; rows older than this are deleted by `retain`. Default 7 days. */
  readonly maxAge?: number;
  /** ms; the same for incidents. Default 400 days. */
  readonly maxIncidentAge?: number;
  /** ms; sums by minute and by hour older than these are deleted by `retain`. Default 30 and 400 days. */
  readonly maxSumAge?: Readonly<Record<Resolution, number>>;
  /** Flows that ended move from the table to a segment when there are so many. Default 4,096. */
  readonly segmentRows?: number;
  /** Small segments are merged into one of at most so many flows. Default 131,072, fewer where `maxBytes` is small. */
  readonly mergedRows?: number;
  /** Bytes of database, write-ahead log and segments that `retain` goes down to. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Moves flows to segments, merges those and waits for the disk in a thread of its own, so that the caller is not held up. Default: when flushing. */
  readonly thread?: boolean;
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

/** So many flows make a segment worth its file; those that wait for others cost each question time. */
export const defaultSegmentRows = 4_096;

/** Incidents that wait for a disk that cannot be written to, at most: they are larger than alerts. */
const maxPendingIncidents = 1_000;

/** So many records are written without being told to: all at once would hold up the caller. */
const batchRecords = 500;

/** How long to wait for the thread that moves flows where records would be lost otherwise, ms. */
const turnPatience = 500;

/** An open database with its statements. */
interface Connection {
  readonly database: DatabaseSync;
  readonly flows: Table<Flow>;
  readonly alerts: Table<Alert>;
  readonly incidents: Table<Incident>;
  readonly log: FlowLog;
  readonly mover: FlowMover;
  /** Flows in the table that ended, at most: the next time to count them. */
  ended: number;
  /** True when there may be files to merge. */
  untidy: boolean;
}

function connect(path: string, mergedRows: number, checkpoints: boolean): Connection {
  const database = openDatabase(path, checkpoints);
  try {
    const flows = new Table(database, flowRecords);
    const log = new FlowLog(database, flows, path);
    adoptFiles(database, log.list);
    flows.startAbove(log.list.segments().reduce((most, { maxRow }) => Math.max(most, maxRow), 0));
    const mover = new FlowMover(database, log.list, { mergedRows });
    const alerts = new Table(database, alertRecords);
    const incidents = new Table(database, incidentRecords);
    const ended = countEnded(database);
    const untidy = isUntidy(log.list, mergedRows);
    return { database, flows, alerts, incidents, log, mover, ended, untidy };
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #options: SqliteStoreOptions;
  readonly #pendingFlows: Pending<Flow>;
  readonly #pendingAlerts: Pending<Alert>;
  readonly #pendingIncidents: Pending<Incident>;
  readonly #mergedRows: number;
  /** Does the moving, where the caller is not to wait for it. */
  readonly #thread: MoveThread | undefined;
  #connection: Connection | undefined;
  #error: string | undefined;
  /** Records that could not be turned into JSON. */
  #unwritable = 0;
  /** The last failure of moving flows, until that succeeds. */
  #moveError: string | undefined;
  /** The next time that records are written without being told to. */
  #next: NodeJS.Immediate | undefined;
  /** Whose flows the thread moves. */
  #moving: Connection | undefined;
  /** What was in segments when the thread began: flows that it moved are still counted as in the table until it has told of them. */
  #sealedBefore: ReturnType<FlowLog['list']['sealed']> = { rows: 0, bytes: 0 };
  #folded = 0;
  /** When retention was asked for while flows were moved. */
  #retainAt: number | undefined;

  constructor(path: string, options: SqliteStoreOptions) {
    const maxPending = options.maxPending ?? 10_000;
    this.#path = path;
    this.#options = options;
    // One segment is at most a small part of what may be kept: retention by size deletes it as a whole.
    this.#mergedRows =
      options.mergedRows ??
      Math.min(defaultMergedRows, Math.floor((options.maxBytes ?? defaultMaxBytes) / 400));
    this.#thread = options.thread
      ? new MoveThread({ path, mergedRows: this.#mergedRows }, (result) => this.#moved(result))
      : undefined;
    this.#pendingFlows = new Pending(maxPending, flowRecords.key);
    this.#pendingAlerts = new Pending(maxPending, alertRecords.key);
    this.#pendingIncidents = new Pending(Math.min(maxPending, maxPendingIncidents), incidentRecords.key);
    this.#attempt(() => undefined);
  }

  putFlow(flow: Flow): void {
    this.#put(this.#pendingFlows, flow);
  }

  putAlert(alert: Alert): void {
    this.#put(this.#pendingAlerts, alert);
  }

  putIncident(incident: Incident): void {
    this.#put(this.#pendingIncidents, incident);
  }

  flush(): void {
    const full = this.#pendingFlows.full || this.#pendingAlerts.full || this.#pendingIncidents.full;
    // Where others would be lost it is worth waiting for the thread, else they are written the next time.
    this.#flush(this.#thread === undefined ? Infinity : batchRecords, full ? turnPatience : 0);
  }

  /** Writes up to `most` records of each kind, waiting for up to `patience` ms where the thread writes. */
  #flush(most: number, patience: number): void {
    // After a failure there is something to try even with nothing to write: whether it works again.
    const failing = this.#error !== undefined || this.#moveError !== undefined;
    if (!failing && this.#waiting === 0) return;
    const turn = this.#thread?.turn;
    if (turn?.take(patience) === false) return;
    try {
      this.#attempt((connection) => this.#writeOldest(connection, most));
    } finally {
      turn?.give();
    }
    // The rest after everybody else had a turn.
    if (this.#waiting >= batchRecords && this.#error === undefined) this.#next ??= setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#next = undefined;
    this.flush();
  };

  /** Records waiting. */
  get #waiting(): number {
    return this.#pendingFlows.size + this.#pendingAlerts.size + this.#pendingIncidents.size;
  }

  #writeOldest(connection: Connection, most: number): void {
    const { database, flows, alerts, incidents } = connection;
    database.exec('BEGIN IMMEDIATE');
    const writtenFlows = this.#write(flows, flowRecords, this.#pendingFlows, most);
    const writtenAlerts = this.#write(alerts, alertRecords, this.#pendingAlerts, most);
    const writtenIncidents = this.#write(incidents, incidentRecords, this.#pendingIncidents, most);
    database.exec('COMMIT');
    for (const flow of writtenFlows) {
      if (flowRecords.ended?.(flow)) connection.ended += 1;
      this.#pendingFlows.delete(flow);
    }
    for (const alert of writtenAlerts) this.#pendingAlerts.delete(alert);
    for (const incident of writtenIncidents) this.#pendingIncidents.delete(incident);
    this.#move(connection);
    this.#error = undefined;
  }

  flows(query: FlowPageQuery): readonly Row<Flow>[] {
    return this.#attempt(({ log }) => log.page(query)) ?? [];
  }

  ask(query: FlowQuery): FlowAnswer {
    return this.#attempt(({ log }) => log.ask(query)) ?? evaluate([], query);
  }

  alerts(query: Query): readonly Row<Alert>[] {
    return this.#attempt(({ alerts }) => alerts.query(query)) ?? [];
  }

  incidents(query: Query): readonly Row<Incident>[] {
    return this.#attempt(({ incidents }) => incidents.query(query)) ?? [];
  }

  alert(id: string): Alert | undefined {
    return this.#attempt(({ alerts }) => alerts.get(id));
  }

  incident(id: string): Incident | undefined {
    return this.#attempt(({ incidents }) => incidents.get(id));
  }

  retain(now: number): number {
    const {
      maxAge = defaultMaxAge,
      maxIncidentAge = defaultMaxIncidentAge,
      maxBytes = defaultMaxBytes,
      maxSumAge = defaultMaxSumAge,
    } = this.#options;
    if (this.#thread?.busy) {
      // Not beside a thread that reads and replaces the same files.
      this.#retainAt = now;
      return 0;
    }
    let deleted = 0;
    this.#attempt(({ database, flows, alerts, incidents, log: { list } }) => {
      deleted += deleteSegmentsBefore(list, now - maxAge);
      deleted += deleteByAge(flows, now - maxAge) + deleteByAge(alerts, now - maxAge);
      deleted += deleteByAge(incidents, now - maxIncidentAge);
      deleteSums(list, now, maxBytes, maxSumAge);
      deleted += deleteBySize({ path: this.#path, database, flows, alerts, incidents, list, maxBytes });
    });
    return deleted;
  }

  health(): StoreHealth {
    const sealed = this.#sealed();
    const error = this.#error ?? this.#moveError;
    return {
      state: error === undefined ? 'ok' : 'failing',
      ...(error === undefined ? {} : { error }),
      lost:
        this.#pendingFlows.lost + this.#pendingAlerts.lost + this.#pendingIncidents.lost + this.#unwritable,
      bytes: bytesOnDisk(this.#path) + sealed.bytes,
      flows: (this.#connection?.flows.size ?? 0) + sealed.rows,
      alerts: this.#connection?.alerts.size ?? 0,
      incidents: this.#connection?.incidents.size ?? 0,
      folded: this.#folded,
    };
  }

  close(): Promise<void> | void {
    clearImmediate(this.#next);
    this.#flush(Infinity, Infinity);
    const stopped = this.#thread?.stop();
    this.#disconnect();
    return stopped;
  }

  #put<T extends { readonly id: string }>(pending: Pending<T>, record: T): void {
    // While failing, only the caller's regular flush tries again, not every record of a busy moment.
    const due = pending.full || (pending.size >= batchRecords && this.#next === undefined);
    if (due && this.#error === undefined) this.flush();
    pending.put(record);
  }

  /** Returns what was written: the oldest, up to `most`. */
  #write<T extends { readonly id: string }>(
    table: Table<T>,
    kind: RecordKind<T>,
    pending: Pending<T>,
    most: number,
  ): readonly T[] {
    return pending.oldest(most).filter((record) => {
      let data: string;
      try {
        data = kind.encode(record);
      } catch {
        // Kept, it would stop every later record as well.
        pending.delete(record);
        this.#unwritable += 1;
        return false;
      }
      table.put(record, data);
      return true;
    });
  }

  /** Moves flows that ended to segments when there are enough, or merges some, or has a checkpoint made: one piece of work at a time. */
  #move(connection: Connection): void {
    const { segmentRows = defaultSegmentRows } = this.#options;
    if (this.#thread?.busy) return;
    this.#moving = connection;
    // A flow may have been counted twice: when it ended, and when that was told again.
    if (connection.ended >= segmentRows) connection.ended = countEnded(connection.database);
    if (connection.ended >= segmentRows) this.#seal(connection, segmentRows);
    else if (connection.untidy) this.#tidy(connection);
    else if (this.#thread !== undefined && needsCheckpoint(this.#path))
      this.#run(this.#thread, { type: 'checkpoint' });
  }

  #seal(connection: Connection, rows: number): void {
    if (this.#thread !== undefined) {
      this.#run(this.#thread, { type: 'seal', rows });
      return;
    }
    const before = connection.mover.folded;
    const moved = connection.mover.seal(rows);
    this.#note(connection, moved, connection.mover.folded - before);
  }

  #tidy(connection: Connection): void {
    if (this.#thread !== undefined) {
      this.#run(this.#thread, { type: 'tidy' });
      return;
    }
    connection.untidy = connection.mover.tidy();
  }

  #run(thread: MoveThread, job: MoveJob): void {
    this.#sealedBefore = this.#sealed();
    thread.run(job);
  }

  /** Takes what became of a piece of work of the thread, and begins the next. */
  #moved(result: MoveResult): void {
    this.#moveError = result.type === 'failed' ? result.message : undefined;
    this.#attempt((connection) => {
      if (result.type === 'failed') {
        if (result.corrupt) this.#startAfresh(new Error(result.message));
        return;
      }
      // A database that was started afresh has nothing to do with it.
      if (connection !== this.#moving) return;
      if (result.moved > 0) this.#note(connection, result.moved, result.folded);
      if (result.tidied !== undefined) connection.untidy = result.tidied;
      if (this.#retainAt !== undefined) this.retain(this.#retainAt);
      this.#retainAt = undefined;
      this.#move(connection);
    });
  }

  #note(connection: Connection, moved: number, folded: number): void {
    connection.flows.moved(moved);
    connection.ended -= moved;
    connection.untidy = isUntidy(connection.log.list, this.#mergedRows);
    this.#folded += folded;
  }

  #sealed(): { readonly rows: number; readonly bytes: number } {
    if (this.#thread?.busy) return this.#sealedBefore;
    try {
      return this.#connection?.log.list.sealed() ?? { rows: 0, bytes: 0 };
    } catch {
      // Whoever writes or reads next meets the same, and says so.
      return { rows: 0, bytes: 0 };
    }
  }

  /** Returns what `action` returns; on failure undefined, and the failure stands in health() until a write succeeds. */
  #attempt<R>(action: (connection: Connection) => R): R | undefined {
    try {
      return action(this.#connected());
    } catch (error) {
      if (error instanceof NewerSchemaError || error instanceof TooLargeQuestion) throw error;
      this.#error = message(error);
      this.#rollback();
      if (saysCorrupt(error)) this.#startAfresh(error);
      return undefined;
    }
  }

  #connected(): Connection {
    // Removed from under a running process, the file would go on taking rows that nobody can ever read.
    if (this.#connection !== undefined && !existsSync(this.#path)) this.#disconnect();
    this.#connection ??= connect(this.#path, this.#mergedRows, this.#thread === undefined);
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
      connection.incidents.recount();
    } catch {
      // What stands in the way of a rollback (the disk, the file) is gone with a new connection or met again there.
      this.#disconnect();
    }
  }

  #startAfresh(reason: unknown): void {
    this.#disconnect();
    try {
      const movedTo = moveAside(this.#path);
      this.#connection = connect(this.#path, this.#mergedRows, this.#thread === undefined);
      this.#options.onCorrupt?.(movedTo, reason instanceof Error ? reason : new Error(String(reason)));
    } catch (error) {
      this.#error = message(error);
    }
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
