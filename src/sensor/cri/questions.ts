/** How questions are put. */
export interface QuestionLimits {
  /** At one time. */
  readonly running: number;
  /** That wait for their turn. */
  readonly waiting: number;
  /** Milliseconds until a container is asked for again that the engine did not know; after the last it counts as unknown. */
  readonly retryMs: readonly number[];
  /** Milliseconds for which it then counts as unknown. */
  readonly unknownMs: number;
  /** The same after a failure. */
  readonly failedMs: number;
  /** Ids that are remembered as unknown. */
  readonly unknown: number;
}

export const defaultQuestionLimits: QuestionLimits = {
  running: 8,
  waiting: 1024,
  // A sandbox is known to containerd only once its process runs.
  retryMs: [15, 60, 150],
  unknownMs: 30_000,
  failedMs: 2_000,
  unknown: 4096,
};

/**
 * Questions for containers, each put once at a time and few at once. `ask` returns whether the engine knew the container; what it
 * throws counts as a failure, and as unknown for a while.
 */
export class Questions {
  /** Forgotten because too many waited. */
  dropped = 0;
  /** Not answered. */
  failed = 0;
  /** Why the last one was not; undefined when one was answered since. */
  lastFailure: string | undefined;
  readonly #ask: (id: string) => Promise<boolean>;
  readonly #limits: QuestionLimits;
  /** Waiting, running, and to be tried again, with the number of tries. */
  readonly #open = new Map<string, number>();
  readonly #waiting: string[] = [];
  /** Until when, by id. */
  readonly #unknown = new Map<string, number>();
  /** Running ones that are to be put once more. */
  readonly #again = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  /** Counts how often all was forgotten: answers to what was asked before no longer matter. */
  #age = 0;

  constructor(ask: (id: string) => Promise<boolean>, limits: QuestionLimits = defaultQuestionLimits) {
    this.#ask = ask;
    this.#limits = limits;
  }

  /**
   * Whether the first answer is to come. A container is known to its engine before anything runs in it; what it does not know then is of
   * another engine, or the sandbox of a pod: that is asked for again, and worth no waiting.
   */
  isAwaited(id: string): boolean {
    return this.#open.get(id) === 0;
  }

  /** Asks, unless the answer is to come already, or was "unknown" a short while ago. */
  want(id: string): void {
    if (this.#open.has(id)) return;
    const until = this.#unknown.get(id);
    if (until !== undefined) {
      if (performance.now() < until) return;
      this.#unknown.delete(id);
    }
    this.#put(id);
  }

  /** Asks anew, since something has changed. */
  refresh(id: string): void {
    this.#unknown.delete(id);
    if (this.#open.has(id)) this.#again.add(id);
    else this.#put(id);
  }

  /** Fulfilled when no question is open. */
  whenIdle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Forgets all questions, and what was unknown: there is another engine to ask, or none. */
  clear(): void {
    this.#age++;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.length = 0;
    this.#open.clear();
    this.#again.clear();
    this.#unknown.clear();
    this.#tellIdle();
  }

  #put(id: string): void {
    if (this.#waiting.length >= this.#limits.waiting) {
      this.#open.delete(this.#waiting.shift() as string);
      this.dropped++;
    }
    this.#open.set(id, 0);
    this.#waiting.push(id);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#limits.running) {
      const id = this.#waiting.shift();
      if (id === undefined) return;
      this.#running++;
      void this.#run(id);
    }
  }

  async #run(id: string): Promise<void> {
    const age = this.#age;
    let isKnown = false;
    let isFailure = false;
    try {
      isKnown = await this.#ask(id);
      this.lastFailure = undefined;
    } catch (error) {
      isFailure = true;
      this.failed++;
      this.lastFailure = (error as Error).message;
    }
    this.#running--;
    const tries = this.#open.get(id);
    if (tries !== undefined && age === this.#age) this.#answered(id, tries, isKnown, isFailure);
    this.#next();
    this.#tellIdle();
  }

  #answered(id: string, tries: number, isKnown: boolean, isFailure: boolean): void {
    const delay = this.#limits.retryMs[tries];
    if (this.#again.delete(id)) this.#later(id, 0, 0);
    else if (isKnown) this.#open.delete(id);
    else if (!isFailure && delay !== undefined) this.#later(id, tries + 1, delay);
    else {
      this.#open.delete(id);
      if (this.#unknown.size >= this.#limits.unknown)
        this.#unknown.delete(this.#unknown.keys().next().value as string);
      const { failedMs, unknownMs } = this.#limits;
      this.#unknown.set(id, performance.now() + (isFailure ? failedMs : unknownMs));
    }
  }

  #later(id: string, tries: number, delayMs: number): void {
    this.#open.set(id, tries);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#waiting.push(id);
      this.#next();
    }, delayMs);
    this.#timers.add(timer);
  }

  #tellIdle(): void {
    if (this.#open.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
