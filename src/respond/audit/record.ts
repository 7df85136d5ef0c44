import { z } from 'zod';
import type { Response } from '../model.ts';

/** A digest as it is written: SHA-256 in hexadecimal. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/);

const base = {
  schemaVersion: z.literal(1),
  /** 1, 2, …: without a gap. */
  seq: z.int().positive(),
  /** ISO 8601, UTC. */
  time: z.string(),
  /** Who: a user, `picket`, `kernel`. */
  by: z.string().optional(),
  /** SHA-256 of the line before, without its line feed; of nothing, in the first line. */
  previous: digest,
};

const blastRadius = z.object({
  conversations: z.number(),
  cut: z.number(),
  peers: z.number(),
  examples: z.array(z.string()),
  unseen: z.number(),
  unknown: z.string().optional(),
});

const rate = z.object({
  count: z.int().positive(),
  period: z.enum(['second', 'minute', 'hour', 'day']),
  burst: z.int().positive(),
});

const action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('block'), prefix: z.string(), seconds: z.number() }),
  z.object({ kind: z.literal('limit'), prefix: z.string(), seconds: z.number(), rate }),
]);

/** A response as it stands in JSON: in the audit log, in the API, in `picket respond list -o json`. Times: ms since the epoch. */
export const responseJson: z.ZodType<Response> = z.object({
  id: z.string(),
  action,
  title: z.string(),
  playbook: z.string(),
  owner: z.object({
    alertId: z.string(),
    incidentId: z.string().optional(),
    detector: z.string(),
    severity: z.enum(['critical', 'high', 'medium', 'low']),
    title: z.string(),
  }),
  reason: z.string(),
  before: z.string(),
  after: z.string(),
  undo: z.string(),
  blast: blastRadius.optional(),
  state: z.enum(['proposed', 'waiting', 'refused', 'applying', 'applied', 'expired', 'undone', 'failed']),
  why: z.string().optional(),
  by: z.string().optional(),
  decidedAt: z.number(),
  answerBy: z.number().optional(),
  appliedAt: z.number().optional(),
  expiresAt: z.number().optional(),
  endedAt: z.number().optional(),
}) as z.ZodType<Response>;

const of = { ...base, id: z.string() };

/** One line of the audit log. */
export const auditRecord = z.discriminatedUnion('event', [
  z.object({ ...base, event: z.literal('decided'), response: responseJson }),
  z.object({ ...of, event: z.enum(['approved', 'begun', 'expired']) }),
  z.object({ ...of, event: z.enum(['denied', 'lapsed', 'refused', 'failed', 'undone']), why: z.string() }),
  z.object({ ...of, event: z.literal('applied'), expiresAt: z.number() }),
  z.object({
    ...of,
    event: z.literal('probed'),
    probes: z.array(z.object({ title: z.string(), works: z.boolean() })),
  }),
  /** Of `skipped`: how many requests were not looked at, since there were too many in an hour. */
  z.object({ ...base, event: z.literal('skipped'), count: z.int().positive() }),
  z.object({ ...base, event: z.enum(['panic', 'resumed', 'opened']), why: z.string().optional() }),
  /** The line before was never finished: the machine or Picket died in it. `torn`: its bytes. */
  z.object({ ...base, event: z.literal('recovered'), torn: z.int().positive() }),
]);

export type AuditRecord = z.infer<typeof auditRecord>;

/** A record without what the log itself adds. */
export type AuditEntry = AuditRecord extends infer R
  ? R extends AuditRecord
    ? Omit<R, 'schemaVersion' | 'seq' | 'time' | 'previous'>
    : never
  : never;
