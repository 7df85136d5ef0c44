import { momentText } from '../flow/ask/dimension.ts';
import { type FlowAnswer, type FlowGroup, type FlowQuery, seriesMetric } from '../flow/ask/query.ts';
import { csvField, csvRecord } from '../flow/logs/csv.ts';
import type { Io } from './io.ts';
import { printable, table } from './table.ts';

/** Widest sparkline, in columns. */
const maxSpark = 48;

/** Groups of flows as a table, with a last line for all others. */
export function groupTable(query: FlowQuery, answer: FlowAnswer, io: Io): string {
  const { groups, rest, count } = answer;
  const ends = (['sources', 'destinations'] as const).filter((end) => groups.some((one) => end in one));
  const spark = answer.buckets !== undefined && io.outIsTerminal && isUtf8(io.env);
  const peak = (values: readonly number[]) => amount(seriesMetric(query.order), Math.max(...values));
  // Where nobody counted traffic there is none to tell.
  const counted = answer.total.bytes + answer.total.packets > 0;
  const sumColumns = counted
    ? (['bytes', 'packets', 'flows', 'sent', 'received'] as const)
    : (['flows'] as const);
  const line = (key: readonly string[], sums: Partial<FlowGroup>) => [
    ...key,
    ...sumColumns.map((column) => amount(column, sums[column])),
    ...ends.map((end) => amount(end, sums[end])),
    ...(answer.buckets === undefined ? [] : [sums.series ? peak(sums.series) : '']),
    ...(spark ? [sums.series ? sparkline(sums.series) : ''] : []),
  ];
  const left = count - groups.length;
  const others =
    rest.flows === 0 && left === 0
      ? []
      : [
          line(
            query.by.map((_, index) =>
              index === 0 ? `(${Math.max(left, 0).toLocaleString('en')} others)` : '',
            ),
            rest,
          ),
        ];
  return table(
    [
      ...query.by.map(({ name }) => name.toUpperCase()),
      ...sumColumns.map((column) => column.toUpperCase()),
      ...ends.map((end) => end.toUpperCase()),
      ...(answer.buckets === undefined ? [] : [`PEAK/${spanText(answer.buckets.step)}`]),
      ...(spark ? ['OVER TIME'] : []),
    ],
    [
      ...groups.map((group) => line(group.key.map(printable), group)),
      ...(query.by.length === 0 ? [] : others),
    ],
  );
}

/** One line about the whole answer, for people. */
export function answerNote({ total, from, buckets, ungrouped, damaged }: FlowAnswer): string {
  const time =
    buckets === undefined
      ? ''
      : `, ${momentText(buckets.start)} to ${momentText(buckets.start + buckets.step * buckets.count)}`;
  return [
    `${total.bytes === 0 ? '' : `${amount('bytes', total.bytes)} in `}${amount('flows', total.flows)} flow${total.flows === 1 ? '' : 's'}${time}`,
    from === 'flows'
      ? ''
      : `from sums by ${from === 'minutes' ? 'minute' : 'hour'}: flows of that time are not kept any more, or were not asked for`,
    ungrouped === 0 ? '' : `${amount('flows', ungrouped)} flows are in no group: there are too many`,
    damaged === 0 ? '' : `${damaged} damaged part${damaged === 1 ? '' : 's'} of the store could not be read`,
  ]
    .filter((text) => text !== '')
    .map((text) => `${text}\n`)
    .join('');
}

/** Groups as CSV (RFC 4180); of a series one line for each bucket. */
export function groupCsv(query: FlowQuery, { groups, buckets }: FlowAnswer): string {
  const names = query.by.map(({ name }) => name);
  if (buckets !== undefined) {
    return csv([
      [...names, 'time', seriesMetric(query.order)],
      ...groups.flatMap(({ key, series = [] }) =>
        series.map((value, index) => [...key, momentText(buckets.start + index * buckets.step), value]),
      ),
    ]);
  }
  const columns = ['bytes', 'packets', 'flows', 'sent', 'received', 'sources', 'destinations'] as const;
  const used = columns.filter((column) => groups[0] === undefined || column in groups[0]);
  return csv([
    [...names, ...used],
    ...groups.map((group) => [...group.key, ...used.map((column) => group[column] ?? '')]),
  ]);
}

/** Lines of values as CSV (RFC 4180). */
function csv(lines: readonly (readonly (string | number)[])[]): string {
  return lines.map((line) => csvRecord(line.map(csvField))).join('');
}

/** A number for people: bytes with a unit of thousands, all others with commas. */
export function amount(metric: string, value: number | undefined): string {
  if (value === undefined) return '';
  if (metric !== 'bytes' && metric !== 'sent' && metric !== 'received') return value.toLocaleString('en');
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let scaled = value;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : scaled.toPrecision(3)} ${units[unit]}`;
}

/** A line of bars, the highest for the largest of the values. */
export function sparkline(series: readonly number[]): string {
  const wide = Math.ceil(series.length / maxSpark);
  const values: number[] = [];
  for (let at = 0; at < series.length; at += wide)
    values.push(series.slice(at, at + wide).reduce((sum, value) => sum + value, 0));
  const most = Math.max(...values);
  return values
    .map((value) => (value === 0 ? ' ' : '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor((value / most) * 8))]))
    .join('');
}

function spanText(step: number): string {
  for (const [unit, ms] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (step % ms === 0) return `${step / ms}${unit}`;
  }
  return `${step / 1000}s`;
}

/** Whether the terminal's characters are UTF-8, by the locale (POSIX order of its variables). */
function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Io['env']): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}
