import { existsSync } from 'node:fs';
import type { Alert } from '../detect/detector.ts';
import type { Flow } from '../flow/flow.ts';
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

/** Returns the newest rows of `kind` that match `filter`, newest first. Throws UsageError or FailedError. */
export async function queryStore<K extends keyof Kinds>(
  kind: K,
  filter: string,
  options: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<Kinds[K][]> {
  const { parseTime } = await import('./time.ts');
  const { openSqliteReader } = await import('../store/reader.ts');
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit must be a whole number from 1 up, not ${options.limit}`);
  const now = Date.now();
  const range = {
    ...(typeof options.since === 'string' ? { since: parseTime(options.since, now) } : {}),
    ...(typeof options.until === 'string' ? { until: parseTime(options.until, now) } : {}),
  };
  const matches = await readFilter(kind, filter);
  const path = storePath(options.state, io);
  if (!existsSync(path)) {
    throw new FailedError(
      `there is no store at ${path}`,
      'picket run makes one as it watches; --state names another folder. With --demo or --no-store nothing is kept',
    );
  }
  const store = openSqliteReader(path);
  try {
    const read = (query: Query) => store[kind](query) as readonly Row<Kinds[K]>[];
    const found: Kinds[K][] = [];
    let before: number | undefined;
    while (found.length < limit) {
      const rows = read({ ...range, ...(before === undefined ? {} : { before }), limit: pageSize });
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

/** Reads the filter of the command line. Throws UsageError with the place of the first fault. */
async function readFilter<K extends keyof Kinds>(
  kind: K,
  text: string,
): Promise<(value: Kinds[K]) => boolean> {
  const { parseAlertFilter, parseFlowFilter } = await import('../flow/filter.ts');
  if (kind === 'flows') {
    const matches = accepted(parseFlowFilter(text), text);
    const { flowToJson } = await import('../flow/json.ts');
    return (value) => matches(flowToJson(value as Flow));
  }
  const matches = accepted(parseAlertFilter(text), text);
  const { alertToJson } = await import('../detect/json.ts');
  return (value) => matches(alertToJson(value as Alert));
}
