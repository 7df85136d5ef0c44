import { setImmediate } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { z } from 'zod';
import { alertToJson } from '../detect/json.ts';
import type { FilterTree } from '../flow/filter-parser.ts';
import { type FlowJson, flowToJson } from '../flow/json.ts';
import type { Query, Store } from '../store/store.ts';
import { badParameters, failure, json } from './api-answers.ts';
import { addIncidents, type IncidentsView } from './api-incidents.ts';
import { filteredFlowQuery, groupQuery, pageQuery, readQuery } from './api-query.ts';
import { FlowGroups } from './flow-groups.ts';
import type { StaticFile } from './static.ts';
import type { Status } from './status.ts';
import type { EventStream } from './stream.ts';

/** What HTTP shows of an agent. */
export interface AgentView {
  readonly store: Pick<Store, 'flows' | 'alerts' | 'incidents' | 'ask'>;
  /** Incidents, where there are some; without, there are no such endpoints. */
  readonly incidents?: IncidentsView;
  /** ms since the epoch; of what people do. Default: the system clock. */
  now?(): number;
  readonly stream: EventStream;
  status(): Status;
  /** The exposition for Prometheus, text format 0.0.4. */
  metrics(): Promise<string>;
  /** Reads the `filter` of a request for flows; without it, there is no such parameter. */
  parseFilter?(text: string): FlowFilter;
}

/** A filter over flows, or why its text is none. */
export type FlowFilter =
  | { readonly matches: (flow: FlowJson) => boolean; readonly tree: FilterTree<FlowJson> }
  | { readonly message: string; readonly help?: string };

const endpoints = [
  '/healthz',
  '/metrics',
  '/api/v1/status',
  '/api/v1/flows',
  '/api/v1/flows/groups',
  '/api/v1/alerts',
  '/api/v1/incidents',
  '/api/v1/stream',
] as const;

/** What people do with incidents. */
const actionPath = /^\/api\/v1\/incidents\/[^/]+\/[a-z]+$/;

/** Rows that one filtered request looks at before it gives back what it has, and where to go on. */
const maxScanned = 10_000;

/** Rows read between two turns of the agent's own work. */
const scanStep = 500;

/**
 * Returns the HTTP interface of `view`: `/healthz`, `/metrics` and `/api/v1`, every JSON body with `schemaVersion`. Paths
 * that are none of these are looked up in `files`, when given. Only GET and HEAD, and POST for what people do with incidents; nothing else
 * here changes anything.
 */
export function createApi(
  view: AgentView,
  files?: (path: string) => Promise<StaticFile | undefined>,
): Hono<{ Bindings: HttpBindings }> {
  const api = new Hono<{ Bindings: HttpBindings }>();

  api.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    if (c.req.method === 'POST' && actionPath.test(c.req.path)) return next();
    return failure(
      c,
      405,
      'method-not-allowed',
      `${c.req.path} is only read: GET or HEAD`,
      {},
      { Allow: 'GET, HEAD' },
    );
  });

  api.get('/healthz', (c) => {
    const reasons = view.status().health.filter(({ state }) => state !== 'ok');
    const failing = reasons.some(({ state }) => state === 'failing');
    return json(c, { status: failing ? 'failing' : 'ok', reasons }, failing ? 503 : 200);
  });

  api.get('/metrics', async (c) =>
    c.body(await view.metrics(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );

  api.get('/api/v1/status', (c) => json(c, view.status()));

  api.get('/api/v1/flows', async (c) => {
    const parameters = readQuery(view.parseFilter ? filteredFlowQuery : pageQuery, c.req.queries());
    if ('problems' in parameters) return badParameters(c, parameters.problems);
    const { filter: text, ...query }: z.output<typeof filteredFlowQuery> = parameters.query;
    const filter = text === undefined ? undefined : view.parseFilter?.(text);
    if (filter !== undefined && 'message' in filter)
      return badParameters(c, [{ parameter: 'filter', ...filter }]);
    return json(c, await pageOfFlows(view.store, query, filter?.matches));
  });

  const groups = new FlowGroups(view);
  api.get('/api/v1/flows/groups', async (c) => {
    const parameters = readQuery(groupQuery, c.req.queries());
    if ('problems' in parameters) return badParameters(c, parameters.problems);
    const result = await groups.ask(parameters.query);
    if ('answer' in result) return json(c, result.answer);
    if ('problem' in result) return badParameters(c, [result.problem]);
    const wait = { 'Retry-After': String(result.busyForSeconds) };
    return failure(c, 503, 'too-many-questions', 'other questions are being answered', {}, wait);
  });

  api.get('/api/v1/alerts', (c) => {
    const parameters = readQuery(pageQuery, c.req.queries());
    if ('problems' in parameters) return badParameters(c, parameters.problems);
    const rows = view.store.alerts(parameters.query);
    return json(c, {
      rows: rows.map(({ row, value }) => ({ row, ...alertToJson(value) })),
      next: rows.length < parameters.query.limit ? null : (rows.at(-1)?.row ?? null),
    });
  });

  if (view.incidents !== undefined) addIncidents(api, view, view.incidents);

  api.get('/api/v1/stream', (c) => {
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    if (view.stream.subscribe(c.env.outgoing, c.req.header('last-event-id'))) return RESPONSE_ALREADY_SENT;
    return failure(
      c,
      503,
      'too-many-readers',
      'the event stream has as many readers as it can serve',
      {},
      { 'Retry-After': '30' },
    );
  });

  api.notFound(async (c) => {
    const file = await files?.(c.req.path);
    if (file === undefined) {
      return failure(c, 404, 'not-found', `there is nothing at ${c.req.path}`, { endpoints });
    }
    return c.body(file.body, 200, { 'Content-Type': file.type, 'Cache-Control': file.cacheControl });
  });

  api.onError((error, c) => failure(c, 500, 'internal-error', error.message));
  return api;
}

interface FlowPage {
  readonly rows: readonly ({ readonly row: number } & FlowJson)[];
  /** What `before` has to be for the next page; null when there is none. */
  readonly next: number | null;
}

/**
 * Returns the newest flows of `query` for which `matches` holds. A filter that few rows match ends after `maxScanned` rows
 * with a short page and the place to go on.
 */
async function pageOfFlows(
  store: AgentView['store'],
  query: Query,
  matches?: (flow: FlowJson) => boolean,
): Promise<FlowPage> {
  const found: FlowPage['rows'][number][] = [];
  let scanned = 0;
  let next = query.before ?? null;
  for (;;) {
    const limit = matches === undefined ? query.limit : scanStep;
    const rows = store.flows(next === null ? { ...query, limit } : { ...query, limit, before: next });
    for (const { row, value } of rows) {
      const flow = flowToJson(value);
      if (matches === undefined || matches(flow)) found.push({ row, ...flow });
      next = row;
      if (found.length === query.limit) return { rows: found, next };
    }
    scanned += rows.length;
    if (rows.length < limit) return { rows: found, next: null };
    if (scanned >= maxScanned) return { rows: found, next };
    await setImmediate();
  }
}
