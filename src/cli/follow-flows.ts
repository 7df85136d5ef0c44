import { setTimeout } from 'node:timers/promises';
import type { Flow } from '../flow/flow.ts';
import type { FlowPageQuery, Row } from '../store/store.ts';
import type { Io } from './io.ts';
import { flowFilter, openStoreToRead, timeRange } from './query.ts';

/** How often the store is looked into, ms. */
const interval = 500;

const pageSize = 1_000;

/**
 * Calls `show` with flows as they are written into the store: first the newest `limit`, then all that come, for `lasting` ms.
 * Throws UsageError or FailedError.
 */
export async function followFlows(
  text: string,
  limit: number,
  lasting: number,
  options: Readonly<Record<string, unknown>>,
  io: Io,
  show: (flow: Flow) => void,
): Promise<void> {
  const now = Date.now();
  const filter = await flowFilter(text, now);
  const range = await timeRange(options, now);
  const store = await openStoreToRead(options, io);
  try {
    const page = (query: FlowPageQuery) => store.flows({ ...range, filter, ...query });
    // Rows that do not pass the filter count too: what comes is what is newer than any.
    let newest = store.flows({ limit: 1 })[0]?.row ?? 0;
    for (const { value } of page({ limit, before: newest + 1 }).toReversed()) show(value);
    for (const end = performance.now() + lasting; performance.now() < end; ) {
      await setTimeout(interval);
      const last = store.flows({ limit: 1 })[0]?.row ?? newest;
      const found: Row<Flow>[] = [];
      for (let before = last + 1; ; ) {
        const rows = page({ limit: pageSize, before });
        const fresh = rows.filter(({ row }) => row > newest);
        found.push(...fresh);
        before = rows.at(-1)?.row ?? 0;
        if (fresh.length < pageSize) break;
      }
      for (const { value } of found.toReversed()) show(value);
      newest = Math.max(newest, last);
    }
  } finally {
    store.close();
  }
}
