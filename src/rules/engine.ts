import type { EventSource } from '../event/field.ts';
import { compileRules, type RuleMatcher } from './compile/compile.ts';
import { CorrelationEngine } from './correlate/correlation-engine.ts';
import type { Correlation } from './correlation.ts';
import { AlertPrinter, type RuleAlert } from './format/alert.ts';
import type { Rule, RuleSet } from './rule-set.ts';

/** What is asked of events: single rules, and what looks at several events together. */
export type AskedRules = Pick<RuleSet, 'rules'> & Partial<Pick<RuleSet, 'correlations'>>;

export interface EngineOptions<E> {
  /** Nanoseconds since the epoch. */
  readonly timeOf: (event: E) => bigint;
  readonly hostname: string;
  /** Of an event the first rule that holds is told, or all that do. Correlations are told in any case. */
  readonly matching: 'first' | 'all';
  /** Changes how fields are printed, not how they are compared: `withBase64Bytes`. */
  readonly printing?: (<T>(source: EventSource<T>) => EventSource<T>) | undefined;
}

const none: readonly RuleAlert[] = [];

/**
 * Rules and correlations of one source, at work: events in, alerts out. Those that are not enabled, or of another source, are
 * left out. Deterministic: the same events and ticks give the same alerts.
 */
export class RuleEngine<E> {
  /** Single rules that are asked, in load order. */
  readonly rules: readonly Rule[];
  /** Correlations that are asked, in load order. */
  readonly correlations: readonly Correlation[];
  readonly #matcher: RuleMatcher<E>;
  readonly #printer: AlertPrinter<E>;
  readonly #matching: EngineOptions<E>['matching'];
  readonly #correlator: CorrelationEngine<E>;
  readonly #source: EventSource<E>;

  constructor({ rules, correlations = [] }: AskedRules, source: EventSource<E>, options: EngineOptions<E>) {
    this.#matcher = compileRules(rules, source);
    this.#printer = new AlertPrinter(options.printing?.(source) ?? source, options.timeOf, options.hostname);
    this.#matching = options.matching;
    this.rules = this.#matcher.rules;
    this.#correlator = new CorrelationEngine(correlations, source, options);
    this.correlations = this.#correlator.correlations;
    this.#source = source;
  }

  /** Whether anything is asked of this type of event: others need not be delivered at all. */
  isAsked(type: number): boolean {
    return this.#matcher.isAsked(type) || this.#correlator.isAsked(type);
  }

  /** What is asked of a type of event. */
  askedOf(type: number): readonly (Rule | Correlation)[] {
    return [...this.#matcher.rulesFor(type), ...this.#correlator.askedOf(type)];
  }

  /**
   * What cannot do what it says when only events of these types come: rules of which none is asked, and correlations one of whose
   * conditions never holds. An absence whose expected event never comes would be told each time.
   */
  unseen(types: readonly number[]): readonly (Rule | Correlation)[] {
    const seen = new Set(types.flatMap((type) => this.#matcher.rulesFor(type)));
    return [...this.rules.filter((rule) => !seen.has(rule)), ...this.#correlator.unseen(types)];
  }

  /** Makes the functions of a type now, rather than when its first event comes. */
  prepare(type: number): void {
    if (this.#matching === 'first') this.#matcher.prepare(type);
    else this.#matcher.prepareAll(type);
    if (this.#correlator.isAsked(type)) this.#correlator.prepare(type);
  }

  /**
   * Returns the alerts that an event raises: of what should have come before it, of rules, of correlations. Nothing of the event is
   * kept: it may change afterwards.
   */
  take(event: E): readonly RuleAlert[] {
    const correlator = this.#correlator;
    const single = this.#single(event);
    const missed = correlator.isWaiting ? correlator.missedBefore(event) : none;
    const together = correlator.isAsked(this.#source.typeOf(event)) ? correlator.take(event) : none;
    return missed.length === 0 && together.length === 0 ? single : [...missed, ...single, ...together];
  }

  /**
   * Returns the alerts of events that were expected and have not come. `time`, in nanoseconds since the epoch, is the time up to
   * which all events have been taken: where events wait, the time of the first that waits.
   */
  tick(time: bigint): readonly RuleAlert[] {
    return this.#correlator.tick(time);
  }

  #single(event: E): readonly RuleAlert[] {
    if (this.#matching === 'all') {
      const rules = this.#matcher.all(event);
      return rules.length === 0 ? none : rules.map((rule) => this.#printer.alert(rule, event));
    }
    const rule = this.#matcher.first(event);
    return rule === undefined ? none : [this.#printer.alert(rule, event)];
  }

  /** Approximate bytes that are remembered of earlier events. */
  stateBytes(): number {
    return this.#correlator.stateBytes();
  }

  /** What was forgotten for want of room, by correlation; those without are left out. */
  evicted(): ReadonlyMap<string, number> {
    return this.#correlator.evicted();
  }

  /** What was not told since the same key had been told shortly before, by correlation; those without are left out. */
  suppressed(): ReadonlyMap<string, number> {
    return this.#correlator.suppressed();
  }

  /** How often the clock was set back, and everything forgotten. */
  get setBack(): number {
    return this.#correlator.setBack;
  }
}
