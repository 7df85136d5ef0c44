import type { ContainerRecord } from './container.ts';

/** Who knows containers, and what is still on its way. */
export interface ContainerSource {
  /** What is known of a container; asks for it where nothing is. */
  lookup(id: string): ContainerRecord | undefined;
  /** Whether the engine has been asked for a container and has not answered yet. */
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

/**
 * Says which events wait for what the engine tells of their containers.
 *
 * A process runs some milliseconds after its container was made, and a rule asks for the image at once; the engine's answer takes
 * some milliseconds more. So the first event of a container that is awaited waits, and all behind it: they stay in the kernel's buffer,
 * which is the only queue, and their order remains what it was. It goes on when the engine has told, at the latest after `eventMs`;
 * then it goes with what there is, and is counted as incomplete.
 *
 * Who can make up control groups that look like containers could make all others wait: so a container is waited for
 * once, only a share of the time is spent on waiting, and none when the kernel's buffer fills.
 */
export class ContainerWait {
  /** Events that had to wait. */
  waited = 0;
  /** Milliseconds that events waited, of all. */
  waitedMs = 0;
  /** Events that went on although the engine had not answered for their containers. */
  incomplete = 0;
  readonly #source: ContainerSource;
  readonly #patience: Patience;
  readonly #vain = new Set<string>();
  /** Since when an event waits. */
  #since: number | undefined;
  #credit: number;
  #creditAt: number | undefined;

  constructor(source: ContainerSource, patience: Patience = defaultPatience) {
    this.#source = source;
    this.#patience = patience;
    this.#credit = patience.mostMs;
  }

  /**
   * Whether an event of a container (`host` for none) waits; if so, it is to be asked again for the same event, and for no later one until
   * then. `now`: milliseconds of a clock that never runs backwards. `isPressed`: there is no time to wait, since the kernel's
   * buffer fills or reading ends.
   */
  mustWait(id: string, now: number, isPressed: boolean): boolean {
    if (id === 'host') return false;
    const isKnown = this.#source.lookup(id) !== undefined;
    const isAwaited = !isKnown && this.#source.isAwaited(id);
    if (this.#since === undefined) {
      if (!isAwaited) return false;
      if (!isPressed && !this.#vain.has(id) && this.#creditNow(now) > 0) {
        this.#since = now;
        this.waited++;
        return true;
      }
    } else {
      const waited = now - this.#since;
      if (isAwaited && !isPressed && waited < Math.min(this.#patience.eventMs, this.#credit)) return true;
      this.#spend(waited, now);
      if (!isKnown) this.#inVain(id);
    }
    if (isAwaited) this.incomplete++;
    return false;
  }

  #spend(waited: number, now: number): void {
    this.#since = undefined;
    this.#creditAt = now;
    this.#credit -= waited;
    this.waitedMs += waited;
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
