import type { Style } from '../../io.ts';
import { printable, table } from '../../table.ts';
import { dateTime } from '../../time.ts';
import type { ReplaySummary } from './json.ts';

/** The sums of a replay as tables. Verdicts are told only where something was declared that they could rest on. */
export function replayText(summary: ReplaySummary, isJudged: boolean, style: Style): string {
  const { from, until, flows, packets, bytes } = summary;
  if (from === null || until === null) {
    const sections = [logsOf(summary), amountsOf('LEFT OUT', summary.files), alertsOf(summary)];
    return summary.logs.length === 0 ? 'no flows\n' : joined(sections);
  }
  const span = `${dateTime(from)} to ${dateTime(until)}`;
  const sections = [
    `${style('bold', span)}: ${counted(flows, 'flow')}, ${counted(packets, 'packet')}, ${counted(bytes, 'byte')}\n`,
    amounts('PROTOCOL', summary.protocols, ({ protocol }) => protocol),
    amounts('STATE', summary.states, ({ state }) => state),
    isJudged ? amounts('VERDICT', summary.verdicts, ({ verdict }) => verdict) : '',
    amounts('DENIED, SAYS THE LOG', summary.denied, ({ reason }) => printable(reason)),
    amounts('SOURCE', summary.sources, talkerText),
    amounts('DESTINATION', summary.destinations, talkerText),
    summary.missing > 0
      ? `There were too many addresses to count each: up to ${number(summary.missing)} bytes of one may be missing.\n`
      : '',
    logsOf(summary),
    amountsOf('LEFT OUT', summary.files),
    alertsOf(summary),
    exceptionsOf(summary),
  ];
  return joined(sections);
}

function joined(sections: readonly string[]): string {
  return sections.filter((section) => section !== '').join('\n');
}

function logsOf({ logs }: ReplaySummary): string {
  if (logs.length === 0) return '';
  return right(
    ['LOG OF', 'TIMES'],
    logs.map(({ service, outcome, times }) => [`${service}: ${outcome}`, number(times)]),
  );
}

type Row = { readonly flows: number; readonly packets: number; readonly bytes: number };

function amounts<R extends Row>(heading: string, rows: readonly R[], name: (row: R) => string): string {
  if (rows.length === 0) return '';
  return right(
    [heading, 'FLOWS', 'PACKETS', 'BYTES'],
    rows.map((row) => [name(row), number(row.flows), number(row.packets), number(row.bytes)]),
  );
}

/** What was no flow, and what could not be read, of all files together. */
function amountsOf(heading: string, files: ReplaySummary['files']): string {
  const counts = new Map<string, number>();
  for (const { skipped, dropped } of files) {
    for (const [reason, count] of [...Object.entries(skipped), ...Object.entries(dropped)])
      counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  if (counts.size === 0) return '';
  return right(
    [heading, 'RECORDS'],
    [...counts].map(([reason, count]) => [reason, number(count)]),
  );
}

function alertsOf({ alerts }: ReplaySummary): string {
  if (alerts.length === 0) return '';
  return right(
    ['DETECTOR', 'ALERTS'],
    alerts.map(({ detector, alerts: count }) => [detector, number(count)]),
  );
}

function exceptionsOf({ exceptions = [] }: ReplaySummary): string {
  if (exceptions.length === 0) return '';
  return right(
    ['HELD BACK BY AN EXCEPTION', 'FINDINGS'],
    exceptions.map(({ detector, filter, heldBack }) => [
      printable(`${detector}, ${filter}`),
      number(heldBack),
    ]),
  );
}

/** A table whose columns after the first stand to the right. */
function right(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => row[at]!.length)),
  );
  const align = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell : cell.padStart(widths[at]!)));
  return table(align(headings), rows.map(align));
}

function talkerText({ address, name }: ReplaySummary['sources'][number]): string {
  return name === undefined ? address : `${printable(name)} (${address})`;
}

function number(count: number): string {
  return count.toLocaleString('en');
}

function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}
