import { setImmediate } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { z } from 'zod';
import { type IncidentAction, maxBy, maxNote } from '../incident/action.ts';
import type { Incident } from '../incident/incident.ts';
import { incidentToJson } from '../incident/json.ts';
import { type IncidentSummary, incidentSummary } from '../incident/summary.ts';
import type { Store } from '../store/store.ts';
import { badParameters, failure, json } from './api-answers.ts';
import { incidentQuery, readQuery } from './api-query.ts';
import type { Incidents } from './incidents.ts';
import { type BodyBudget, type BodyLimits, bodyText, headerRefusal, withBody } from './request-body.ts';

/** What HTTP shows of incidents, and does with them. */
export type IncidentsView = Pick<Incidents, 'get' | 'act'>;

/** What the handlers need beside incidents. */
interface View {
  readonly store: Pick<Store, 'incidents'>;
  now?(): number;
}

/** What somebody says of an incident. */
const bodySchema = z.strictObject({
  by: z.string().max(maxBy).exactOptional(),
  text: z.string().max(maxNote).exactOptional(),
  falsePositive: z.boolean().exactOptional(),
});

const actions: ReadonlyMap<string, IncidentAction['kind']> = new Map([
  ['ack', 'acknowledge'],
  ['resolve', 'resolve'],
  ['reopen', 'reopen'],
  ['note', 'note'],
]);

const limits: BodyLimits = { sent: 16 * 1024, unpacked: 64 * 1024 };

/** Incidents that one request for those of a state looks at before it gives back what it has. */
const [maxScanned, scanStep] = [2_000, 100];

/**
 * Adds what there is of incidents: a page of them in short (`/api/v1/incidents`), one whole (`/api/v1/incidents/ID`), and what people do with
 * one: POST `ack`, `resolve`, `reopen` or `note` below it, with a JSON body of `by`, `text` and `falsePositive`, which need not be there.
 */
export function addIncidents(
  api: Hono<{ Bindings: HttpBindings }>,
  view: View,
  incidents: IncidentsView,
): void {
  const budget: BodyBudget = { used: 0, max: 16 * limits.sent };

  api.get('/api/v1/incidents', async (c) => {
    const parameters = readQuery(incidentQuery, c.req.queries());
    if ('problems' in parameters) return badParameters(c, parameters.problems);
    return json(c, await pageOf(view.store, parameters.query));
  });

  api.get('/api/v1/incidents/:id', (c) => {
    const incident = incidents.get(c.req.param('id'));
    if (incident === undefined) return failure(c, 404, 'not-found', 'there is no such incident');
    return json(c, { incident: incidentToJson(incident) });
  });

  api.post('/api/v1/incidents/:id/:action', async (c) => {
    const { id, action } = c.req.param();
    const kind = actions.get(action);
    if (kind === undefined)
      return failure(c, 404, 'not-found', `what can be done is ${[...actions.keys()].join(', ')}`);
    const { incoming } = c.env;
    const refused = headerRefusal(incoming, ['application/json'], limits);
    const body =
      refused ?? (await withBody(incoming, limits, budget, (sent) => bodyText(incoming, sent, limits)));
    if (typeof body !== 'string') return failure(c, body.status, body.code, body.message);
    const said = readBody(body);
    if (typeof said === 'string') return failure(c, 400, 'bad-body', said);
    const result = incidents.act(id, { kind, at: view.now?.() ?? Date.now(), ...said });
    if (result === undefined) return failure(c, 404, 'not-found', 'there is no such incident');
    if ('problem' in result) return failure(c, 409, 'not-possible', result.problem);
    return json(c, { incident: incidentToJson(result.incident) });
  });
}

/** Reads the body of a request, or says in words what is wrong with it. */
function readBody(text: string): z.output<typeof bodySchema> | string {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    return `the body is no JSON: ${(error as Error).message}`;
  }
  const result = bodySchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return `${issue?.path.join('.') || 'the body'}: ${issue?.message}`;
}

interface IncidentPage {
  readonly rows: readonly ({ readonly row: number } & IncidentSummary)[];
  /** What `before` has to be for the next page; null when there is none. */
  readonly next: number | null;
}

/** Returns the incidents of a state that changed last. One that few have ends after `maxScanned` with a short page and the place to go on. */
async function pageOf(
  store: View['store'],
  { state, ...query }: z.output<typeof incidentQuery>,
): Promise<IncidentPage> {
  const rows: IncidentPage['rows'][number][] = [];
  let next = query.before ?? null;
  for (let scanned = 0; scanned < maxScanned; await setImmediate()) {
    const found = store.incidents({ ...query, limit: scanStep, ...(next !== null && { before: next }) });
    for (const { row, value } of found) {
      next = row;
      if (isOf(value, state)) rows.push({ row, ...incidentSummary(value) });
      if (rows.length === query.limit) return { rows, next };
    }
    scanned += found.length;
    if (found.length < scanStep) return { rows, next: null };
  }
  return { rows, next };
}

/** Whether an incident is one of those that are asked for; those that are one with another are only shown when asked for all. */
function isOf({ state, resolution }: Incident, wanted: z.output<typeof incidentQuery>['state']): boolean {
  if (wanted === 'all') return true;
  if (resolution?.kind === 'merged') return false;
  return wanted === 'unresolved' ? state !== 'resolved' : state === wanted;
}
