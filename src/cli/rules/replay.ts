import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';
import { type AskedRules, RuleEngine } from '../../rules/engine.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import type { Recording } from './open-recording.ts';

/** An alert of a recorded event. */
export interface ReplayedAlert extends RuleAlert {
  /** Number of the event in its recording. */
  readonly event: number;
}

/**
 * Yields the alerts of a recording, in its order: of each event that of the first rule that holds, or of all, and those of
 * correlations. What was expected and did not come is told as far as the recording goes.
 */
export function* replay(
  recording: Recording,
  rules: AskedRules,
  matching: 'first' | 'all',
): Generator<ReplayedAlert> {
  const engine = new RuleEngine<SystemEvent>(rules, syscallSource, {
    timeOf: ({ raw }) => raw.time,
    hostname: recording.hostname ?? '',
    matching,
  });
  for (const event of recording.events())
    for (const alert of engine.take(event)) yield { ...alert, event: event.number };
}
