/** Which values stand under which keys; a value is put again with all keys that it has by now. */
export class KeyIndex<T> {
  readonly #byKey = new Map<string, Set<T>>();
  readonly #keysOf = new Map<T, readonly string[]>();

  /** Keys that something stands under. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Returns what stands under a key. */
  get(key: string): ReadonlySet<T> | undefined {
    return this.#byKey.get(key);
  }

  /** Puts a value under these keys, and no others. */
  put(value: T, keys: Iterable<string>): void {
    const now = new Set(keys);
    for (const key of this.#keysOf.get(value) ?? []) if (!now.has(key)) this.#remove(key, value);
    for (const key of now) {
      const values = this.#byKey.get(key);
      if (values === undefined) this.#byKey.set(key, new Set([value]));
      else values.add(value);
    }
    this.#keysOf.set(value, [...now]);
  }

  delete(value: T): void {
    for (const key of this.#keysOf.get(value) ?? []) this.#remove(key, value);
    this.#keysOf.delete(value);
  }

  #remove(key: string, value: T): void {
    const values = this.#byKey.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#byKey.delete(key);
  }
}
