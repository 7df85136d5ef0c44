import type { Trigger } from '../../respond/model.ts';
import type { Playbook } from '../../respond/playbooks.ts';

/** Steps that are remembered, and for how long (ms). */
const most = 4096;
const usualMs = 3_600_000;

/**
 * Which steps were decided for which alerts lately: an alert that repeats is the same case, until the time is over that its response would have
 * lasted. Bounded; the oldest go first.
 */
export class RecentSteps {
  readonly #until = new Map<string, number>();
  #evicted = 0;

  /** Steps that were forgotten before their time because there were too many. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Tells whether the step is to be looked at, and remembers it. `now`: ms since the epoch. */
  isNew(
    { alertId, source, destination, entity }: Trigger,
    { name, steps }: Playbook,
    at: number,
    now: number,
  ): boolean {
    const step = steps[at];
    const who = step === undefined ? undefined : { source, destination, entity }[step.end];
    const key = `${alertId} ${name} ${at} ${who ?? ''}`;
    if ((this.#until.get(key) ?? Number.NEGATIVE_INFINITY) > now) return false;
    this.#until.delete(key);
    this.#until.set(key, now + Math.min(usualMs, 1000 * (step?.seconds ?? 3600)));
    const oldest = this.#until.keys().next().value;
    if (this.#until.size > most && oldest !== undefined) {
      this.#until.delete(oldest);
      this.#evicted++;
    }
    return true;
  }
}
