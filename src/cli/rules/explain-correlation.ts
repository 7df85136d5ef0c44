import type { NumberedRecord } from '../../event/recorded-events.ts';
import { explainCondition } from '../../rules/compile/explain.ts';
import { keyOf, keyText } from '../../rules/correlate/keys.ts';
import { patternsOf } from '../../rules/correlate/tracker.ts';
import type { Correlation } from '../../rules/correlation.ts';
import { RuleEngine } from '../../rules/engine.ts';
import { renderCondition, renderOperand } from '../../rules/syntax/render-condition.ts';
import type { Style } from '../io.ts';
import { printable } from '../table.ts';
import { explanationText } from './explanation-text.ts';
import type { NamedEvents } from './recording.ts';

/** What a correlation makes of one event, after all events before it. */
export interface CorrelationAnswer {
  readonly text: string;
  readonly fires: boolean;
}

/** Returns what a correlation makes of an event of a recording; undefined when there is no such event. */
export function explainCorrelation<E extends NumberedRecord>(
  correlation: Correlation,
  { source, timeOf, events, describe }: NamedEvents<E>,
  number: number,
  style: Style,
  all: boolean,
): CorrelationAnswer | undefined {
  const asked = { rules: [], correlations: [{ ...correlation, enabled: true }] };
  const engine = new RuleEngine<E>(asked, source, { timeOf, hostname: '', matching: 'first' });
  const suppressed = () => engine.suppressed().get(correlation.name) ?? 0;
  for (const event of events()) {
    if (event.number > number) return undefined;
    const before = suppressed();
    const alerts = engine.take(event);
    if (event.number < number) continue;
    const lines = [`event ${number}: ${printable(describe(event))}\n`];
    for (const { name, condition, where, by } of patternsOf(correlation.asks).toReversed()) {
      lines.push(`${name}:\n`, explanationText(explainCondition(condition, source, event), style, all));
      if (where !== undefined)
        lines.push(`  of the events before, those fit where ${printable(renderCondition(where))}\n`);
      if (by.length === 0) continue;
      const key = keyOf(by, source)(event);
      const shown = key === undefined ? 'the event lacks one, and takes no part' : keyText(key);
      lines.push(`  key (${by.map(renderOperand).join(', ')}): ${printable(shown)}\n`);
    }
    lines.push(...alerts.map(({ message }) => `${printable(message)}\n`));
    const silent =
      suppressed() > before ? 'the correlation is met, and silent: it fired shortly before\n' : undefined;
    lines.push(alerts.length > 0 ? 'the correlation fires\n' : (silent ?? 'the correlation does not fire\n'));
    return { text: lines.join(''), fires: alerts.length > 0 };
  }
  return undefined;
}
