import type { Alert } from '../detect/detector.ts';
import type { FlowAnswer, FlowQuery } from '../flow/ask/query.ts';
import type { FilterTree } from '../flow/filter-parser.ts';
import type { Flow } from '../flow/flow.ts';
import type { FlowJson } from '../flow/json.ts';
import type { Incident } from '../incident/incident.ts';

/** Which rows to return: newest first. */
export interface Query {
  /** ms since the epoch, inclusive. */
  readonly since?: number;
  /** ms since the epoch, exclusive. */
  readonly until?: number;
  /** Only rows older than this row id: paging. */
  readonly before?: number;
  /** At most this many rows, 1 to 10,000. */
  readonly limit: number;
}

/** Which flows to return: newest first, only those that pass the filter. */
export interface FlowPageQuery extends Query {
  readonly filter?: FilterTree<FlowJson>;
}

/** A stored row with its row id, which grows with time of insertion. */
export interface Row<T> {
  readonly row: number;
  readonly value: T;
}

/** How the store is. */
export interface StoreHealth {
  readonly state: 'ok' | 'failing';
  /** The last failure in words, when failing. */
  readonly error?: string;
  /** Records that could not be written so far. */
  readonly lost: number;
  /** Bytes on disk, write-ahead log included. */
  readonly bytes: number;
  readonly flows: number;
  readonly alerts: number;
  readonly incidents: number;
  /** Flows that went to the row for all others of a minute or an hour, because it had as many rows as it may; since the start. */
  readonly folded?: number;
}

/** Keeps flows, alerts and incidents. Never throws for a full or broken disk: it counts what is lost and says so in health(). */
export interface Store {
  /** Inserts, or replaces the flow of the same id and part. Buffered; written in batches by {@link flush}. */
  putFlow(flow: Flow): void;
  /** Inserts, or replaces the alert of the same id. */
  putAlert(alert: Alert): void;
  /** Inserts, or replaces the incident of the same id. */
  putIncident(incident: Incident): void;
  /** Writes what is buffered now. */
  flush(): void;
  flows(query: FlowPageQuery): readonly Row<Flow>[];
  alerts(query: Query): readonly Row<Alert>[];
  incidents(query: Query): readonly Row<Incident>[];
  /** The alert of that id, as it was last written. */
  alert(id: string): Alert | undefined;
  /** The incident of that id, as it was last written. */
  incident(id: string): Incident | undefined;
  /** Answers a question about many flows. Throws TooLargeQuestion. */
  ask(query: FlowQuery): FlowAnswer;
  /** Deletes by age and by size; returns the number of rows deleted. */
  retain(now: number): number;
  health(): StoreHealth;
  /** Writes what is buffered. Whoever opens the same store again waits for the promise, if there is one. */
  close(): Promise<void> | void;
}
