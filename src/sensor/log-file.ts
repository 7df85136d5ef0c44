import { type BigIntStats, type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FollowedFile, fileBirth, fileId } from './tail/followed-file.ts';
import { rotatedSince } from './tail/rotated-files.ts';

/** Who gets the lines. */
export interface LogFileSink {
  /** The next batch is read when what this returns is done. */
  lines(lines: readonly string[]): void | Promise<void>;
  /** One sentence: what may have been missed, and why. */
  warn(text: string): void;
}

export interface LogFileOptions {
  /** Begin with what is there already. Default: at the end. */
  readonly fromStart?: boolean;
  /** Longer lines are left out and counted. Default: 8 MiB. */
  readonly maxLineBytes?: number;
  /** How often is looked, whatever the kernel tells. Default: 1000. */
  readonly pollMs?: number;
  /** How long a file that was renamed is still read after its last line. Default: 5000. */
  readonly lingerMs?: number;
}

/** Files that are read at a time: the newest, and those that it replaced. */
const maxFiles = 16;
/** Files that are remembered when they were read: more than have one time of birth, as coarse as it is. */
const maxPast = 1024;
/** How long stopping may take while somebody goes on writing. */
const stopMs = 2000;

/**
 * Follows a log of lines, as an API server writes its audit events with `--audit-log-path`: through renaming and making anew,
 * through cutting (`copytruncate`), and before it is there. Renaming loses nothing; what was written between the last look
 * and a cut is lost with the file, and only the cut can be told.
 */
export class LogFile {
  /** Lines handed on. */
  lines = 0;
  /** Files that came under the name after the first. */
  rotations = 0;
  readonly #path: string;
  readonly #sink: LogFileSink;
  readonly #options: Required<LogFileOptions>;
  readonly #files: FollowedFile[] = [];
  /** Births of files that were read to their ends, the latest ones. */
  readonly #past = new Set<string>();
  readonly #closed = { truncations: 0, cutLines: 0, tooLong: 0 };
  readonly #ended: Promise<void>;
  #current: FollowedFile | undefined;
  #watcher: FSWatcher | undefined;
  #problem: string | undefined;
  #stopAt: number | undefined;
  #wake: () => void = () => {};
  #isWoken = false;

  /** Begins at once. A file that is not there, or cannot be read, is waited for. */
  constructor(path: string, sink: LogFileSink, options: LogFileOptions = {}) {
    this.#path = path;
    this.#sink = sink;
    this.#options = {
      fromStart: false,
      maxLineBytes: 8 * 1024 * 1024,
      pollMs: 1000,
      lingerMs: 5000,
      ...options,
    };
    this.#look(!this.#options.fromStart);
    this.#ended = this.#run();
  }

  /** How often the file was cut. */
  get truncations(): number {
    return this.#sum('truncations');
  }

  /** How it is; `lost` are lines that were cut in the middle, `undecodable` those that were too long. */
  status(): {
    readonly state: 'running' | 'failed';
    readonly detail: string;
    readonly lost: number;
    readonly undecodable: number;
  } {
    const cut = this.truncations;
    const times = cut === 0 ? '' : `, cut ${cut === 1 ? 'once' : `${cut} times`}`;
    return {
      state: this.#problem === undefined ? 'running' : 'failed',
      detail:
        this.#problem ?? (this.#current === undefined ? `waits for ${this.#path}` : `${this.#path}${times}`),
      lost: this.#sum('cutLines'),
      undecodable: this.#sum('tooLong'),
    };
  }

  /** Hands on what is there, then closes everything. Idempotent. */
  stop(): Promise<void> {
    this.#stopAt ??= performance.now() + stopMs;
    this.#signal();
    return this.#ended;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const isLast = this.#stopAt !== undefined;
        this.#watch();
        do this.#look();
        while ((await this.#pass()) && !(performance.now() > (this.#stopAt ?? Infinity)));
        if (isLast) break;
        await this.#sleep();
      }
    } catch (error) {
      this.#problem = `${this.#path}: ${(error as Error).message}`;
      this.#sink.warn(`${this.#problem}; it is no longer followed`);
    } finally {
      this.#watcher?.close();
      for (const file of this.#files.splice(0)) this.#close(file);
    }
  }

  /** Reads on in the oldest file that has something, or closes one; returns whether there was one. */
  async #pass(): Promise<boolean> {
    for (const file of [...this.#files]) {
      const lines: string[] = [];
      const cuts = file.truncations;
      const bytes = await file.read(lines);
      if (file.truncations > cuts)
        this.#sink.warn(`${this.#path} was cut: lines written just before may have been missed`);
      if (bytes > 0) {
        file.idleSince = undefined;
        await this.#give(lines);
        return true;
      }
      if (file !== this.#current && (await this.#closeWhenIdle(file))) return true;
    }
    return false;
  }

  async #give(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    this.lines += lines.length;
    await this.#sink.lines(lines);
  }

  /** Who wrote to a file that was renamed may do so until he opens the new one: logrotate tells him only after it made that. */
  async #closeWhenIdle(file: FollowedFile): Promise<boolean> {
    const now = performance.now();
    file.idleSince ??= now;
    const isWanted = this.#stopAt === undefined && this.#files.length < maxFiles;
    if (isWanted && now - file.idleSince < this.#options.lingerMs) return false;
    this.#files.splice(this.#files.indexOf(file), 1);
    const last = file.lastLine();
    this.#close(file);
    if (last !== undefined) await this.#give([last]);
    return true;
  }

  /** Opens what has the name now, when it is another file than before. Quick: it is asked at every renaming in the folder. */
  #look(atEnd = false): void {
    // While the sink is slow, files are left where they are, and found there later.
    if (this.#files.length >= maxFiles) return;
    try {
      const stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
      if (stats === undefined || fileId(stats) === this.#current?.id) return;
      const file = new FollowedFile(this.#path, { atEnd, maxLineBytes: this.#options.maxLineBytes });
      if (this.#files.some(({ id }) => id === file.id)) file.close();
      else this.#add(file);
      this.#problem = undefined;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      this.#fail(`${this.#path} cannot be read: ${message}`);
    }
  }

  #fail(problem: string): void {
    if (this.#problem !== problem) this.#sink.warn(problem);
    this.#problem = problem;
  }

  /** Takes a new file in, behind those that came and went under the name while nobody looked. */
  #add(file: FollowedFile): void {
    const missed = this.#current === undefined ? [] : this.#missed(this.#current, file);
    const added = [...missed, file];
    // Those for which there is no room have their turn when the last one taken now is asked what came after it.
    for (const late of added.splice(maxFiles - this.#files.length)) late.close();
    if (this.#current !== undefined) this.rotations += added.length;
    this.#files.push(...added);
    this.#current = added.at(-1);
  }

  #missed(before: FollowedFile, { id }: FollowedFile): FollowedFile[] {
    const known = new Set([...this.#files.map((file) => file.id), id]);
    const isKnown = (stats: BigIntStats) => known.has(fileId(stats)) || this.#past.has(fileBirth(stats));
    const found: FollowedFile[] = [];
    try {
      for (const path of rotatedSince(this.#path, before.stats(), isKnown)) {
        if (found.length > maxFiles) break;
        found.push(new FollowedFile(path, { atEnd: false, maxLineBytes: this.#options.maxLineBytes }));
      }
    } catch (error) {
      this.#sink.warn(`files that ${this.#path} was renamed to cannot be read: ${(error as Error).message}`);
    }
    return found;
  }

  #close(file: FollowedFile): void {
    for (const key of ['truncations', 'cutLines', 'tooLong'] as const) this.#closed[key] += file[key];
    this.#past.add(file.birth);
    if (this.#past.size > maxPast) this.#past.delete(this.#past.values().next().value as string);
    file.close();
  }

  #sum(key: 'truncations' | 'cutLines' | 'tooLong'): number {
    return this.#files.reduce((sum, file) => sum + file[key], this.#closed[key]);
  }

  /** Asks the kernel to tell of the folder (inotify(7)); without that, looking every now and then must do. */
  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(dirname(this.#path), { persistent: false }, (kind, name) => {
        if (name !== null && name !== basename(this.#path)) return;
        if (kind === 'rename') this.#look();
        this.#signal();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  #signal(): void {
    this.#isWoken = true;
    this.#wake();
  }

  /** Until something happens to the file, or the time for a look has come. */
  async #sleep(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.pollMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isWoken = false;
  }
}
