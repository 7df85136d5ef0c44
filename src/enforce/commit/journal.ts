import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { appendSafely, makeFolder } from './files.ts';

/** One thing that happened to the packet filter. */
export const journalEntry = z.object({
  schemaVersion: z.literal(1),
  /** ISO 8601, UTC. */
  time: z.string(),
  /** Number of the change, from 1. */
  change: z.number().int().positive(),
  /** `started` stands before the first packet can notice; `failed`: the kernel did not take it, or the old state did not come back. */
  event: z.enum(['started', 'applied', 'confirmed', 'rolled back', 'failed']),
  user: z.string().optional(),
  reason: z.string().optional(),
  /** SHA-256 of the table before and after, by which its text is kept. */
  before: z.string().optional(),
  after: z.string().optional(),
  acceptedRisks: z.array(z.string()).optional(),
  /** Seconds. */
  confirmWithin: z.number().optional(),
  /** Of an end: who or what brought it about, e.g. `timer`, `root`, `probe`, `reboot`. */
  by: z.string().optional(),
  message: z.string().optional(),
});

export type JournalEntry = z.infer<typeof journalEntry>;

/** What became of one change. */
export interface JournalChange {
  readonly change: number;
  readonly started: JournalEntry;
  /** The last that was told of it. */
  readonly last: JournalEntry;
}

/** Some 20,000 entries; as many older ones are kept beside them. */
const mostBytes = 4 * 2 ** 20;

/** What was done to the packet filter, one JSON object a line, only ever appended to; the shell of the timer appends, too. */
export class Journal {
  readonly #path: string;
  readonly #older: string;

  constructor(folder: string) {
    makeFolder(folder);
    this.#path = join(folder, 'journal.jsonl');
    this.#older = join(folder, 'journal.1.jsonl');
  }

  append(entry: Omit<JournalEntry, 'schemaVersion' | 'time'>): void {
    if (existsSync(this.#path) && statSync(this.#path).size > mostBytes) renameSync(this.#path, this.#older);
    const whole: JournalEntry = { schemaVersion: 1, time: new Date().toISOString(), ...entry };
    appendSafely(this.#path, `${JSON.stringify(whole)}\n`);
  }

  /** Everything that is kept, oldest first. Lines that cannot be read, e.g. one that a full disk cut short, are left out. */
  entries(): JournalEntry[] {
    return [this.#older, this.#path].flatMap((path) =>
      existsSync(path) ? readFileSync(path, 'utf8').split('\n').flatMap(entryOf) : [],
    );
  }

  /** Every change of which the beginning is kept, oldest first. */
  changes(): JournalChange[] {
    const changes = new Map<number, JournalChange>();
    for (const entry of this.entries()) {
      const known = changes.get(entry.change);
      if (known !== undefined) changes.set(entry.change, { ...known, last: entry });
      else if (entry.event === 'started')
        changes.set(entry.change, { change: entry.change, started: entry, last: entry });
    }
    return [...changes.values()];
  }
}

function entryOf(line: string): JournalEntry[] {
  if (line === '') return [];
  try {
    const { data } = journalEntry.safeParse(JSON.parse(line));
    return data === undefined ? [] : [data];
  } catch {
    return [];
  }
}
