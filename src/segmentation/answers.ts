import { PortSet } from '../net/port-set.ts';
import { type ApiProtocol, apiProtocols } from './protocol.ts';

/** Protocols of an answer, in the order of its sets. */
export const answerProtocols: readonly ApiProtocol[] = Object.keys(apiProtocols) as ApiProtocol[];

/** What is certainly allowed of one protocol, and what is possibly allowed; the first lies inside the second. */
export interface PortBounds {
  readonly certain: PortSet;
  readonly possible: PortSet;
}

/** Number of an answer in its table: equal numbers, equal answers. */
export type AnswerId = number;

/** Numbers below this are combined through a table, larger ones through a map. */
const dense = 1024;

/**
 * Hash-consed answers to "which ports of which protocol": every distinct answer exists once and has a number, and what a
 * combination of two numbers comes to is computed once. Matrices over classes of ends have few distinct answers, so that
 * combining two is one look into a table.
 */
export class AnswerTable {
  readonly #bounds: (readonly PortBounds[])[] = [];
  readonly #byText = new Map<string, AnswerId>();
  readonly #both = new Combination();
  readonly #either = new Combination();
  readonly #doubted: AnswerId[] = [];
  /** Nothing is allowed. */
  readonly none: AnswerId = this.ofBounds(
    answerProtocols.map(() => ({ certain: PortSet.empty, possible: PortSet.empty })),
  );
  /** Everything is allowed. */
  readonly all: AnswerId = this.ofBounds(
    answerProtocols.map(() => ({ certain: PortSet.all, possible: PortSet.all })),
  );
  /** Nothing is known. */
  readonly unknown: AnswerId = this.ofBounds(
    answerProtocols.map(() => ({ certain: PortSet.empty, possible: PortSet.all })),
  );

  /** How many distinct answers there are so far. */
  get size(): number {
    return this.#bounds.length;
  }

  /** Returns the number of an answer given per protocol, in the order of {@link answerProtocols}. */
  ofBounds(bounds: readonly PortBounds[]): AnswerId {
    const text = bounds.map(({ certain, possible }) => `${certain}/${possible}`).join(' ');
    let id = this.#byText.get(text);
    if (id === undefined) {
      id = this.#bounds.length;
      this.#bounds.push(bounds);
      this.#byText.set(text, id);
    }
    return id;
  }

  /** Returns the bounds of an answer per protocol. */
  bounds(id: AnswerId): readonly PortBounds[] {
    return this.#bounds[id] as readonly PortBounds[];
  }

  /** What both allow. */
  both(a: AnswerId, b: AnswerId): AnswerId {
    if (a === b || b === this.all) return a;
    if (a === this.all) return b;
    if (a === this.none || b === this.none) return this.none;
    return this.#both.of(a, b, () => this.#combine(a, b, 'intersect'));
  }

  /** What one of them allows. */
  either(a: AnswerId, b: AnswerId): AnswerId {
    if (a === b || b === this.none) return a;
    if (a === this.none) return b;
    if (a === this.all || b === this.all) return this.all;
    return this.#either.of(a, b, () => this.#combine(a, b, 'union'));
  }

  /** The answer with nothing certain about what it allows. */
  doubted(id: AnswerId): AnswerId {
    this.#doubted[id] ??= this.ofBounds(
      this.bounds(id).map(({ possible }) => ({ certain: PortSet.empty, possible })),
    );
    return this.#doubted[id];
  }

  /** The answer with nothing certain about one protocol. */
  doubtedOf(protocol: ApiProtocol, id: AnswerId): AnswerId {
    return this.ofBounds(
      this.bounds(id).map(({ certain, possible }, at) => {
        return { certain: answerProtocols[at] === protocol ? PortSet.empty : certain, possible };
      }),
    );
  }

  /** What holds when one of two answers is right and nobody knows which: certain where both are, possible where one is. */
  unanimous(a: AnswerId, b: AnswerId): AnswerId {
    if (a === b) return a;
    const other = this.bounds(b);
    return this.ofBounds(
      this.bounds(a).map(({ certain, possible }, index) => ({
        certain: certain.intersect((other[index] as PortBounds).certain),
        possible: possible.union((other[index] as PortBounds).possible),
      })),
    );
  }

  #combine(a: AnswerId, b: AnswerId, operation: 'intersect' | 'union'): AnswerId {
    const other = this.bounds(b);
    return this.ofBounds(
      this.bounds(a).map(({ certain, possible }, index) => ({
        certain: certain[operation]((other[index] as PortBounds).certain),
        possible: possible[operation]((other[index] as PortBounds).possible),
      })),
    );
  }
}

/** Results of a commutative operation on numbers, each computed once. */
class Combination {
  readonly #few = new Int32Array(dense * dense).fill(-1);
  readonly #many = new Map<number, AnswerId>();

  of(a: AnswerId, b: AnswerId, compute: () => AnswerId): AnswerId {
    const [low, high] = a < b ? [a, b] : [b, a];
    if (high < dense) {
      const at = low * dense + high;
      let result = this.#few[at] as number;
      if (result < 0) {
        result = compute();
        this.#few[at] = result;
      }
      return result;
    }
    const key = high * 2 ** 26 + low;
    let result = this.#many.get(key);
    if (result === undefined) {
      result = compute();
      this.#many.set(key, result);
    }
    return result;
  }
}
