import type { ContainerRecord } from '../../event/state/container.ts';

interface Entry {
  readonly record: ContainerRecord;
  readonly state: number;
  /** When the engine no longer knew it, in milliseconds. */
  gone: number | undefined;
}

/** What is known of containers, by their ids; bounded: the one that was not asked for longest makes room. Times are milliseconds. */
export class ContainerCache {
  /** Pushed out because the cache was full. */
  evicted = 0;
  readonly #most: number;
  readonly #graceMs: number;
  readonly #entries = new Map<string, Entry>();
  /** The one that was asked for last: events of one container come one after another. */
  #last: string | undefined;

  /** `graceMs`: how long a container is remembered when the engine knows it no more, since its last events may still wait. */
  constructor(most: number, graceMs: number) {
    this.#most = most;
    this.#graceMs = graceMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): ContainerRecord | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (id !== this.#last) {
      this.#entries.delete(id);
      this.#entries.set(id, entry);
      this.#last = id;
    }
    return entry.record;
  }

  set(record: ContainerRecord, state: number): void {
    this.#entries.delete(record.id);
    if (this.#entries.size >= this.#most) {
      this.#entries.delete(this.#entries.keys().next().value as string);
      this.evicted++;
    }
    this.#entries.set(record.id, { record, state, gone: undefined });
    this.#last = record.id;
  }

  /** The engine says that it removed a container. */
  goes(id: string, now: number): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.gone ??= now;
  }

  /** Takes a full list, and returns the ids in it that are new or in another state than they were. */
  compare(listed: readonly { readonly id: string; readonly state: number }[], now: number): string[] {
    const there = new Set(listed.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (there.has(id)) entry.gone = undefined;
      else entry.gone ??= now;
      if (entry.gone !== undefined && now - entry.gone >= this.#graceMs) this.#entries.delete(id);
    }
    return listed.filter(({ id, state }) => this.#entries.get(id)?.state !== state).map(({ id }) => id);
  }
}
