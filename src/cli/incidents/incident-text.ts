import type { AlertSeverity } from '../../detect/detector.ts';
import { plural } from '../../detect/text.ts';
import type { Incident, IncidentEntity, TimelineEntry } from '../../incident/incident.ts';
import type { Style } from '../io.ts';
import { printable, table, wrap } from '../table.ts';
import { dateTime } from '../time.ts';
import { shortId } from './find-incident.ts';

const colours = {
  critical: ['red', 'bold'],
  high: ['red', 'bold'],
  medium: ['yellow', 'bold'],
  low: ['cyan'],
} as const satisfies Readonly<Record<AlertSeverity, unknown>>;

/** Lines of a timeline, entities and alerts that are shown. */
const [maxTimeline, maxEntities, maxAlerts] = [40, 16, 12];

/** Incidents as a table, one a line. */
export function incidentTable(incidents: readonly Incident[]): string {
  return table(
    ['ID', 'STATE', 'SEVERITY', 'SCORE', 'LAST', 'ALERTS', 'TITLE'],
    incidents.map((one) => [
      shortId(one.id),
      stateText(one),
      one.severity,
      String(one.score),
      dateTime(one.lastAt),
      String(one.alertCount),
      printable(one.title),
    ]),
  );
}

/** An incident in one line. */
export function incidentLine(
  {
    id,
    severity,
    score,
    title,
    alertCount,
  }: Pick<Incident, 'id' | 'severity' | 'score' | 'title' | 'alertCount'>,
  style: Style,
): string {
  const label = style([...colours[severity]], `INCIDENT ${severity}`);
  const facts = style('dim', `score ${score}, ${plural(alertCount, 'alert')} · ${shortId(id)}`);
  return `${label} ${style('bold', printable(title))} ${facts}`;
}

/** An incident as a block: its line and its story. */
export function incidentBlock(incident: Incident, style: Style, columns: number): string {
  const story = wrap(printable(incident.story), Math.min(columns, 110), ' '.repeat(10));
  return `${incidentLine(incident, style)}\n${story}\n`;
}

/** The state of an incident, with how it was resolved. */
export function stateText({ state, resolution }: Pick<Incident, 'state' | 'resolution'>): string {
  if (resolution?.kind === 'false-positive') return 'false positive';
  return resolution?.kind === 'merged' ? 'merged' : state;
}

/** An incident as a page of text: what it is, its story, score, stages, who takes part, its history, evidence and notes. */
export function incidentText(incident: Incident, style: Style, columns: number): string {
  const width = Math.min(columns, 110);
  return [
    headOf(incident, style),
    `${wrap(printable(incident.story), width, '')}\n`,
    section('STAGES', stagesOf(incident), style),
    section('WHO', whoOf(incident), style),
    section('TIMELINE', timelineOf(incident), style),
    section('EVIDENCE', evidenceOf(incident, width), style),
    section('NOTES', notesOf(incident, width), style),
    section('SCORE', scoreOf(incident), style),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

function headOf(incident: Incident, style: Style): string {
  const { id, severity, title, score, openedAt, lastAt, resolution, mergedFrom } = incident;
  const label = style([...colours[severity]], severity.toUpperCase());
  const facts = [
    `incident ${id}`,
    stateText(incident),
    `score ${score} of 100`,
    `${dateTime(openedAt)} to ${dateTime(lastAt)}`,
  ];
  const lines = [`${label} ${style('bold', printable(title))}`, style('dim', facts.join(' · '))];
  if (resolution?.kind === 'merged') lines.push(`It is one with ${resolution.into}.`);
  else if (resolution !== undefined) {
    const why = resolution.reason === undefined ? '' : `: ${printable(resolution.reason)}`;
    const by = resolution.by === undefined ? '' : ` by ${printable(resolution.by)}`;
    lines.push(`${stateText(incident)}${by} at ${dateTime(resolution.at)}${why}`);
  }
  if (mergedFrom.length > 0) lines.push(`With ${mergedFrom.join(', ')} in it.`);
  return `${lines.join('\n')}\n`;
}

function section(heading: string, text: string, style: Style): string {
  return text === '' ? '' : `${style('bold', heading)}\n${text}`;
}

function stagesOf({ stages }: Incident): string {
  const rows = stages.map(({ tactic, firstAt, techniques, alerts, outcome }) => [
    `  ${dateTime(firstAt)}`,
    printable(tactic),
    plural(alerts, 'alert'),
    outcome ?? 'outcome unknown',
    techniques.map(({ id, name }) => printable(`${id} ${name}`)).join(', '),
  ]);
  return rows.length === 0 ? '' : columnsOf(rows);
}

function whoOf({ entities, dropped }: Incident): string {
  const shown = entities.slice(0, maxEntities);
  const rows = shown.map((one) => [`  ${printable(one.name)}`, one.kind, roleOf(one)]);
  const rest = entities.length - shown.length + dropped.entities;
  return `${columnsOf(rows)}${rest > 0 ? `  and ${rest} more\n` : ''}`;
}

function roleOf({ actor, target, isOutlet, takenAt }: IncidentEntity): string {
  const roles = [
    ...(actor === undefined ? [] : ['did it']),
    ...(target === undefined ? [] : [isOutlet === true ? 'was called' : 'was attacked']),
  ];
  const taken = takenAt === undefined ? '' : `, may be in other hands since ${dateTime(takenAt)}`;
  return `${roles.join(', ')}${taken}`;
}

function timelineOf({ timeline, dropped }: Incident): string {
  const half = maxTimeline / 2;
  const isLong = timeline.length > maxTimeline;
  const head = isLong ? timeline.slice(0, half) : timeline;
  const tail = isLong ? timeline.slice(-half) : [];
  const between = timeline.length - head.length - tail.length + dropped.timeline;
  const rows = (entries: readonly TimelineEntry[]) =>
    entries.length === 0 ? '' : columnsOf(entries.map((entry) => [`  ${dateTime(entry.at)}`, lineOf(entry)]));
  return `${rows(head)}${between > 0 ? `  … ${plural(between, 'line')} between\n` : ''}${rows(tail)}`;
}

function lineOf({ text, severity, tactic }: TimelineEntry): string {
  const label = severity === undefined ? '' : `${severity}${tactic === undefined ? '' : `, ${tactic}`}: `;
  return printable(`${label}${text}`);
}

function evidenceOf({ alerts, alertCount }: Incident, width: number): string {
  const shown = alerts.slice(0, maxAlerts);
  const texts = shown.map(({ id, title, detector, count, evidence }) => {
    const facts = evidence
      .map(
        ({ name, value, expected }) =>
          `${name}: ${value}${expected === undefined ? '' : ` (expected ${expected})`}`,
      )
      .join('; ');
    const times = count > 1 ? `, ${count} times` : '';
    return `${wrap(printable(title), width, '  ')}\n${wrap(printable(`${detector}${times} · ${facts} · ${id}`), width, '    ')}\n`;
  });
  const rest = alertCount - shown.length;
  return `${texts.join('')}${rest > 0 ? `  and ${plural(rest, 'more alert')}\n` : ''}`;
}

function notesOf({ notes }: Incident, width: number): string {
  return notes
    .map(({ at, by, text }) => {
      const whose = by === undefined ? '' : ` ${by}`;
      return `  ${dateTime(at)}${printable(whose)}\n${wrap(printable(text), width, '    ')}\n`;
    })
    .join('');
}

function scoreOf({ score, scoreParts }: Incident): string {
  const rows = scoreParts.map(({ name, points, why }) => [`  ${points}`.padStart(5), name, why]);
  return columnsOf([...rows, [`  ${score}`.padStart(5), 'in all', '100 at most']]);
}

/** Rows in columns, without headings. */
function columnsOf(rows: readonly (readonly string[])[]): string {
  const [first, ...others] = rows;
  return first === undefined ? '' : table(first, others);
}
