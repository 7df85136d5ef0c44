import type { Condition } from '../ast.ts';
import type { Absence, Count, Pattern, Sequence } from '../correlation.ts';
import type { Value } from './keys.ts';

/** What completed a correlation for a key. Times are nanoseconds of the engine's own count. */
export interface Completion {
  readonly first: number;
  readonly count: number;
  /** Values of earlier events, step by step. */
  readonly kept: readonly (readonly Value[])[];
}

/** What one correlation remembers. Times that it is given never run backwards. */
export interface Tracker<E> {
  /** Takes in an event that one of the patterns holds for; returns what it completes. */
  take(role: number, event: E, key: string, now: number): Completion | undefined;
  /** Forgets everything. */
  clear(): void;
  stateBytes(): number;
  /** What was forgotten for want of room. */
  readonly evicted: number;
}

/** Roles of patterns that are no step of a sequence; steps have their index. */
export const withoutRole = -1;
export const expectedRole = 0;
export const afterRole = 1;

/** A pattern, and what its events are to the correlation. */
export interface RolePattern extends Pattern {
  readonly role: number;
  /** For people: `counted`, a step's name, `without`, `after`, `expected`. */
  readonly name: string;
  /** Of a step: how it has to fit earlier ones. */
  readonly where?: Condition | undefined;
}

/**
 * Returns the patterns of a correlation in the order in which they see an event that several of them hold for: what ends a
 * sequence before what goes on with it, later steps before earlier ones (an event is never two steps in a row), what was
 * expected before what makes it be expected.
 */
export function patternsOf(asks: Count | Sequence | Absence): readonly RolePattern[] {
  switch (asks.kind) {
    case 'count':
      return [{ ...asks.events, role: 0, name: 'counted' }];
    case 'sequence':
      return [
        ...(asks.without === undefined ? [] : [{ ...asks.without, role: withoutRole, name: 'without' }]),
        ...asks.steps.map((step, role) => ({ ...step, role })).reverse(),
      ];
    case 'absence':
      return [
        { ...asks.expected, role: expectedRole, name: 'expected' },
        ...(asks.after === undefined ? [] : [{ ...asks.after, role: afterRole, name: 'after' }]),
      ];
  }
}
