/** A table of rows that an index finds by hash; it compares the keys itself. */
interface Rows<K> {
  has(slot: number, key: K): boolean;
}

const firstSize = 1024;

/**
 * Hash → slots, by open addressing with linear probing, at most half full. Hashes stand beside the slots, so that hardly ever a row is
 * looked at that is not the right one. Grows by doubling, up to four times the number of slots that are in it at once.
 */
export class FlowIndex {
  /** Slot + 1 and hash in turn; slot 0 + 0 where there is none. */
  #entries = new Int32Array(firstSize * 2);
  #mask = firstSize - 1;
  #size = 0;

  /** Number of slots in the index. */
  get size(): number {
    return this.#size;
  }

  /** The slot of `key`, the hash of which is `hash`, or -1. */
  find<K>(hash: number, rows: Rows<K>, key: K): number {
    const entries = this.#entries;
    const mask = this.#mask;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = entries[place * 2]! - 1;
      if (slot < 0 || (entries[place * 2 + 1] === hash && rows.has(slot, key))) return slot;
    }
  }

  /** Returns the slot that stands where a key of this hash most often does; 0 where there is none. */
  likely(hash: number): number {
    const slot = this.#entries[(hash & this.#mask) * 2]! - 1;
    return Math.max(slot, 0);
  }

  /** Adds a slot that is not in the index. */
  insert(hash: number, slot: number): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    this.#put(hash, slot + 1);
    this.#size++;
  }

  /** Takes out a slot that was inserted under `hash`. */
  remove(hash: number, slot: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let gap = hash & mask;
    while (entries[gap * 2] !== slot + 1) {
      if (entries[gap * 2] === 0) return;
      gap = (gap + 1) & mask;
    }
    // What stands behind moves up, unless that would bring it before its own place (Knuth, vol. 3, 6.4, algorithm R).
    for (let place = (gap + 1) & mask; entries[place * 2] !== 0; place = (place + 1) & mask) {
      const home = entries[place * 2 + 1]! & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      entries[gap * 2] = entries[place * 2]!;
      entries[gap * 2 + 1] = entries[place * 2 + 1]!;
      gap = place;
    }
    entries[gap * 2] = 0;
    this.#size--;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#entries.byteLength;
  }

  #put(hash: number, value: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let place = hash & mask;
    while (entries[place * 2] !== 0) place = (place + 1) & mask;
    entries[place * 2] = value;
    entries[place * 2 + 1] = hash;
  }

  #grow(): void {
    const old = this.#entries;
    this.#entries = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.#put(old[at + 1]!, old[at]!);
  }
}
