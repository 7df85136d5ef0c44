import type { Alert } from '../detect/detector.ts';
import { evaluate } from '../flow/ask/evaluate.ts';
import { allowRows, type FlowQuery, looseCost } from '../flow/ask/query.ts';
import { predicateOf } from '../flow/filter-parser.ts';
import type { Flow } from '../flow/flow.ts';
import { flowToJson } from '../flow/json.ts';
import type { Incident } from '../incident/incident.ts';
import {
  alertRecords,
  defaultMaxAge,
  defaultMaxIncidentAge,
  flowRecords,
  incidentRecords,
  type RecordKind,
} from './record.ts';
import type { FlowPageQuery, Query, Row, Store, StoreHealth } from './store.ts';

/** Bounds of {@link openMemoryStore}. */
export interface MemoryStoreOptions {
  /** Most flows kept; the oldest goes when one more comes. Default 10,000. */
  readonly maxFlows?: number;
  /** Most alerts kept. Default 2,000. */
  readonly maxAlerts?: number;
  /** Most incidents kept. Default 500. */
  readonly maxIncidents?: number;
  /** ms; rows older than this are deleted by `retain`. Default 7 days. */
  readonly maxAge?: number;
  /** ms; the same for incidents. Default 400 days. */
  readonly maxIncidentAge?: number;
}

/**
 * Returns a store that keeps its rows in memory only, for when no directory can be written to. Nothing in it
 * outlives the process. Rows that make room for newer ones are retention by size, not loss.
 */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  const flows = new MemoryTable(flowRecords, options.maxFlows ?? 10_000);
  const alerts = new MemoryTable(alertRecords, options.maxAlerts ?? 2_000);
  const incidents = new MemoryTable(incidentRecords, options.maxIncidents ?? 500);
  const { maxAge = defaultMaxAge, maxIncidentAge = defaultMaxIncidentAge } = options;
  return {
    putFlow: (flow: Flow): void => flows.put(flow),
    putAlert: (alert: Alert): void => alerts.put(alert),
    putIncident: (incident: Incident): void => incidents.put(incident),
    flush(): void {},
    flows: ({ filter, ...query }: FlowPageQuery) => {
      const matches = filter && predicateOf(filter);
      return flows.query(query, matches && ((flow) => matches(flowToJson(flow))));
    },
    ask: (query: FlowQuery) => {
      const { since = -Infinity, until = Infinity } = query;
      const all = flows.all().filter(({ openedAt }) => openedAt >= since && openedAt < until);
      allowRows(query, looseCost * all.length);
      return evaluate(all.map(flowToJson), query);
    },
    alerts: (query: Query) => alerts.query(query),
    incidents: (query: Query) => incidents.query(query),
    alert: (id: string) => alerts.get(id),
    incident: (id: string) => incidents.get(id),
    retain: (now: number): number =>
      flows.deleteBefore(now - maxAge) +
      alerts.deleteBefore(now - maxAge) +
      incidents.deleteBefore(now - maxIncidentAge),
    health: (): StoreHealth => ({
      state: 'ok',
      lost: 0,
      bytes: 0,
      flows: flows.size,
      alerts: alerts.size,
      incidents: incidents.size,
    }),
    close(): void {},
  };
}

/** Rows by id, in the order of their row ids. */
class MemoryTable<T extends { readonly id: string }> {
  readonly #kind: RecordKind<T>;
  readonly #limit: number;
  readonly #rows = new Map<string, Row<T>>();
  #lastRow = 0;

  constructor(kind: RecordKind<T>, limit: number) {
    this.#kind = kind;
    this.#limit = limit;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): T | undefined {
    return this.#rows.get(key)?.value;
  }

  all(): T[] {
    return Array.from(this.#rows.values(), ({ value }) => value);
  }

  put(record: T): void {
    const key = this.#kind.key(record);
    const old = this.#rows.get(key);
    if (old !== undefined && !this.#kind.renewed) {
      this.#rows.set(key, { row: old.row, value: record });
      return;
    }
    this.#rows.delete(key);
    this.#lastRow += 1;
    this.#rows.set(key, { row: this.#lastRow, value: record });
    if (this.#rows.size > this.#limit) this.#deleteOldest();
  }

  query(
    { since = -Infinity, until = Infinity, before = Infinity, limit }: Query,
    passes: (value: T) => boolean = () => true,
  ): readonly Row<T>[] {
    const found: Row<T>[] = [];
    for (const row of [...this.#rows.values()].reverse()) {
      if (found.length >= limit) break;
      const time = this.#kind.time(row.value);
      if (row.row < before && time >= since && time < until && passes(row.value)) found.push(row);
    }
    return found;
  }

  /** Deletes from the oldest row on, up to the first that is not older than `cutoff`. */
  deleteBefore(cutoff: number): number {
    let deleted = 0;
    for (const row of this.#rows.values()) {
      if (this.#kind.time(row.value) >= cutoff) break;
      this.#rows.delete(this.#kind.key(row.value));
      deleted += 1;
    }
    return deleted;
  }

  #deleteOldest(): void {
    const oldest = this.#rows.keys().next();
    if (!oldest.done) this.#rows.delete(oldest.value);
  }
}
