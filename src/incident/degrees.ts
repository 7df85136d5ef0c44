/** Who got at whom, within what is remembered. */
interface Ends {
  /** By key, when it last happened: who may have taken this entity, and whom it got at itself. */
  readonly takers: Map<string, number>;
  readonly victims: Map<string, number>;
}

/** Bounds of {@link Degrees}. */
export interface DegreeOptions {
  /** More takers, or victims, than this make an entity one that stands between many. */
  readonly most: number;
  /** How long a pair counts, ms. */
  readonly forgetMs: number;
  /** Entities remembered. */
  readonly maxEntities: number;
}

/**
 * Counts for each entity how many may have taken it, and how many it got at, so that those are found that stand between many and many: proxies,
 * gateways, jump hosts. Of each only one more than matters is kept. Scans do not count: whoever scans is no hub, and everybody is scanned.
 */
export class Degrees {
  readonly #options: DegreeOptions;
  /** The one not met for longest first. */
  readonly #entities = new Map<string, Ends>();
  #evicted = 0;

  constructor(options: DegreeOptions) {
    this.#options = options;
  }

  /** Entities remembered. */
  get size(): number {
    return this.#entities.size;
  }

  /** Entities forgotten because there were too many. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Notes that `actor` may have taken `target`, at `at` (ms since the epoch). */
  note(actor: string, target: string, at: number): void {
    this.#add(this.#ends(target).takers, actor, at);
    this.#add(this.#ends(actor).victims, target, at);
  }

  /** Tells whether so many may have taken it that it cannot be said whose deeds its own are. */
  hasManyTakers(key: string): boolean {
    return (this.#entities.get(key)?.takers.size ?? 0) > this.#options.most;
  }

  /** Tells whether it stands between many and many: its deeds are those of whoever goes through it. */
  isHub(key: string): boolean {
    return this.hasManyTakers(key) && (this.#entities.get(key)?.victims.size ?? 0) > this.#options.most;
  }

  #ends(key: string): Ends {
    const known = this.#entities.get(key) ?? { takers: new Map(), victims: new Map() };
    this.#entities.delete(key);
    if (this.#entities.size >= this.#options.maxEntities) {
      this.#entities.delete(this.#entities.keys().next().value!);
      this.#evicted++;
    }
    this.#entities.set(key, known);
    return known;
  }

  #add(pairs: Map<string, number>, key: string, at: number): void {
    for (const [other, last] of pairs) if (at - last > this.#options.forgetMs) pairs.delete(other);
    if (pairs.has(key) || pairs.size <= this.#options.most) pairs.set(key, at);
  }
}
