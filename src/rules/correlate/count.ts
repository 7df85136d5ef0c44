import type { EventSource } from '../../event/field.ts';
import { bindOperand } from '../compile/operands.ts';
import type { Count } from '../correlation.ts';
import { KeyTable, keyBytes } from './key-table.ts';
import { valueText } from './keys.ts';
import type { Completion, Tracker } from './tracker.ts';

/** Returns what counts events of a key, or distinct values of them, within the time. */
export function countTracker<E>(
  { distinct, atLeast }: Count,
  within: number,
  maxKeys: number,
  source: EventSource<E>,
): Tracker<E> {
  if (distinct === undefined) return new EventCount(atLeast, within, maxKeys);
  const extract = bindOperand(distinct, source);
  return new ValueCount((event) => valueText(extract(event)), atLeast, within, maxKeys);
}

/** The times of the last `atLeast` events, which say exactly whether so many lie within the time. */
interface Ring {
  readonly times: number[];
  /** Where the oldest stands once the ring is full. */
  at: number;
}

class EventCount<E> implements Tracker<E> {
  readonly #atLeast: number;
  readonly #within: number;
  readonly #keys: KeyTable<Ring>;

  constructor(atLeast: number, within: number, maxKeys: number) {
    this.#atLeast = atLeast;
    this.#within = within;
    this.#keys = new KeyTable(maxKeys, within);
  }

  get evicted(): number {
    return this.#keys.evicted;
  }

  take(_role: number, _event: E, key: string, now: number): Completion | undefined {
    const ring = this.#keys.touch(key, now, () => ({ times: [], at: 0 }));
    const { times } = ring;
    if (times.length < this.#atLeast) {
      times.push(now);
      this.#keys.weigh(key, 8 * times.length);
    } else {
      times[ring.at] = now;
      ring.at = (ring.at + 1) % this.#atLeast;
    }
    if (times.length < this.#atLeast) return undefined;
    const first = times[ring.at] as number;
    return now - first <= this.#within ? { first, count: this.#atLeast, kept: [] } : undefined;
  }

  clear(): void {
    this.#keys.clear();
  }

  stateBytes(): number {
    return this.#keys.bytes;
  }
}

/** By value when it was last seen, from the one longest ago on. */
interface Seen {
  readonly values: Map<string, number>;
  bytes: number;
}

class ValueCount<E> implements Tracker<E> {
  readonly #valueOf: (event: E) => string | undefined;
  readonly #atLeast: number;
  readonly #within: number;
  /** The `atLeast` values seen last say exactly whether there are so many. */
  readonly #keys: KeyTable<Seen>;

  constructor(textOf: (event: E) => string | undefined, atLeast: number, within: number, maxKeys: number) {
    this.#valueOf = textOf;
    this.#atLeast = atLeast;
    this.#within = within;
    this.#keys = new KeyTable(maxKeys, within);
  }

  get evicted(): number {
    return this.#keys.evicted;
  }

  take(_role: number, event: E, key: string, now: number): Completion | undefined {
    const value = this.#valueOf(event);
    if (value === undefined) return undefined;
    const entry = this.#keys.touch(key, now, () => ({ values: new Map(), bytes: 0 }));
    const { values: seen } = entry;
    const forget = (other: string) => {
      if (seen.delete(other)) entry.bytes -= keyBytes(other);
    };
    forget(value);
    for (const [other, at] of seen) {
      if (now - at <= this.#within && seen.size < this.#atLeast) break;
      forget(other);
    }
    seen.set(value, now);
    entry.bytes += keyBytes(value);
    this.#keys.weigh(key, entry.bytes);
    if (seen.size < this.#atLeast) return undefined;
    const first = seen.values().next().value as number;
    return { first, count: this.#atLeast, kept: [] };
  }

  clear(): void {
    this.#keys.clear();
  }

  stateBytes(): number {
    return this.#keys.bytes;
  }
}
