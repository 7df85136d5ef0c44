import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Response as PlannedResponse } from '../../respond/model.ts';
import { apiSchemaVersion } from '../status.ts';
import type { Answer } from './responder.ts';

/** What HTTP shows of responses, and lets people do about them. */
export interface RespondView {
  list(): readonly PlannedResponse[];
  approve(id: string, by: string): Promise<Answer>;
  deny(id: string, by: string, why: string): Promise<Answer>;
  undo(id: string, by: string, why: string): Promise<Answer>;
  panic(by: string, why: string): Promise<Answer>;
  resume(by: string): Promise<Answer>;
  /** What who acts must send as `Picket-Approval`; only root can read it. */
  readonly secret: string;
}

/** The header that carries the secret. A page of another site cannot send it: that needs leave by CORS, which is never given. */
export const approvalHeader = 'Picket-Approval';
/** Below this path people act. */
export const responsesPath = '/api/v1/responses';

const mostBody = 4096;
const body = z.object({ by: z.string().min(1).max(64), why: z.string().max(500).optional() });

/** Tells whether a request may be one that changes something: only those that say who they are, by the secret of this machine. */
export function mayAct(method: string, path: string, view: RespondView | undefined): boolean {
  return view !== undefined && method === 'POST' && path.startsWith(`${responsesPath}/`);
}

/**
 * Adds `GET /api/v1/responses`, `POST /api/v1/responses/{panic,resume}` and `POST /api/v1/responses/ID/{approve,deny,undo}`. Requests that act need
 * the secret, JSON of a few kB that names who acts, and pass the guards that all requests do (`host-guard.ts`).
 */
export function addRespondRoutes(api: Hono<{ Bindings: HttpBindings }>, view: RespondView): void {
  api.get(responsesPath, (c) => json(c, { rows: view.list() }, 200));
  const act = (path: string, run: (id: string, by: string, why: string) => Promise<Answer>) =>
    api.post(`${responsesPath}${path}`, async (c) => {
      if (!knows(c.req.header(approvalHeader) ?? '', view.secret))
        return failure(c, 403, 'no-approval', `send the secret of this machine as ${approvalHeader}`);
      const asked = await readBody(c);
      if (asked === undefined)
        return failure(c, 400, 'bad-body', 'send JSON that says who acts: {"by": "anna", "why": "…"}');
      const { by, why = 'no reason given' } = asked;
      const { ok, text } = await run(c.req.param('id') ?? '', by, why);
      return json(c, { ok, text }, ok ? 200 : 409);
    });
  act('/panic', (_, by, why) => view.panic(by, why));
  act('/resume', (_, by) => view.resume(by));
  act('/:id/approve', (id, by) => view.approve(id, by));
  act('/:id/deny', (id, by, why) => view.deny(id, by, why));
  act('/:id/undo', (id, by, why) => view.undo(id, by, why));
}

async function readBody(c: Context): Promise<z.infer<typeof body> | undefined> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim();
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (type !== 'application/json' || !(length <= mostBody)) return undefined;
  try {
    return body.safeParse(await c.req.json()).data;
  } catch {
    return undefined;
  }
}

/** Compares digests, so that the time it takes tells nothing about the secret. */
function knows(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

function json(c: Context, value: object, status: 200 | 409): Response {
  return c.json({ schemaVersion: apiSchemaVersion, ...value }, status, { 'Cache-Control': 'no-store' });
}

function failure(c: Context, status: 400 | 403, code: string, message: string): Response {
  return c.json({ schemaVersion: apiSchemaVersion, error: { code, message } }, status, {
    'Cache-Control': 'no-store',
  });
}
