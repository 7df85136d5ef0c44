import { type ChangeClass, changeClass, type PostureDiff } from '../../../posture/diff/diff.ts';
import type { ExplainedChange } from '../../../posture/diff/explain.ts';
import { workloadName } from '../../../segmentation/model.ts';
import type { Style } from '../../io.ts';
import { printable, wrap } from '../../table.ts';
import { endWords, packetWords, portsWords, sideWords, summaryWords } from './words.ts';

const headings: readonly (readonly [ChangeClass, string])[] = [
  ['gained', 'now allowed, and was denied'],
  ['lost', 'now denied, and was allowed'],
  ['unknown', 'became or ceased to be unknown'],
];
const colours = { gained: 'green', lost: 'red', unknown: 'yellow' } as const;
const signs = { gained: '+', lost: '-', unknown: '?' } as const;

/** What is shown of a difference. */
export interface Shown {
  readonly diff: PostureDiff;
  /** The first changes of each class. */
  readonly changes: readonly ExplainedChange[];
}

/** Returns the difference for a terminal. Ends with a line feed. */
export function diffText({ diff, changes }: Shown, style: Style, columns: number): string {
  const blocks = [style('bold', summaryWords(diff.changes, diff.added, diff.removed))];
  const workloads = [
    ...diff.added.map((one) => style('green', `  + ${printable(workloadName(one))} (${one.kind})`)),
    ...diff.removed.map((one) => style('red', `  - ${printable(workloadName(one))} (${one.kind})`)),
  ];
  if (workloads.length > 0) blocks.push(['workloads', ...workloads].join('\n'));
  for (const [kind, heading] of headings) {
    const all = diff.changes.filter((change) => changeClass(change) === kind).length;
    const shown = changes.filter((change) => changeClass(change) === kind);
    if (all === 0) continue;
    const rows = shown.map((change) => changeText(change, kind, style, columns));
    const rest = all - shown.length;
    if (rest > 0) rows.push(`  and ${rest} more (--limit 0 or -o json shows all)`);
    blocks.push([`${style([colours[kind], 'bold'], kind)}: ${heading}`, ...rows].join('\n'));
  }
  return `${blocks.join('\n\n')}\n`;
}

function changeText(change: ExplainedChange, kind: ChangeClass, style: Style, columns: number): string {
  const { source, destination, ports, example } = change;
  const head = `${endWords(source)} → ${endWords(destination)}  ${portsWords(ports)}`;
  const width = Math.min(columns, 110);
  const side = (name: string, which: 'before' | 'after') => {
    const { outcome, text, place } = sideWords(change, which);
    const lines = wrap(`${name} ${outcome}: ${printable(text)}`, width, '      ');
    return place === undefined ? lines : `${lines}\n          ${style('dim', printable(place))}`;
  };
  return [
    style(colours[kind], wrap(`${signs[kind]} ${printable(head)}`, width, '  ')),
    wrap(`e.g. ${printable(packetWords(example))}`, width, '      '),
    side('was', 'before'),
    side('now', 'after'),
  ].join('\n');
}
