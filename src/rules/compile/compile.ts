import type { EventSource } from '../../event/field.ts';
import type { Condition } from '../ast.ts';
import { eventTypesOf } from '../event-types.ts';
import type { Rule } from '../rule-set.ts';
import { FunctionText } from './generate.ts';
import { LeafCache, Planner } from './plan.ts';

/** Rules of one source, ready to be asked of events. Rules that are not enabled are left out. */
export interface RuleMatcher<E> {
  /** In load order. */
  readonly rules: readonly Rule[];
  /** Returns the first rule that holds, in load order (`rule_matching: first`). */
  first(event: E): Rule | undefined;
  /** Returns all rules that hold, in load order. */
  all(event: E): readonly Rule[];
  /** The rules that are asked of a type of event. */
  rulesFor(type: number): readonly Rule[];
  /** Makes the functions of a type now, rather than when its first event comes. */
  prepare(type: number): void;
  /** As `prepare`, for {@link all}. */
  prepareAll(type: number): void;
  /** Whether any rule is asked of this type of event: others need not be delivered at all. */
  isAsked(type: number): boolean;
}

/** Returns a condition as a function. Macros must have been put in and the condition checked (`loadRules` does both). */
export function compileFilter<E>(condition: Condition, source: EventSource<E>): (event: E) => boolean {
  const term = new Planner(source, undefined, new LeafCache<E>()).term(condition);
  const text = new FunctionText<E>();
  text.count(term);
  return text.build(`return ${text.expression(term)};`);
}

/** Returns the rules of one source as functions; see {@link compileConditions}. */
export function compileRules<E>(rules: readonly Rule[], source: EventSource<E>): RuleMatcher<E> {
  return compileConditions(
    rules.filter((rule) => rule.enabled && rule.source === source.id),
    source,
  );
}

/**
 * Returns what has conditions as functions, one for each type of event, made when the first event of the type comes: in each,
 * terms that several conditions share are evaluated at most once for an event, and fields asked at most once.
 */
export function compileConditions<E, R extends Conditional>(
  items: readonly R[],
  source: EventSource<E>,
): Matcher<E, R> {
  return new Matcher(items, source);
}

/** Something that holds for an event or not. */
export interface Conditional {
  readonly condition: Condition;
}

const none: readonly never[] = [];

/** Conditions as functions, and whose they are. */
export class Matcher<E, R extends Conditional> {
  readonly rules: readonly R[];
  readonly #source: EventSource<E>;
  readonly #leaves = new LeafCache<E>();
  readonly #asked: readonly (readonly R[])[];
  readonly #first: ((event: E) => R | undefined)[] = [];
  readonly #all: ((event: E) => readonly R[])[] = [];

  constructor(rules: readonly R[], source: EventSource<E>) {
    this.rules = rules;
    this.#source = source;
    const catalogue = source as unknown as EventSource<never>;
    const types = rules.map(({ condition }) => eventTypesOf(condition, catalogue));
    this.#asked = source.types.map((_, type) => rules.filter((_, index) => types[index]?.[type] === 1));
  }

  first(event: E): R | undefined {
    const type = this.#source.typeOf(event);
    const match = this.#first[type];
    if (match !== undefined) return match(event);
    this.prepare(type);
    return this.first(event);
  }

  prepare(type: number): void {
    this.#first[type] ??= this.#makeFirst(type);
  }

  all(event: E): readonly R[] {
    const type = this.#source.typeOf(event);
    const match = this.#all[type];
    if (match !== undefined) return match(event);
    this.prepareAll(type);
    return this.all(event);
  }

  /** As `prepare`, for {@link all}. */
  prepareAll(type: number): void {
    this.#all[type] ??= this.#makeAll(type);
  }

  rulesFor(type: number): readonly R[] {
    return this.#asked[type] ?? none;
  }

  isAsked(type: number): boolean {
    return this.rulesFor(type).length > 0;
  }

  #makeFirst(type: number): (event: E) => R | undefined {
    return this.#make(
      type,
      (rule) => `return ${rule};`,
      () => 'return undefined;',
    );
  }

  #makeAll(type: number): (event: E) => readonly R[] {
    return this.#make(
      type,
      (rule) => `(found ??= []).push(${rule});`,
      (text) => `return found ?? ${text.constant(none)};`,
      'let found;',
    );
  }

  #make<T>(
    type: number,
    hit: (rule: string) => string,
    end: (text: FunctionText<E>) => string,
    begin = '',
  ): (event: E) => T {
    const planner = new Planner(this.#source, this.#source.types[type], this.#leaves);
    const text = new FunctionText<E>();
    const asked = this.rulesFor(type).map((rule) => ({ rule, term: planner.term(rule.condition) }));
    for (const { term } of asked) text.count(term);
    const lines = asked.map(({ rule, term }) => `if (${text.expression(term)}) ${hit(text.constant(rule))}`);
    return text.build<T>([begin, ...lines, end(text)].join('\n'));
  }
}
