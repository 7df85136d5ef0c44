import { appendFileSync, renameSync, statSync } from 'node:fs';
import type { DeadLetter } from '../spool.ts';

/**
 * Records that were refused for good, one line of JSON each, in `dead.jsonl`; a full file becomes `dead.old.jsonl`, in place of
 * the one before. Nothing is sent from here: it is for people.
 */
export class DeadLetters {
  readonly #path: string;
  readonly #limit: number;

  /** `limit`: bytes of both files together. */
  constructor(folder: string, limit: number) {
    this.#path = `${folder}/dead`;
    this.#limit = limit / 2;
  }

  /** Throws for a failing disk. */
  add({ at, reason, record }: DeadLetter): void {
    const line = `${JSON.stringify({ at: new Date(at).toISOString(), reason, alert: JSON.parse(record.json) })}\n`;
    const size = statSync(`${this.#path}.jsonl`, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && size + line.length > this.#limit)
      renameSync(`${this.#path}.jsonl`, `${this.#path}.old.jsonl`);
    appendFileSync(`${this.#path}.jsonl`, line, { mode: 0o600 });
  }
}
