import { after } from '../lifecycle.ts';
import { hasEnded, type Response } from '../model.ts';
import type { AuditRecord } from './record.ts';

/** Ended responses that are kept in mind; the log has them all. */
const mostEnded = 1000;

/** What an audit log says became of responses. */
export interface History {
  /** The oldest first: every open one, and the newest of those that ended. */
  readonly responses: readonly Response[];
  /** Number of the newest response. */
  readonly last: number;
  /** Since when nothing is done, ISO 8601; undefined where something is. */
  readonly heldSince?: string;
}

/** Returns what became of the responses of a log. Records that make no sense for a response in its state are left out. */
export function historyOf(records: Iterable<AuditRecord>): History {
  const responses = new Map<string, Response>();
  let last = 0;
  let heldSince: string | undefined;
  for (const record of records) {
    if (record.event === 'decided') {
      const { response } = record;
      responses.set(response.id, response);
      last = Math.max(last, numberOf(response.id));
    } else if (record.event === 'panic') heldSince = record.time;
    else if (record.event === 'resumed') heldSince = undefined;
    else if ('id' in record) {
      const known = responses.get(record.id);
      const next = known && step(known, record);
      if (next !== undefined) responses.set(record.id, next);
    }
  }
  return { responses: newest([...responses.values()]), last, ...(heldSince !== undefined && { heldSince }) };
}

/** Returns open responses and the newest of the others, in their order. */
export function newest(responses: readonly Response[]): Response[] {
  let rest = responses.filter(hasEnded).length - mostEnded;
  return responses.filter((one) => !hasEnded(one) || rest-- <= 0);
}

/** Returns the id of a response by its number. */
export function idOf(number: number): string {
  return `r${number}`;
}

function numberOf(id: string): number {
  const number = Number(id.slice(1));
  return Number.isInteger(number) ? number : 0;
}

type OfOne = Extract<AuditRecord, { id: string }>;

function step(response: Response, record: OfOne): Response | undefined {
  const at = Date.parse(record.time);
  const who = record.by === undefined ? {} : { by: record.by };
  switch (record.event) {
    case 'applied':
      return after(response, { kind: 'applied', at, expiresAt: record.expiresAt, ...who });
    case 'begun':
    case 'expired':
      return after(response, { kind: record.event, at, ...who });
    case 'approved':
      return response.state === 'waiting' ? { ...response, ...who } : undefined;
    case 'probed':
      return undefined;
    default:
      return after(response, { kind: record.event, at, why: record.why, ...who });
  }
}
