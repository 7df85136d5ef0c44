import { existsSync } from 'node:fs';
import { bytesOnDisk, openDatabaseToRead } from './database.ts';
import { FlowLog } from './log/flow-log.ts';
import { alertRecords, flowRecords, incidentRecords } from './record.ts';
import { incidentVersion, schemaVersion } from './schema.ts';
import type { Store, StoreHealth } from './store.ts';
import { Table } from './table.ts';

/** The reading half of a store. */
export type StoreReader = Pick<
  Store,
  'flows' | 'alerts' | 'incidents' | 'alert' | 'incident' | 'ask' | 'health' | 'close'
>;

/**
 * Opens the store at `path` for reading only, also while an agent writes it: each query sees what was written when it
 * began. Unlike the agent's store its queries throw. Throws an Error for the user when there is no such file or it
 * cannot be read.
 */
export function openSqliteReader(path: string): StoreReader {
  if (!existsSync(path)) throw new Error(`there is no store at ${path}`);
  const database = openDatabaseToRead(path);
  const flows = new Table(database, flowRecords);
  const alerts = new Table(database, alertRecords);
  // An agent of a version before incidents may have written it.
  const hasIncidents = schemaVersion(database) >= incidentVersion;
  const incidents = hasIncidents ? new Table(database, incidentRecords) : undefined;
  const log = new FlowLog(database, flows, path);
  return {
    flows: (query) => log.page(query),
    ask: (query) => log.ask(query),
    alerts: (query) => alerts.query(query),
    incidents: (query) => incidents?.query(query) ?? [],
    alert: (id) => alerts.get(id),
    incident: (id) => incidents?.get(id),
    health: (): StoreHealth => ({
      state: 'ok',
      lost: 0,
      bytes: bytesOnDisk(path) + log.list.sealed().bytes,
      flows: flows.count() + log.list.sealed().rows,
      alerts: alerts.count(),
      incidents: incidents?.count() ?? 0,
    }),
    close: () => database.close(),
  };
}
