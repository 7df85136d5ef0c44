import { type AskedRules, RuleEngine } from '../../rules/engine.ts';
import type { RuleAlert } from '../../rules/format/alert.ts';
import type { Recording } from './recording.ts';

/** An alert of a recorded event. */
export interface ReplayedAlert extends RuleAlert {
  /** Number of the event in its recording. */
  readonly event: number;
}

/**
 * Yields the alerts of a recording, in its order: of each event that of the first rule that holds, or of all, and those of
 * correlations. What was expected and did not come is told as far as the recording goes. `step` is called at every event.
 */
export function replay(
  { hostname = '', visit }: Recording,
  rules: AskedRules,
  matching: 'first' | 'all',
  step: () => void = () => {},
): Generator<ReplayedAlert> {
  return visit(function* ({ source, timeOf, events }) {
    const engine = new RuleEngine(rules, source, { timeOf, hostname, matching });
    for (const event of events()) {
      step();
      for (const alert of engine.take(event)) yield { ...alert, event: event.number };
    }
  });
}
