import { visible } from '../../../diagnostic/render/cells.ts';
import type { Sink } from '../sink.ts';
import { foldRows } from './fold.ts';
import type { Matrix } from './matrix.ts';

/** Writes the matrix as a table of GitHub Flavored Markdown, folded like the text. */
export function writeMarkdown(
  matrix: Matrix,
  sink: Sink,
  members: ReadonlyMap<string, number>,
  step: () => void,
): void {
  const { closed } = matrix.question;
  const headings = ['source', 'destination', 'allowed', 'unknown', ...(closed ? ['denied'] : [])];
  sink.write(`| ${headings.join(' | ')} |\n|${' --- |'.repeat(headings.length)}\n`);
  for (const { source, destinations, answer } of foldRows(matrix.rows(step), members)) {
    const { allow, unknown, deny } = answer.text;
    const cells = [source.id, destinations.join(', '), allow, unknown, ...(closed ? [deny] : [])];
    sink.write(`| ${cells.map(markdownText).join(' | ')} |\n`);
  }
}

/** Returns the text so that it stands in a table cell as it is: no markup, no link, no HTML, no end of the cell. */
export function markdownText(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]()#!|~]/g, (character) => `\\${character}`)
    .replaceAll(/(https?:\/|www\.|@)/gi, (start) => `${start}<!-- -->`);
}
