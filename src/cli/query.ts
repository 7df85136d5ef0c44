import { existsSync } from 'node:fs';
import type { Alert } from '../detect/detector.ts';
import type { FilterTree } from '../flow/filter-parser.ts';
import type { Flow } from '../flow/flow.ts';
import type { FlowJson } from '../flow/json.ts';
import type { StoreReader } from '../store/reader.ts';
import type { Query, Row } from '../store/store.ts';
import { FailedError, type OptionDefinition, UsageError } from './command.ts';
import { accepted } from './filter.ts';
import type { Io } from './io.ts';
import { stateOption, storePath } from './state.ts';

/** Options of every command that queries the store. */
export const queryOptions: readonly OptionDefinition[] = [
  { flags: '--since <time>', description: 'not older than this: 15m, 2h, 7d or an ISO 8601 date' },
  { flags: '--until <time>', description: 'older than this' },
  { flags: '-n, --limit <number>', description: 'at most this many, the newest', default: '100' },
  stateOption,
];

interface Kinds {
  readonly flows: Flow;
  readonly alerts: Alert;
}

const pageSize = 2_000;

/** Times of the command line. Throws UsageError. */
export async function timeRange(
  options: Readonly<Record<string, unknown>>,
  now: number,
): Promise<{ readonly since?: number; readonly until?: number }> {
  const { parseTime } = await import('./time.ts');
  return {
    ...(typeof options.since === 'string' ? { since: parseTime(options.since, now) } : {}),
    ...(typeof options.until === 'string' ? { until: parseTime(options.until, now) } : {}),
  };
}

/** Opens the store for reading. Throws FailedError. */
export async function openStoreToRead(
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<StoreReader> {
  const { openSqliteReader } = await import('../store/reader.ts');
  const path = storePath(options.state, io);
  if (!existsSync(path)) {
    throw new FailedError(
      `there is no store at ${path}`,
      'picket run makes one as it watches; --state names another folder. With --demo or --no-store nothing is kept',
    );
  }
  return openSqliteReader(path);
}

/** Reads a filter over flows from the command line. Throws UsageError with the place of the first fault. */
export async function flowFilter(text: string, now: number): Promise<FilterTree<FlowJson>> {
  const { parseFlowFilter } = await import('../flow/filter.ts');
  const result = parseFlowFilter(text, { now });
  accepted(result, text);
  return result.ok ? result.tree : { kind: 'all' };
}

/** Reads `-n`. Throws UsageError. */
export function limitOf(options: Readonly<Record<string, unknown>>): number {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit must be a whole number from 1 up, not ${options.limit}`);
  return limit;
}

/** Returns the newest rows of `kind` that match `filter`, newest first. Throws UsageError or FailedError. */
export async function queryStore<K extends keyof Kinds>(
  kind: K,
  filter: string,
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<Kinds[K][]> {
  const limit = limitOf(options);
  const now = Date.now();
  const range = await timeRange(options, now);
  const read = await reading(kind, filter, now);
  const store = await openStoreToRead(options, io);
  try {
    const found: Kinds[K][] = [];
    let before: number | undefined;
    while (found.length < limit) {
      const query = { ...range, ...(before === undefined ? {} : { before }), limit: pageSize };
      const { rows, matches } = read(store, query);
      for (const { row, value } of rows) {
        before = row;
        if (matches(value) && found.length < limit) found.push(value);
      }
      if (rows.length < pageSize) break;
    }
    return found;
  } finally {
    store.close();
  }
}

/** How rows of a kind are read: flows are filtered by the store, alerts here. */
async function reading<K extends keyof Kinds>(
  kind: K,
  text: string,
  now: number,
): Promise<
  (
    store: StoreReader,
    query: Query,
  ) => { readonly rows: readonly Row<Kinds[K]>[]; matches(value: Kinds[K]): boolean }
> {
  if (kind === 'flows') {
    const filter = await flowFilter(text, now);
    return (store, query) => ({
      rows: store.flows(filter.kind === 'all' ? query : { ...query, filter }) as readonly Row<Kinds[K]>[],
      matches: () => true,
    });
  }
  const { parseAlertFilter } = await import('../flow/filter.ts');
  const matches = accepted(parseAlertFilter(text, { now }), text);
  const { alertToJson } = await import('../detect/json.ts');
  return (store, query) => ({
    rows: store.alerts(query) as readonly Row<Kinds[K]>[],
    matches: (value) => matches(alertToJson(value as Alert)),
  });
}
