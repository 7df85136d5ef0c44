import { after } from '../lifecycle.ts';
import { hasEnded, type Response } from '../model.ts';
import type { AuditRecord } from './record.ts';

/** Ended responses that are kept in mind; the log has them all. */
const mostEnded = 1000;
/** As many are open at most (`limits.active`). */
const mostOpen = 4096;

/** What an audit log says became of responses, one record after the other. */
export class History {
  readonly #responses = new Map<string, Response>();
  #last = 0;
  #heldSince: string | undefined;

  /** Number of the newest response; 0 where there is none. */
  get last(): number {
    return this.#last;
  }

  /** Since when nothing is done, ISO 8601; undefined where something is. */
  get heldSince(): string | undefined {
    return this.#heldSince;
  }

  /** Every open response and the newest of those that ended, the oldest first. */
  get responses(): readonly Response[] {
    return newest([...this.#responses.values()]);
  }

  get(id: string): Response | undefined {
    return this.#responses.get(id);
  }

  /** Takes the next record. One that makes no sense for a response in its state is left out. */
  add(record: AuditRecord): void {
    if (record.event === 'decided') this.#begin(record.response);
    else if (record.event === 'panic') this.#heldSince = record.time;
    else if (record.event === 'resumed') this.#heldSince = undefined;
    else if ('id' in record) {
      const known = this.#responses.get(record.id);
      const next = known && step(known, record);
      if (next !== undefined) this.#responses.set(record.id, next);
    }
  }

  #begin(response: Response): void {
    this.#responses.set(response.id, response);
    this.#last = Math.max(this.#last, numberOf(response.id));
    if (this.#responses.size < 2 * mostEnded + mostOpen) return;
    const kept = new Set(this.responses.map(({ id }) => id));
    for (const id of this.#responses.keys()) if (!kept.has(id)) this.#responses.delete(id);
  }
}

/** Returns what a log says. */
export function historyOf(records: Iterable<AuditRecord>): History {
  const history = new History();
  for (const record of records) history.add(record);
  return history;
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
