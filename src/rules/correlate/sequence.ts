import { compileFilter } from '../compile/compile.ts';
import type { Sequence } from '../correlation.ts';
import { KeyTable } from './key-table.ts';
import { type Value, valuesBytes } from './keys.ts';
import type { Moment, MomentSource } from './moment.ts';
import { type Completion, type Tracker, withoutRole } from './tracker.ts';

/** Beginnings that are kept for each step of a key where a `where` chooses among them; the oldest go first. */
export const maxBeginnings = 64;

/** The first steps of a sequence, done. */
interface Beginning {
  readonly first: number;
  readonly kept: readonly (readonly Value[])[];
  /** Beginnings that go on from the same one share what it kept: this counts too much rather than too little. */
  readonly bytes: number;
}

/**
 * Looks for one event after another. Without `where` it is enough to know of each step the beginning that started last: if
 * any lies within the time, this one does. With `where` several are kept.
 */
export class SequenceTracker<E> implements Tracker<E> {
  readonly #within: number;
  readonly #last: number;
  readonly #most: number;
  readonly #keptOf: MomentSource<E>['kept'];
  readonly #where: readonly (((moment: Moment<E>) => boolean) | undefined)[];
  /** By key, for each step but the last, beginnings from the oldest on. */
  readonly #keys: KeyTable<Beginning[][]>;
  #dropped = 0;

  /** `moments` gives the fields for a step's `where`, those of the steps before it included. */
  constructor({ steps }: Sequence, within: number, maxKeys: number, moments: MomentSource<E>) {
    this.#within = within;
    this.#last = steps.length - 1;
    this.#most = steps.some(({ where }) => where !== undefined) ? maxBeginnings : 1;
    this.#keptOf = moments.kept;
    this.#where = steps.map(({ where }) => where && compileFilter(where, moments));
    this.#keys = new KeyTable(maxKeys, within);
  }

  get evicted(): number {
    return this.#keys.evicted + this.#dropped;
  }

  take(role: number, event: E, key: string, now: number): Completion | undefined {
    if (role === withoutRole) {
      this.#keys.delete(key);
      return undefined;
    }
    if (role === 0) {
      const values = this.#keptOf[0]?.take(event) ?? [];
      this.#add(key, 0, [{ first: now, kept: [values], bytes: 64 + valuesBytes(values) }], now);
      return undefined;
    }
    const before = this.#keys.get(key)?.[role - 1];
    if (before === undefined) return undefined;
    const fitting = before.filter(
      (beginning) => now - beginning.first <= this.#within && this.#fits(role, event, beginning, key),
    );
    const newest = fitting.at(-1);
    if (newest === undefined) return undefined;
    if (role === this.#last) return { first: newest.first, kept: newest.kept, count: 0 };
    const values = this.#keptOf[role]?.take(event) ?? [];
    const own = 64 + valuesBytes(values);
    this.#add(
      key,
      role,
      fitting.map(({ first, kept, bytes }) => ({ first, kept: [...kept, values], bytes: bytes + own })),
      now,
    );
    return undefined;
  }

  clear(): void {
    this.#keys.clear();
  }

  stateBytes(): number {
    return this.#keys.bytes;
  }

  #fits(role: number, event: E, { first, kept }: Beginning, key: string): boolean {
    const where = this.#where[role];
    if (where === undefined) return true;
    return where({ event, kept, key, firstTime: BigInt(first), time: 0n, count: 0, suppressed: 0 });
  }

  #add(key: string, step: number, beginnings: readonly Beginning[], now: number): void {
    const steps = this.#keys.touch(key, now, () => Array.from({ length: this.#last }, () => []));
    const known = steps[step] as Beginning[];
    const all = [...known.filter(({ first }) => now - first <= this.#within), ...beginnings];
    const over = Math.max(0, all.length - this.#most);
    // One that another replaces without a loss is none that is missed.
    if (this.#most > 1) this.#dropped += over;
    steps[step] = all.slice(over);
    this.#keys.weigh(
      key,
      steps.flat().reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }
}
