import type { ContainerRecord } from './container.ts';

/** Who knows containers, and what is still on its way. */
export interface ContainerSource {
  /** What is known of a container; asks for it where nothing is. */
  lookup(id: string): ContainerRecord | undefined;
  /** Whether the engine has been asked for a container and may still tell of it. */
  isAwaited(id: string): boolean;
}

/** How long events wait. Times are milliseconds. */
export interface Patience {
  /** The longest that one event waits. */
  readonly eventMs: number;
  /** Of all time, how much may be spent on waiting, and how much of it may come at once. */
  readonly share: number;
  readonly mostMs: number;
  /** Containers that are remembered as waited for in vain. */
  readonly vain: number;
}

const defaultPatience: Patience = { eventMs: 500, share: 0.1, mostMs: 2000, vain: 1024 };

/** What `decide` returns for an event that waits. */
export const held: unique symbol = Symbol('held');

/**
 * Lets events wait for what the engine tells of their containers.
 *
 * A process runs some milliseconds after its container was made, and a rule asks for the image at once; the engine's answer takes
 * some milliseconds more. So an event that a rule, or the output of one, asks for a container that is awaited stays where
 * it is, and all behind it stay in the kernel's buffer: that one is the only queue, the order of events remains what it was, and no
 * event waits that nobody asks for its container. It is decided again when the engine has told, at the latest after `eventMs`; then
 * it is decided with what there is, and counted as incomplete.
 *
 * Who can make up control groups that look like containers could make all others wait: so a container is waited for
 * once, only a share of the time is spent on waiting, and none when the kernel's buffer fills.
 */
export class HeldEvents {
  /** Events that had to wait. */
  waited = 0;
  /** Milliseconds that events waited, of all. */
  waitedMs = 0;
  /** Events that were decided although the engine might still have told of their containers. */
  incomplete = 0;
  readonly #source: ContainerSource;
  readonly #patience: Patience;
  readonly #vain = new Set<string>();
  /** The container that was asked for and is awaited. */
  #missing: string | undefined;
  /** Since when an event waits. */
  #since: number | undefined;
  #credit: number;
  #creditAt: number | undefined;

  constructor(source: ContainerSource, patience: Patience = defaultPatience) {
    this.#source = source;
    this.#patience = patience;
    this.#credit = patience.mostMs;
  }

  /** For `Surroundings`: through this, events are seen to ask for containers. */
  readonly container = (id: string): ContainerRecord | undefined => {
    const record = this.#source.lookup(id);
    if (record === undefined && this.#source.isAwaited(id)) this.#missing = id;
    return record;
  };

  /**
   * Returns what `evaluate` returns for an event, or `held`: then it is to be called again with the same event, and no later one may be
   * applied until then. `evaluate` must change nothing. `now`: milliseconds of a clock that never runs backwards. `isPressed`:
   * there is no time to wait, since the kernel's buffer fills or reading ends.
   */
  decide<T>(evaluate: () => T, now: number, isPressed: boolean): T | typeof held {
    if (this.#since !== undefined && this.#mayWaitOn(now, isPressed)) return held;
    this.#missing = undefined;
    const value = evaluate();
    const missing = this.#missing as string | undefined;
    if (missing === undefined) return value;
    if (isPressed || this.#vain.has(missing) || this.#creditNow(now) <= 0) {
      this.incomplete++;
      return value;
    }
    this.#since = now;
    this.waited++;
    return held;
  }

  #mayWaitOn(now: number, isPressed: boolean): boolean {
    const id = this.#missing as string;
    const waited = now - (this.#since as number);
    const most = Math.min(this.#patience.eventMs, this.#credit);
    if (!isPressed && waited < most && this.#source.isAwaited(id)) return true;
    this.#since = undefined;
    this.#creditAt = now;
    this.#credit -= waited;
    this.waitedMs += waited;
    if (this.#source.lookup(id) === undefined) this.#inVain(id);
    return false;
  }

  #inVain(id: string): void {
    if (this.#vain.size >= this.#patience.vain) this.#vain.delete(this.#vain.values().next().value as string);
    this.#vain.add(id);
  }

  #creditNow(now: number): number {
    const { share, mostMs } = this.#patience;
    this.#credit = Math.min(mostMs, this.#credit + (now - (this.#creditAt ?? now)) * share);
    this.#creditAt = now;
    return this.#credit;
  }
}
