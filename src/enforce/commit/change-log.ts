import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type AppliedText, digestOf, transactionOf } from '../nftables.ts';
import { makeFolder, renameSafely, writeSafely } from './files.ts';
import { Journal } from './journal.ts';
import { restoreScript } from './restore-script.ts';
import { TextStore } from './texts.ts';

/** A change that is to be made. */
export interface ChangeRequest {
  /** The table as nft lists it now, and as it is to be; empty for none. */
  readonly before: string;
  readonly after: string;
  readonly user: string;
  readonly reason: string;
  readonly acceptedRisks: readonly string[];
  /** Seconds after which the old state comes back unless somebody confirms. */
  readonly confirmWithin: number;
  /** Path of nft. */
  readonly nft: string;
}

const pendingFile = z.object({
  change: z.number().int().positive(),
  /** ISO 8601, UTC; for people. */
  until: z.string(),
  /** Seconds on the clock of the machine's uptime, which nobody sets. */
  untilUptime: z.number(),
  /** The boot that the change was made in. */
  boot: z.string(),
  before: z.string(),
  after: z.string(),
  user: z.string(),
  reason: z.string(),
});

/** A change that waits for its confirmation. */
export type PendingChange = z.infer<typeof pendingFile>;

const confirmedFile = z.object({
  change: z.number().int().positive(),
  time: z.string(),
  textDigest: z.string(),
  ownDigest: z.string(),
});

/** The state that was confirmed last: what the machine loads when it starts. */
export type ConfirmedState = z.infer<typeof confirmedFile>;

/** Somebody else ended the change first: the timer mostly. */
export class AlreadyEnded extends Error {
  constructor(change: number) {
    super(`change ${change} has ended already`);
  }
}

/** A change waits for its confirmation, and a second one has to wait for that. */
export class ChangePending extends Error {
  constructor({ change, until }: Pick<PendingChange, 'change' | 'until'>) {
    super(`change ${change} waits for its confirmation until ${until}`);
  }
}

/** Folders of so many changes that ended are kept, for a look at what was put back. */
const mostEnded = 20;

/**
 * What is kept of changes, below one folder that only root reads: the journal, texts, the change that waits (`pending-N`), and what was
 * confirmed last (`confirmed.nft`, for the start of the machine). It survives Picket and the machine; two processes may use it at once.
 */
export class ChangeLog {
  readonly journal: Journal;
  readonly texts: TextStore;
  readonly folder: string;

  constructor(folder: string) {
    makeFolder(join(folder, 'ended'));
    this.folder = folder;
    this.journal = new Journal(folder);
    this.texts = new TextStore(folder);
  }

  /** The change that waits for its confirmation, if one does. */
  pending(): PendingChange | undefined {
    const [name] = this.#pendingNames();
    if (name === undefined) return undefined;
    return readJson(join(this.folder, name, 'change.json'), pendingFile);
  }

  confirmed(): ConfirmedState | undefined {
    return readJson(join(this.folder, 'confirmed.json'), confirmedFile);
  }

  /** What the table should be now: what waits for its confirmation, else what was confirmed; undefined where nothing was applied yet. */
  expected(): AppliedText | undefined {
    const pending = this.pending();
    if (pending === undefined) return this.confirmed();
    return readJson(join(this.#pendingFolder(pending.change), 'applied.json'), confirmedFile);
  }

  /** Writes down all that is needed to go back, before anything is changed. Throws {@link ChangePending}. */
  begin(request: ChangeRequest): PendingChange {
    const { before, after, user, reason, acceptedRisks, confirmWithin, nft } = request;
    const numbers = this.journal.entries().map((entry) => entry.change);
    const change = numbers.reduce((most, one) => Math.max(most, one), 0) + 1;
    this.#mustBeAlone();
    const pending: PendingChange = {
      change,
      until: new Date(Date.now() + confirmWithin * 1000).toISOString(),
      untilUptime: uptime() + confirmWithin,
      boot: bootId(),
      before: this.texts.keep(before),
      after: this.texts.keep(after),
      user,
      reason,
    };
    const unfinished = join(this.folder, `beginning-${process.pid}`);
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
    writeSafely(join(unfinished, 'change.json'), `${JSON.stringify(pending, null, 2)}\n`);
    writeSafely(join(unfinished, 'before.nft'), transactionOf(before));
    writeSafely(join(unfinished, 'restore.sh'), restoreScript({ change, folder: this.folder, nft }));
    // What an earlier one of this number left, whose entry in the journal a full disk has swallowed.
    rmSync(this.#endedFolder(change), { recursive: true, force: true });
    try {
      renameSync(unfinished, this.#pendingFolder(change));
    } catch {
      rmSync(unfinished, { recursive: true, force: true });
      throw new ChangePending(pending);
    }
    this.journal.append({
      change,
      event: 'started',
      user,
      reason,
      before: pending.before,
      after: pending.after,
      ...(acceptedRisks.length > 0 && { acceptedRisks: [...acceptedRisks] }),
      confirmWithin,
    });
    return pending;
  }

  /** Path of the script that puts back what was there before a change. */
  restoreScript({ change }: PendingChange): string {
    return join(this.#pendingFolder(change), 'restore.sh');
  }

  /** Process id of the timer that waits, as it wrote it down itself; undefined where none has. */
  timer({ change }: PendingChange): number | undefined {
    const path = join(this.#pendingFolder(change), 'timer');
    const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  }

  /** The change is in force; `ownDigest` is that of the table as the kernel has it now. Throws {@link AlreadyEnded}. */
  applied({ change, after }: PendingChange, ownDigest: string): void {
    const state: ConfirmedState = { change, time: new Date().toISOString(), textDigest: after, ownDigest };
    try {
      writeSafely(join(this.#pendingFolder(change), 'applied.json'), `${JSON.stringify(state)}\n`);
    } catch (error) {
      throw isAbsent(error) ? new AlreadyEnded(change) : error;
    }
    this.journal.append({ change, event: 'applied' });
  }

  /** From now on the change stays, also when the machine starts anew. Throws {@link AlreadyEnded} where the timer was faster. */
  confirm(pending: PendingChange, by: string): void {
    const { change, after } = pending;
    const text = this.texts.get(after);
    if (text === undefined) throw new Error(`the text of change ${change} is damaged`);
    const applied = readJson(join(this.#pendingFolder(change), 'applied.json'), confirmedFile);
    this.#end(change);
    if (applied === undefined) throw new Error(`change ${change} was never in force`);
    // A crash between the two is noticed: the table is then another than the one that was confirmed.
    writeSafely(join(this.folder, 'confirmed.nft'), transactionOf(text));
    writeSafely(
      join(this.folder, 'confirmed.json'),
      `${JSON.stringify({ ...applied, textDigest: digestOf(text) })}\n`,
    );
    this.journal.append({ change, event: 'confirmed', by });
  }

  /** Ends a change that is to be rolled back now; returns the input for nft that does so. Throws {@link AlreadyEnded}. */
  take({ change }: PendingChange): string {
    this.#end(change);
    return readFileSync(join(this.#endedFolder(change), 'before.nft'), 'utf8');
  }

  #end(change: number): void {
    try {
      renameSafely(this.#pendingFolder(change), this.#endedFolder(change));
    } catch (error) {
      throw isAbsent(error) ? new AlreadyEnded(change) : error;
    }
    const ended = readdirSync(join(this.folder, 'ended')).map(Number);
    for (const one of ended.sort((a, b) => b - a).slice(mostEnded))
      rmSync(this.#endedFolder(one), { recursive: true, force: true });
  }

  #mustBeAlone(): void {
    const pending = this.pending();
    if (pending !== undefined) throw new ChangePending(pending);
    const [name] = this.#pendingNames();
    if (name !== undefined)
      throw new Error(`${join(this.folder, name)} is damaged; look into it, and remove it`);
  }

  #pendingNames(): string[] {
    return readdirSync(this.folder).filter((name) => /^pending-\d+$/.test(name));
  }

  #pendingFolder(change: number): string {
    return join(this.folder, `pending-${change}`);
  }

  #endedFolder(change: number): string {
    return join(this.folder, 'ended', String(change));
  }
}

/** Seconds since the machine was started. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}

/** Tells starts of the machine apart. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
