import type { EventSource } from '../../event/field.ts';
import type { Condition, Operand } from '../ast.ts';
import { compileConditions, type Matcher } from '../compile/compile.ts';
import type { Correlation } from '../correlation.ts';
import type { RuleAlert } from '../format/alert.ts';
import { renderOperand } from '../syntax/render-condition.ts';
import { Correlator, type PrintOptions } from './correlator.ts';
import { keyOf } from './keys.ts';
import { patternsOf } from './tracker.ts';

/** One pattern of one correlation, asked of each event. */
interface Asked<E> {
  readonly condition: Condition;
  readonly role: number;
  readonly keyOf: (event: E) => string | undefined;
  readonly correlator: Correlator<E>;
}

/** As those of the whole engine. */
export interface CorrelationOptions<E> extends PrintOptions {
  /** Nanoseconds since the epoch. */
  readonly timeOf: (event: E) => bigint;
}

const none: readonly RuleAlert[] = [];

/**
 * Correlations of one source at work. Their conditions become one function for each type of event, as those of single rules
 * do. Time is that of the events, in the order in which they come: the same events and ticks give the same alerts.
 */
export class CorrelationEngine<E> {
  readonly correlations: readonly Correlation[];
  readonly #timeOf: (event: E) => bigint;
  readonly #matcher: Matcher<E, Asked<E>>;
  readonly #correlators: readonly Correlator<E>[];
  readonly #absences: readonly Correlator<E>[];
  /** Time of the first event: from there times are counted as numbers, exact to the nanosecond for 104 days. */
  #base: bigint | undefined;
  #setBack = 0;

  /** Those of other sources, and those not enabled, are left out. */
  constructor(correlations: readonly Correlation[], source: EventSource<E>, options: CorrelationOptions<E>) {
    this.correlations = correlations.filter((one) => one.enabled && one.source === source.id);
    this.#timeOf = options.timeOf;
    this.#correlators = this.correlations.map((one) => new Correlator(one, source, options));
    this.#absences = this.#correlators.filter(({ correlation }) => correlation.asks.kind === 'absence');
    const keys = new Map<string, Asked<E>['keyOf']>();
    const keyBy = (by: readonly Operand[]) => {
      const name = JSON.stringify(by.map(renderOperand));
      const known = keys.get(name) ?? keyOf(by, source);
      keys.set(name, known);
      return known;
    };
    const asked = this.#correlators.flatMap((correlator) =>
      patternsOf(correlator.correlation.asks).map(
        ({ condition, by, role }): Asked<E> => ({ condition, role, keyOf: keyBy(by), correlator }),
      ),
    );
    this.#matcher = compileConditions(asked, source);
  }

  /** Whether any correlation asks for events of a type. */
  isAsked(type: number): boolean {
    return this.#matcher.isAsked(type);
  }

  /** The correlations that ask for events of a type. */
  askedOf(type: number): readonly Correlation[] {
    return [...new Set(this.#matcher.rulesFor(type).map(({ correlator }) => correlator.correlation))];
  }

  /** Correlations that cannot do what they say when only events of these types come: one of their conditions never holds. */
  unseen(types: Iterable<number>): readonly Correlation[] {
    const seen = new Set([...types].flatMap((type) => this.#matcher.rulesFor(type)));
    const blind = this.#matcher.rules.filter((asked) => !seen.has(asked));
    return [...new Set(blind.map(({ correlator }) => correlator.correlation))];
  }

  /** Makes the functions of a type now, rather than when its first event comes. */
  prepare(type: number): void {
    this.#matcher.prepareAll(type);
  }

  /** Whether something is expected that may fail to come: then every event may tell that it did. */
  get isWaiting(): boolean {
    return this.#absences.some((one) => one.isWaiting);
  }

  /** Returns the alerts of what should have come before this event. */
  missedBefore(event: E): readonly RuleAlert[] {
    return this.isWaiting ? this.#missed(this.#since(this.#timeOf(event))) : none;
  }

  /** Returns the alerts that an event raises; its type is asked for. */
  take(event: E): readonly RuleAlert[] {
    const asked = this.#matcher.all(event);
    if (asked.length === 0) return none;
    const time = this.#since(this.#timeOf(event));
    const alerts: RuleAlert[] = [];
    let [keyedBy, key]: [Asked<E>['keyOf'] | undefined, string | undefined] = [undefined, undefined];
    for (const { correlator, role, keyOf } of asked) {
      // Many have the same fields as the one before.
      if (keyOf !== keyedBy) [keyedBy, key] = [keyOf, keyOf(event)];
      const alert = correlator.take(role, event, key, time, this.#base as bigint);
      if (alert !== undefined) alerts.push(alert);
    }
    return alerts;
  }

  /**
   * Returns the alerts of what should have come before `time`, up to which all events have been taken. When it lies more than
   * five minutes before events that came earlier, the clock was set back: then everything is forgotten, and counted.
   */
  tick(time: bigint): readonly RuleAlert[] {
    if (this.#base === undefined) return none;
    const since = this.#since(time);
    if (this.#correlators.filter((one) => one.setBack(since)).length > 0) this.#setBack++;
    return this.isWaiting ? this.#missed(since) : none;
  }

  /** How often the clock was set back, and everything forgotten. */
  get setBack(): number {
    return this.#setBack;
  }

  /** Approximate bytes of what is remembered. */
  stateBytes(): number {
    return this.#correlators.reduce((sum, one) => sum + one.stateBytes(), 0);
  }

  /** What was forgotten for want of room, by correlation; those without are left out. */
  evicted(): ReadonlyMap<string, number> {
    return this.#counts(({ evicted }) => evicted);
  }

  /** What was not told since the same key had been told shortly before, by correlation; those without are left out. */
  suppressed(): ReadonlyMap<string, number> {
    return this.#counts(({ suppressed }) => suppressed);
  }

  #counts(of: (correlator: Correlator<E>) => number): ReadonlyMap<string, number> {
    const counts = this.#correlators.map((one) => [one.correlation.name, of(one)] as const);
    return new Map(counts.filter(([, count]) => count > 0));
  }

  #since(time: bigint): number {
    this.#base ??= time;
    return Number(time - this.#base);
  }

  #missed(time: number): readonly RuleAlert[] {
    const alerts = this.#absences.flatMap((one) => [...one.missed(time, this.#base as bigint)]);
    return alerts.length > 1
      ? alerts.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
      : alerts;
  }
}
