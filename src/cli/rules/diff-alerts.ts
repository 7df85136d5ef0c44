import type { AskedRules } from '../../rules/engine.ts';
import type { Recording } from './recording.ts';
import { type ReplayedAlert, replay } from './replay.ts';

/** Alerts of one rule that only one of two sets raises. */
export interface AlertChange {
  readonly rule: string;
  readonly count: number;
  readonly example: { readonly recording: string; readonly event: number; readonly message: string };
}

export interface AlertDifference {
  readonly gained: readonly AlertChange[];
  readonly lost: readonly AlertChange[];
  /** Alerts that both raise. */
  readonly same: number;
  readonly events: number;
}

/** Returns which alerts one set of rules raises over recordings and the other does not, by rule and event. `step` is called at every event of either pass. */
export function diffAlerts(
  recordings: readonly Recording[],
  before: AskedRules,
  after: AskedRules,
  step: () => void = () => {},
): AlertDifference {
  const [gained, lost] = [new Map<string, AlertChange>(), new Map<string, AlertChange>()];
  let [same, events] = [0, 0];
  for (const recording of recordings) {
    const known = new Map<string, ReplayedAlert>();
    for (const [key, alert] of keyed(replay(recording, before, 'all', step))) known.set(key, alert);
    for (const [key, { rule, event, message }] of keyed(replay(recording, after, 'all', step))) {
      if (known.delete(key)) same++;
      else count(gained, rule.name, { recording: recording.name, event, message });
    }
    for (const { rule, event, message } of known.values())
      count(lost, rule.name, { recording: recording.name, event, message });
    // How many there are may show only while they are read.
    events += recording.count;
  }
  return { gained: [...gained.values()], lost: [...lost.values()], same, events };
}

/** Alerts with what tells them apart: event, rule, and which of several that a correlation raises at one event. */
function* keyed(alerts: Iterable<ReplayedAlert>): Generator<readonly [string, ReplayedAlert]> {
  let [current, times] = [-1, new Map<string, number>()];
  for (const alert of alerts) {
    const { event, rule } = alert;
    if (event !== current) [current, times] = [event, new Map()];
    const time = (times.get(rule.name) ?? 0) + 1;
    times.set(rule.name, time);
    yield [`${event} ${time} ${rule.name}`, alert];
  }
}

function count(changes: Map<string, AlertChange>, rule: string, example: AlertChange['example']): void {
  const known = changes.get(rule);
  changes.set(rule, { rule, count: (known?.count ?? 0) + 1, example: known?.example ?? example });
}
