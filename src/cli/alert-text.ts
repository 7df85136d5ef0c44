import type { Alert } from '../detect/detector.ts';
import { shortId } from './incidents/find-incident.ts';
import type { Style } from './io.ts';
import { printable, wrap } from './table.ts';
import { clockTime } from './time.ts';

const colours = {
  critical: ['red', 'bold'],
  high: ['red', 'bold'],
  medium: ['yellow', 'bold'],
  low: ['cyan'],
} as const;

/**
 * An alert as a block of text: headline, explanation, evidence, techniques, and what was lost meanwhile. `timeText` writes times: of the
 * day, unless alerts are of other days.
 */
export function alertText(
  alert: Alert,
  style: Style,
  columns: number,
  timeText: (at: number) => string = clockTime,
): string {
  const width = Math.min(columns, 110);
  const indent = ' '.repeat(10);
  const repeats =
    alert.count > 1 ? style('dim', ` (${alert.count} times, last ${timeText(alert.lastAt)})`) : '';
  const label = style([...colours[alert.severity]], alert.severity.toUpperCase());
  const lines = [
    `${style('dim', timeText(alert.firstAt))}  ${label} ${style('bold', printable(alert.title))}${repeats}`,
    wrap(printable(alert.explanation), width, indent),
  ];
  const nameWidth = Math.max(0, ...alert.evidence.map(({ name }) => name.length));
  for (const { name, value, expected } of alert.evidence) {
    const text = `${printable(value)}${expected ? style('dim', `  (expected ${expected})`) : ''}`;
    lines.push(`${indent}${style('cyan', name.padEnd(nameWidth))}  ${text}`);
  }
  const techniques = alert.techniques.map(({ id, name }) => `${id} ${name}`).join(', ');
  const incident = alert.incident === undefined ? '' : ` · incident ${shortId(alert.incident)}`;
  lines.push(`${indent}${style('dim', `${alert.detector} · ATT&CK ${techniques} · ${alert.id}${incident}`)}`);
  if (alert.lost > 0) {
    lines.push(
      `${indent}${style('yellow', `${alert.lost} kernel records were lost meanwhile: this may be incomplete`)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
