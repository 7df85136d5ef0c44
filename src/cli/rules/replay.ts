import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { compileRules } from '../../rules/compile/compile.ts';
import { AlertPrinter, type RuleAlert } from '../../rules/format/alert.ts';
import type { Rule } from '../../rules/rule-set.ts';
import type { Recording } from './open-recording.ts';

/** An alert of a recorded event. */
export interface ReplayedAlert extends RuleAlert {
  /** Number of the event in its recording. */
  readonly event: number;
}

/** Yields the alerts of a recording, in its order: of each event that of the first rule that holds, or of all. */
export function* replay(
  recording: Recording,
  rules: readonly Rule[],
  matching: 'first' | 'all',
): Generator<ReplayedAlert> {
  const matcher = compileRules(rules, syscallSource);
  const printer = new AlertPrinter<SystemEvent>(
    syscallSource,
    ({ raw }) => raw.time,
    recording.hostname ?? '',
  );
  for (const event of recording.events()) {
    const first = matching === 'first' ? matcher.first(event) : undefined;
    const fired = matching === 'all' ? matcher.all(event) : first === undefined ? [] : [first];
    for (const rule of fired) yield { ...printer.alert(rule, event), event: event.number };
  }
}
