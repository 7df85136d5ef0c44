import type { Flow } from '../flow/flow.ts';
import { formatAddress } from '../net/address.ts';

/** Services that are remembered; of an attacker's choosing only as far as he reaches them. */
const maxServices = 512;
const dayMs = 86_400_000;

/** How many sources were told that guess at one service. */
export interface LoginTarget {
  sources: number;
  firstAt: number;
  /** At how many sources they are told together again. */
  renewAt: number;
}

/** The services that are guessed at, each for a day; the one that was told of longest ago goes first. */
export class LoginTargets {
  readonly #byPlace = new Map<string, LoginTarget>();
  readonly #oneByOne: number;

  /** `oneByOne`: sources at a service that are told by themselves. */
  constructor(oneByOne: number) {
    this.#oneByOne = oneByOne;
  }

  /** Counts a source that guesses where the flow goes to, at a time, ms. */
  count({ destination }: Flow, at: number): LoginTarget {
    const place = `${formatAddress(destination.address)} ${destination.port}`;
    const known = this.#byPlace.get(place);
    this.#byPlace.delete(place);
    const isOld = known === undefined || at - known.firstAt > dayMs;
    const target = isOld ? { sources: 0, firstAt: at, renewAt: this.#oneByOne + 1 } : known;
    target.sources++;
    if (this.#byPlace.size >= maxServices) this.#byPlace.delete(this.#byPlace.keys().next().value as string);
    this.#byPlace.set(place, target);
    return target;
  }

  /** Whether they have doubled since they were told together; then the next time is when they do so again. */
  isNews(target: LoginTarget): boolean {
    if (target.sources < target.renewAt) return false;
    target.renewAt = target.sources * 2;
    return true;
  }

  /** Approximate bytes held. */
  get bytes(): number {
    return this.#byPlace.size * 220;
  }
}
