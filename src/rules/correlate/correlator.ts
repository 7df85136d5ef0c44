import type { EventSource } from '../../event/field.ts';
import type { Correlation } from '../correlation.ts';
import { AlertPrinter, type PrintedRule, type RuleAlert } from '../format/alert.ts';
import { AbsenceTracker } from './absence.ts';
import { Cooldown } from './cooldown.ts';
import { countTracker } from './count.ts';
import { type Moment, momentSource, wholeFields } from './moment.ts';
import { SequenceTracker } from './sequence.ts';
import type { Completion, Tracker } from './tracker.ts';

/** How far time may run back before it counts as a clock that was set: 5 minutes, in nanoseconds. */
export const maxStepBack = 300e9;

/** How alerts are printed. */
export interface PrintOptions {
  readonly hostname: string;
  /** Changes how fields are printed, not how they are compared. */
  readonly printing?: (<T>(source: EventSource<T>) => EventSource<T>) | undefined;
}

/** One correlation at work. Times are nanoseconds since `base`. */
export class Correlator<E> {
  readonly correlation: Correlation;
  readonly #tracker: Tracker<E>;
  readonly #absence: AbsenceTracker<E> | undefined;
  readonly #cooldown: Cooldown;
  readonly #printer: AlertPrinter<Moment<E>>;
  readonly #printed: PrintedRule;
  /** The latest time of its events so far. */
  #now = Number.NEGATIVE_INFINITY;

  constructor(correlation: Correlation, source: EventSource<E>, { hostname, printing }: PrintOptions) {
    const { asks, within, cooldown, maxKeys } = correlation;
    this.correlation = correlation;
    const names = asks.kind === 'sequence' ? asks.steps.map(({ name }) => name) : [];
    const moments = momentSource(source, { kind: asks.kind, steps: names.slice(0, -1), last: names.at(-1) });
    this.#absence = asks.kind === 'absence' ? new AbsenceTracker(asks, within, maxKeys, moments) : undefined;
    this.#tracker =
      asks.kind === 'sequence'
        ? new SequenceTracker(asks, within, maxKeys, moments)
        : asks.kind === 'count'
          ? countTracker(asks, within, maxKeys, source)
          : (this.#absence as AbsenceTracker<E>);
    this.#cooldown = new Cooldown(cooldown, maxKeys);
    this.#printer = new AlertPrinter(printing?.(moments) ?? moments, ({ time }) => time, hostname);
    // Binds the output, so that what it asks of earlier events is kept from the first one on.
    this.#printed = withWholeFields(correlation);
    this.#printer.prepare(this.#printed);
  }

  /** Whether an event is expected that may fail to come. */
  get isWaiting(): boolean {
    return this.#absence?.isWaiting === true;
  }

  /** What was forgotten for want of room. */
  get evicted(): number {
    return this.#tracker.evicted + this.#cooldown.evicted;
  }

  /** What was not told since the key had been told shortly before. */
  get suppressed(): number {
    return this.#cooldown.suppressed;
  }

  /** Takes in an event that a pattern holds for. One whose time lies before an earlier one's counts as of that time. */
  take(role: number, event: E, key: string | undefined, time: number, base: bigint): RuleAlert | undefined {
    this.#now = Math.max(this.#now, time);
    if (key === undefined) return undefined;
    const completion = this.#tracker.take(role, event, key, this.#now);
    return completion && this.#tell(completion, event, key, this.#now, base);
  }

  /** Yields the alerts of what was due before this time and has not come. */
  *missed(time: number, base: bigint): Generator<RuleAlert> {
    for (const missed of this.#absence?.missed(time) ?? []) {
      const alert = this.#tell(missed, undefined, missed.key, missed.at, base);
      if (alert !== undefined) yield alert;
    }
  }

  /** Forgets everything if the clock was set back, since what is remembered would then last too long. Returns whether it did. */
  setBack(time: number): boolean {
    if (this.#now - time <= maxStepBack) return false;
    this.#now = time;
    this.#tracker.clear();
    this.#cooldown.clear();
    return true;
  }

  stateBytes(): number {
    return this.#tracker.stateBytes() + this.#cooldown.bytes;
  }

  #tell(
    { first, count, kept }: Completion,
    event: E | undefined,
    key: string,
    at: number,
    base: bigint,
  ): RuleAlert | undefined {
    const suppressed = this.#cooldown.pass(key, at);
    if (suppressed === undefined) return undefined;
    const firstTime = base + BigInt(first);
    return this.#printer.alert(this.#printed, {
      event,
      kept,
      key,
      firstTime,
      time: base + BigInt(at),
      count,
      suppressed,
    });
  }
}

/** What is told of the whole stands among the fields of every alert, whether the output names it or not. */
function withWholeFields(correlation: Correlation): PrintedRule {
  const whole = wholeFields(correlation.asks.kind).map(({ name }) => ({
    name,
    format: `%${name}`,
    isText: false,
  }));
  return { ...correlation, extraFields: [...(correlation.extraFields ?? []), ...whole] };
}
