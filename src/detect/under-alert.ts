import type { Finding } from './detector.ts';

/** Names remembered at one time. */
const maxNames = 1024;
const nameBytes = 160;

/** Who is under alert: of them nothing is learned, or what an attacker does would soon be usual. */
export class UnderAlert {
  readonly #forMs: number;
  /** By entity, when something was found of it last; the one of longest ago first. */
  readonly #lastAt = new Map<string, number>();
  #evicted = 0;

  /** An entity is under alert for so many ms after a finding. */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  get bytes(): number {
    return this.#lastAt.size * nameBytes;
  }

  /** Names that had to go for want of room. */
  get evicted(): number {
    return this.#evicted;
  }

  note({ entity, at }: Finding): void {
    const before = this.#lastAt.get(entity);
    this.#lastAt.delete(entity);
    if (this.#lastAt.size >= maxNames) {
      this.#lastAt.delete(this.#lastAt.keys().next().value!);
      this.#evicted++;
    }
    this.#lastAt.set(entity, Math.max(before ?? at, at));
  }

  /** Whether something was found of the entity within the time before `at`, ms. */
  has(entity: string, at: number): boolean {
    const lastAt = this.#lastAt.get(entity);
    return lastAt !== undefined && at - lastAt < this.#forMs;
  }
}
