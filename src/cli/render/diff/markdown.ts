import { type ChangeClass, changeClass } from '../../../posture/diff/diff.ts';
import type { ExplainedChange } from '../../../posture/diff/explain.ts';
import { workloadName } from '../../../segmentation/model.ts';
import { markdownText } from '../reach/markdown.ts';
import type { Shown } from './text.ts';
import { endWords, packetWords, portsWords, sideWords, summaryWords } from './words.ts';

const headings: readonly (readonly [ChangeClass, string])[] = [
  ['gained', 'Gained'],
  ['lost', 'Lost'],
  ['unknown', 'Became or ceased to be unknown'],
];

/** Changes whose reasons are told: a comment on GitHub holds 65,536 characters. */
const maxDetails = 40;

/** Returns the difference as a comment for a pull request: a summary, a table for each class, the reasons folded. */
export function diffMarkdown({ diff, changes }: Shown): string {
  const blocks = [`## Picket: ${summaryWords(diff.changes, diff.added, diff.removed)}`];
  const names = (list: typeof diff.added) => list.map((one) => code(workloadName(one))).join(', ');
  if (diff.added.length > 0) blocks.push(`Workloads added: ${names(diff.added)}`);
  if (diff.removed.length > 0) blocks.push(`Workloads removed: ${names(diff.removed)}`);
  for (const [kind, heading] of headings) {
    const all = diff.changes.filter((change) => changeClass(change) === kind).length;
    const shown = changes.filter((change) => changeClass(change) === kind);
    if (all === 0) continue;
    const rows = shown.map(({ source, destination, ports, from, to, example }) => {
      const cells = [endWords(source), endWords(destination), portsWords(ports)];
      const step = kind === 'unknown' ? ` ${from} → ${to} |` : '';
      return `| ${cells.map(markdownText).join(' | ')} |${step} ${code(packetWords(example))} |`;
    });
    const extra = kind === 'unknown' ? [' change |', ' --- |'] : ['', ''];
    const rest = all - shown.length;
    blocks.push(
      `### ${heading}`,
      [
        `| from | to | ports |${extra[0]} for example |`,
        `| --- | --- | --- |${extra[1]} --- |`,
        ...rows,
      ].join('\n'),
      ...(rest > 0 ? [`and ${rest} more`] : []),
    );
  }
  if (changes.length > 0) blocks.push(details(changes));
  return `${blocks.join('\n\n')}\n`;
}

function details(changes: readonly ExplainedChange[]): string {
  const items = changes.slice(0, maxDetails).map((change) => {
    const side = (name: string, which: 'before' | 'after') => {
      const { outcome, text, place } = sideWords(change, which);
      const where = place === undefined ? '' : ` (${code(place)})`;
      return `  - ${name} ${outcome}: ${markdownText(text)}${where}`;
    };
    return [`- ${code(packetWords(change.example))}`, side('was', 'before'), side('now', 'after')].join('\n');
  });
  const rest = changes.length - maxDetails;
  const more = rest > 0 ? `\n\nand ${rest} more` : '';
  return `<details><summary>Why</summary>\n\n${items.join('\n')}${more}\n\n</details>`;
}

/** A code span that nothing inside can end: control characters and back-quotes are replaced. */
function code(text: string): string {
  return `\`${text
    .replaceAll('`', "'")
    .replaceAll('|', '\\|')
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')}\``;
}
