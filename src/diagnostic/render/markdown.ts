import type { Diagnostic } from '../diagnostic.ts';
import { countDiagnostics } from '../order.ts';

/** The diagnostics as a Markdown page for a pull request or a job summary: the counts, then one table row each. */
export function renderMarkdown(diagnostics: readonly Diagnostic[]): string {
  const { errors, warnings, notes } = countDiagnostics(diagnostics);
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const head = `## Picket: ${[of(errors, 'error'), of(warnings, 'warning'), of(notes, 'note')].join(', ')}\n`;
  if (diagnostics.length === 0) return head;
  const rows = diagnostics.map(({ code, severity, message, span, help }) => {
    const place = span ? `\`${cell(`${span.file}:${span.start.line}`)}\`` : '';
    const mend = help === undefined ? '' : `<br>**help:** ${cell(help)}`;
    return `| ${severity} | ${code} | ${place} | ${cell(message)}${mend} |\n`;
  });
  return `${head}\n| | code | place | problem |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** Text inside a table cell: no line ends, no cell ends, no HTML. Code spans stay code spans. */
function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
