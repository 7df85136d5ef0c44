/** Bytes that one correlation may remember: when it is more, the keys longest not touched are forgotten. */
export const maxStateBytes: number = 32 * 1024 * 1024;

/** Bytes of a key and its entry, roughly. */
export function keyBytes(key: string): number {
  return 150 + 2 * key.length;
}

interface Entry<V> {
  readonly value: V;
  touched: number;
  bytes: number;
}

/**
 * What is remembered by key, where keys come from events and so from whoever causes them. Bounded in keys and in bytes: when it is
 * full, the key that was longest not touched is forgotten, and counted. What is older than `lifetime` goes without being
 * counted: nobody needs it. Times are of one unit and never run backwards.
 */
export class KeyTable<V> {
  readonly #maxKeys: number;
  readonly #lifetime: number;
  /** From the one longest not touched on. */
  readonly #entries = new Map<string, Entry<V>>();
  #bytes = 0;
  #evicted = 0;

  constructor(maxKeys: number, lifetime: number) {
    this.#maxKeys = maxKeys;
    this.#lifetime = lifetime;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of all keys and of what was told by {@link weigh}. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keys that were forgotten for want of room. */
  get evicted(): number {
    return this.#evicted;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Returns what is remembered of a key, made anew if there is nothing; it is now the one touched last. */
  touch(key: string, now: number, make: () => V): V {
    this.#expire(now);
    const known = this.#entries.get(key);
    const entry = known ?? { value: make(), touched: now, bytes: keyBytes(key) };
    entry.touched = now;
    if (known !== undefined) this.#entries.delete(key);
    else {
      if (this.#entries.size >= this.#maxKeys) this.#evict();
      this.#bytes += entry.bytes;
    }
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Says how many bytes a key's value holds now. Others are forgotten where that is too much. */
  weigh(key: string, bytes: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const whole = keyBytes(key) + bytes;
    this.#bytes += whole - entry.bytes;
    entry.bytes = whole;
    while (this.#bytes > maxStateBytes && this.#entries.size > 1) this.#evict();
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** From the key longest not touched on. */
  *[Symbol.iterator](): Generator<readonly [key: string, value: V]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  #evict(): void {
    this.#evicted++;
    this.delete(this.#entries.keys().next().value as string);
  }

  #expire(now: number): void {
    for (const [key, { touched }] of this.#entries) {
      if (touched + this.#lifetime >= now) return;
      this.delete(key);
    }
  }
}
