/**
 * Rates at which the samplers of one observation domain look at packets: one in so many. They come in options, and hold for the
 * records that name the sampler, or the interface, or for all of the domain.
 */
export class SamplingTable {
  readonly #samplers = new Map<number, number>();
  readonly #interfaces = new Map<number, number>();
  readonly #mostSamplers: number;
  readonly #mostInterfaces: number;
  /** Of the domain itself; 0 for unknown. */
  #domain = 0;
  #lastSampler = -1;
  #lastRate = 0;

  constructor(mostSamplers: number, mostInterfaces: number) {
    this.#mostSamplers = mostSamplers;
    this.#mostInterfaces = mostInterfaces;
  }

  /** Entries held. */
  get size(): number {
    return this.#samplers.size + this.#interfaces.size;
  }

  /** Whether every record of the domain that names no rate of its own has the same. */
  get isPlain(): boolean {
    return this.#samplers.size === 0 && this.#interfaces.size === 0;
  }

  /** Rate of the domain; 0 where unknown. */
  get domainRate(): number {
    return this.#domain;
  }

  /** `rate` 0 forgets it. */
  setDomain(rate: number): void {
    this.#domain = rate;
  }

  setSampler(id: number, rate: number): void {
    setBounded(this.#samplers, id, rate, this.#mostSamplers);
    this.#lastSampler = -1;
  }

  setInterface(index: number, rate: number): void {
    setBounded(this.#interfaces, index, rate, this.#mostInterfaces);
  }

  /**
   * Rate for a record that names the sampler (-1 for none) and the interface where it was looked at (-1 for none); 0 where unknown. A
   * record that names no sampler, in a domain that has just one, was sampled by that.
   */
  rate(sampler: number, at: number): number {
    if (sampler >= 0 && this.#samplers.size > 0) {
      if (sampler !== this.#lastSampler) {
        this.#lastSampler = sampler;
        this.#lastRate = this.#samplers.get(sampler) ?? 0;
      }
      if (this.#lastRate > 0) return this.#lastRate;
    }
    if (at >= 0 && this.#interfaces.size > 0) {
      const rate = this.#interfaces.get(at) ?? 0;
      if (rate > 0) return rate;
    }
    if (this.#domain > 0) return this.#domain;
    if (sampler < 0 && this.#samplers.size === 1) for (const rate of this.#samplers.values()) return rate;
    return 0;
  }

  /** All entries, to be put back by the setters. */
  entries(): { domain: number; samplers: [number, number][]; interfaces: [number, number][] } {
    return { domain: this.#domain, samplers: [...this.#samplers], interfaces: [...this.#interfaces] };
  }
}

/** Sets an entry as the newest; the oldest makes room. A rate of 0 takes the entry out. */
function setBounded(map: Map<number, number>, key: number, rate: number, most: number): void {
  map.delete(key);
  if (rate === 0) return;
  if (map.size >= most) {
    const [oldest] = map.keys();
    map.delete(oldest!);
  }
  map.set(key, rate);
}
