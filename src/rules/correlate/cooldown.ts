import { keyBytes, maxStateBytes } from './key-table.ts';

/** Keeps a key silent for some time after it was told, and counts what it would have told. Bounded as tables of keys are. */
export class Cooldown {
  readonly #length: number;
  readonly #maxKeys: number;
  /** From the one that was told longest ago on. */
  readonly #silent = new Map<string, { readonly until: number; suppressed: number }>();
  #bytes = 0;
  #evicted = 0;
  #suppressed = 0;

  constructor(length: number, maxKeys: number) {
    this.#length = length;
    this.#maxKeys = maxKeys;
  }

  /** Keys that were forgotten for want of room: they may be told again too early. */
  get evicted(): number {
    return this.#evicted;
  }

  /** What was not told, of all keys, since the start. */
  get suppressed(): number {
    return this.#suppressed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Returns how often the key was kept silent since it was last told; undefined when it is to be silent now. */
  pass(key: string, now: number): number | undefined {
    if (this.#length === 0) return 0;
    const known = this.#silent.get(key);
    if (known !== undefined && now < known.until) {
      known.suppressed++;
      this.#suppressed++;
      return undefined;
    }
    this.#delete(key);
    this.#makeRoom(now);
    this.#bytes += keyBytes(key);
    this.#silent.set(key, { until: now + this.#length, suppressed: 0 });
    return known?.suppressed ?? 0;
  }

  clear(): void {
    this.#silent.clear();
    this.#bytes = 0;
  }

  #delete(key: string): void {
    if (this.#silent.delete(key)) this.#bytes -= keyBytes(key);
  }

  #makeRoom(now: number): void {
    for (const [key, { until, suppressed }] of this.#silent) {
      const isDone = until <= now && suppressed === 0;
      const isFull = this.#silent.size >= this.#maxKeys || this.#bytes > maxStateBytes;
      if (!isDone && !isFull) return;
      if (!isDone) this.#evicted++;
      this.#delete(key);
    }
  }
}
