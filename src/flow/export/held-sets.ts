import type { Domain } from './exporter-table.ts';

/** A set of data whose template is not known yet, with what its header said. */
export interface HeldSet {
  readonly domain: Domain;
  readonly template: number;
  readonly bytes: Uint8Array;
  readonly arrival: number;
  readonly exportTime: number;
  readonly uptime: number;
}

/** What an entry takes beside its bytes. */
const overhead = 256;

/** Sets that wait for their templates, bounded in bytes and time: the oldest go first, and are counted at their exporter. */
export class HeldSets {
  readonly #most: number;
  readonly #longest: number;
  /** In the order in which they came. */
  readonly #sets = new Set<HeldSet>();
  #bytes = 0;

  constructor(mostBytes: number, longestMs: number) {
    this.#most = mostBytes;
    this.#longest = longestMs;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a set; its bytes must be its own. One exporter has a quarter of the room: when that is full, its new sets are dropped. */
  hold(set: HeldSet): void {
    const { exporter } = set.domain;
    const size = set.bytes.length + overhead;
    exporter.counters.unknownTemplates++;
    this.expire(set.arrival);
    if (size + exporter.heldBytes > this.#most / 4) {
      exporter.counters.drop('held-no-room');
      return;
    }
    while (this.#bytes + size > this.#most) {
      const [oldest] = this.#sets;
      if (oldest === undefined) break;
      this.#drop(oldest);
      oldest.domain.exporter.counters.drop('held-no-room');
    }
    this.#sets.add(set);
    this.#bytes += size;
    exporter.heldBytes += size;
    exporter.counters.heldNow++;
    const waiting = set.domain.held.get(set.template);
    if (waiting === undefined) set.domain.held.set(set.template, [set]);
    else waiting.push(set);
  }

  /** Drops what came longer ago than the time limit. */
  expire(now: number): void {
    for (const set of this.#sets) {
      if (now - set.arrival <= this.#longest) return;
      this.#drop(set);
      set.domain.exporter.counters.drop('held-too-long');
    }
  }

  /** Takes out all that waits for a template, in the order in which it came. */
  take(domain: Domain, template: number): readonly HeldSet[] {
    const waiting = domain.held.get(template);
    if (waiting === undefined) return [];
    domain.held.delete(template);
    for (const set of waiting) this.#remove(set);
    return waiting;
  }

  /** Drops all of a domain that is forgotten. */
  forget(domain: Domain): void {
    for (const waiting of domain.held.values()) {
      for (const set of waiting) {
        this.#remove(set);
        domain.exporter.counters.drop('held-no-room');
      }
    }
    domain.held.clear();
  }

  /** Drops one that is the oldest of its template, since it is the oldest of all. */
  #drop(set: HeldSet): void {
    const waiting = set.domain.held.get(set.template);
    waiting?.shift();
    if (waiting?.length === 0) set.domain.held.delete(set.template);
    this.#remove(set);
  }

  #remove(set: HeldSet): void {
    if (!this.#sets.delete(set)) return;
    const size = set.bytes.length + overhead;
    this.#bytes -= size;
    set.domain.exporter.heldBytes -= size;
    set.domain.exporter.counters.heldNow--;
  }
}
