import { History, idOf } from '../../respond/audit/history.ts';
import type { AuditEntry } from '../../respond/audit/record.ts';
import { hasEnded, type Response } from '../../respond/model.ts';
import { AuditFile } from '../../store/audit/audit-file.ts';

/**
 * What became of every response: the audit log on disk is what counts, and this the state that follows from it. What cannot be written there does
 * not happen. Other processes may write to the same log; what they wrote counts here from the next {@link refresh} on.
 */
export class ResponseLog {
  readonly file: AuditFile;
  #history = new History();
  #seq = 0;
  #problems: readonly string[] = [];

  /** Reads the log in a folder, which is made where there is none. */
  constructor(folder: string) {
    this.file = new AuditFile(folder);
    if (AuditFile.isIn(folder)) this.#read();
  }

  /** What was wrong with the log when it was read. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Since when nothing is to be done, ISO 8601. */
  get heldSince(): string | undefined {
    return this.#history.heldSince;
  }

  /** Every open response, and the newest of those that ended; the oldest first. */
  get responses(): readonly Response[] {
    return this.#history.responses;
  }

  get open(): readonly Response[] {
    return this.responses.filter((one) => !hasEnded(one));
  }

  get(id: string): Response | undefined {
    return this.#history.get(id);
  }

  nextId(): string {
    return idOf(this.#history.last + 1);
  }

  /** Takes in what others wrote meanwhile. */
  refresh(): void {
    if ((this.file.head()?.seq ?? 0) !== this.#seq) this.#read();
  }

  /** Writes an entry onto the disk, then counts it. Throws an Error where it cannot be written; nothing has changed then. */
  record(entry: AuditEntry): void {
    const record = this.file.append(entry);
    if (record.seq !== this.#seq + 1) {
      this.#read();
      return;
    }
    this.#seq = record.seq;
    this.#history.add(record);
  }

  #read(): void {
    const { records, problems, head } = this.file.verify();
    this.#problems = problems.map(({ line, text }) => `line ${line}: ${text}`);
    this.#history = new History();
    for (const record of records) this.#history.add(record);
    this.#seq = head.seq;
  }
}
