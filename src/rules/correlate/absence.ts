import type { Absence } from '../correlation.ts';
import { KeyTable } from './key-table.ts';
import { type Value, valuesBytes } from './keys.ts';
import type { MomentSource } from './moment.ts';
import { afterRole, type Completion, type Tracker } from './tracker.ts';

/** What is expected of a key: since when, and what was kept of the event that made it so. */
interface Waiting {
  readonly since: number;
  readonly values: readonly Value[];
}

/** Something that did not come. */
export interface Missed extends Completion {
  readonly key: string;
  /** When it was due. */
  readonly at: number;
}

/**
 * Waits for events that ought to come. With `after`, such an event makes the other one be expected, unless it already is;
 * without, every event makes the next of its key be expected, and one that is missed is told once until they go on.
 */
export class AbsenceTracker<E> implements Tracker<E> {
  readonly #within: number;
  readonly #isHeartbeat: boolean;
  readonly #keptOf: MomentSource<E>['kept'];
  /** From the one that is due first on: what is touched last is due last. */
  readonly #waiting: KeyTable<Waiting>;

  constructor({ after }: Absence, within: number, maxKeys: number, moments: MomentSource<E>) {
    this.#within = within;
    this.#isHeartbeat = after === undefined;
    this.#keptOf = moments.kept;
    this.#waiting = new KeyTable(maxKeys, Number.POSITIVE_INFINITY);
  }

  get evicted(): number {
    return this.#waiting.evicted;
  }

  /** Whether anything is expected. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  take(role: number, event: E, key: string, now: number): undefined {
    const isKnown = this.#waiting.get(key) !== undefined;
    if (role === afterRole ? isKnown : !this.#isHeartbeat) {
      if (role !== afterRole) this.#waiting.delete(key);
      return undefined;
    }
    if (isKnown) this.#waiting.delete(key);
    const values = this.#keptOf[0]?.take(event) ?? [];
    this.#waiting.touch(key, now, () => ({ since: now, values }));
    this.#waiting.weigh(key, valuesBytes(values));
    return undefined;
  }

  /** Yields, and forgets, what was due before this time. */
  *missed(now: number): Generator<Missed> {
    for (const [key, { since, values }] of this.#waiting) {
      const at = since + this.#within;
      if (at >= now) return;
      this.#waiting.delete(key);
      yield { key, at, first: since, count: 0, kept: [values] };
    }
  }

  clear(): void {
    this.#waiting.clear();
  }

  stateBytes(): number {
    return this.#waiting.bytes;
  }
}
