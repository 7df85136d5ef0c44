/** Numbers that look random and are the same for the same seed (mulberry32), with the distributions that traffic has. */
export class Random {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** Returns numbers of their own for a part of the whole: what is added elsewhere does not change them. */
  fork(name: string): Random {
    return new Random(Math.imul(hashOf(name), 0x9e3779b1) ^ this.#seed);
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** A whole number, both limits included. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }

  /** Of a long list: the nth is asked for about 1/n times as often as the first. */
  popular<T>(list: readonly T[]): T {
    return list[Math.floor(list.length ** this.next()) - 1] ?? list[0]!;
  }

  /** Waiting time between things that come independently. */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Sizes and times of people: many small ones, few that are huge. Pareto, cut off at `most`. */
  heavy(least: number, most: number, shape = 1.2): number {
    return Math.min(most, least / (1 - this.next()) ** (1 / shape));
  }

  /** A number around `mean`, evenly within `share` of it. */
  around(mean: number, share: number): number {
    return mean * this.between(1 - share, 1 + share);
  }
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
