import { readFileSync, statSync } from 'node:fs';

/** A file is looked at for changes at most this often, ms. */
const freshMs = 5_000;

/** Names by number of a file of accounts (passwd(5), group(5)); a changed file is read again. */
export class Accounts {
  readonly #path: string;
  #names: ReadonlyMap<number, string> = new Map();
  #changed = -1;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns the name of a number, or undefined. */
  readonly name = (id: number): string | undefined => {
    const now = performance.now();
    if (now - this.#lookedAt > freshMs) {
      this.#lookedAt = now;
      this.#read();
    }
    return this.#names.get(id);
  };

  /** All names by their numbers. */
  readonly all = (): ReadonlyMap<number, string> => {
    this.name(0);
    return this.#names;
  };

  #read(): void {
    try {
      const { mtimeMs } = statSync(this.#path);
      if (mtimeMs === this.#changed) return;
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      // The first of several names for a number is the one that programs show.
      const entries = lines.map((line) => line.split(':')).filter(([, , id]) => id);
      this.#names = new Map(entries.reverse().map(([name = '', , id]) => [Number(id), name]));
      this.#changed = mtimeMs;
    } catch {
      // Machines without the file have no names.
      this.#names = new Map();
      this.#changed = -1;
    }
  }
}
