import type { AskedRules } from '../../rules/engine.ts';
import type { Recording } from './recording.ts';
import { replay } from './replay.ts';

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

/** Returns which alerts one set of rules raises over recordings and the other does not, by rule and event. */
export function diffAlerts(
  recordings: readonly Recording[],
  before: AskedRules,
  after: AskedRules,
): AlertDifference {
  const [gained, lost] = [new Map<string, AlertChange>(), new Map<string, AlertChange>()];
  let [same, events] = [0, 0];
  for (const recording of recordings) {
    const known = new Map<string, string>();
    for (const { rule, event, message } of replay(recording, before, 'all'))
      known.set(`${event} ${rule.name}`, message);
    for (const { rule, event, message } of replay(recording, after, 'all')) {
      if (known.delete(`${event} ${rule.name}`)) same++;
      else count(gained, rule.name, { recording: recording.name, event, message });
    }
    events += recording.count;
    for (const [key, message] of known) {
      const space = key.indexOf(' ');
      count(lost, key.slice(space + 1), {
        recording: recording.name,
        event: Number(key.slice(0, space)),
        message,
      });
    }
  }
  return { gained: [...gained.values()], lost: [...lost.values()], same, events };
}

function count(changes: Map<string, AlertChange>, rule: string, example: AlertChange['example']): void {
  const known = changes.get(rule);
  changes.set(rule, { rule, count: (known?.count ?? 0) + 1, example: known?.example ?? example });
}
