import type { Condition, Operand } from './ast.ts';
import type { Rule } from './rule-set.ts';

/**
 * What a correlation asks of an event: a condition with everything put in, and the fields by which its events belong
 * together. An event that lacks one of these fields takes no part.
 */
export interface Pattern {
  readonly condition: Condition;
  readonly by: readonly Operand[];
}

/** At least so many events, or distinct values of a field, within the time. */
export interface Count {
  readonly kind: 'count';
  readonly events: Pattern;
  readonly distinct: Operand | undefined;
  readonly atLeast: number;
}

/** One step of a sequence. */
export interface Step extends Pattern {
  readonly name: string;
  /** Compares the event with those of earlier steps: `proc.ppid = val(download.proc.pid)`. */
  readonly where: Condition | undefined;
}

/** One event after another within the time, and none of `without` between the first and the last. */
export interface Sequence {
  readonly kind: 'sequence';
  /** Two or more. */
  readonly steps: readonly Step[];
  readonly without: Pattern | undefined;
}

/** An event that does not come within the time: after another one, or, without `after`, after the last of its own kind. */
export interface Absence {
  readonly kind: 'absence';
  readonly after: Pattern | undefined;
  readonly expected: Pattern;
}

/** A rule over several events, with everything put into its conditions. */
export interface Correlation
  extends Pick<
    Rule,
    'name' | 'description' | 'source' | 'output' | 'priority' | 'tags' | 'enabled' | 'extraFields'
  > {
  readonly asks: Count | Sequence | Absence;
  /** Nanoseconds. */
  readonly within: number;
  /** Nanoseconds for which a key is silent after an alert. */
  readonly cooldown: number;
  /** How many keys are remembered at once. */
  readonly maxKeys: number;
}
