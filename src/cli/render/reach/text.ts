import { displayWidth, printable, table } from '../../table.ts';
import type { Sink } from '../sink.ts';
import { type FoldedRow, foldRows } from './fold.ts';
import type { Matrix } from './matrix.ts';

/** Widest column of names; longer lists go on in further lines. */
const maxNames = 52;

/** Writes the matrix as an aligned table; destinations of one source with the same ports may share a line. */
export function writeText(
  matrix: Matrix,
  sink: Sink,
  members: ReadonlyMap<string, number>,
  step: () => void,
): void {
  const { closed } = matrix.question;
  const headings = ['SOURCE', 'DESTINATION', 'ALLOWED', 'UNKNOWN', ...(closed ? ['DENIED'] : [])];
  const lines: string[][] = [];
  for (const row of foldRows(matrix.rows(step), members)) lines.push(...linesOf(row, closed));
  if (lines.length > 0) sink.write(table(headings, lines));
}

function linesOf({ source, destinations, answer }: FoldedRow, closed: boolean): string[][] {
  const columns = [
    fill([source.id]),
    fill(destinations),
    fill([answer.text.allow || '-']),
    fill([answer.text.unknown || '-']),
    ...(closed ? [fill([answer.text.deny || '-'])] : []),
  ];
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => columns.map((column) => column[line] ?? ''));
}

/** Breaks a list after its commas. */
function fill(items: readonly string[]): string[] {
  const words = items.join(', ').split(', ').map(printable);
  const lines: string[] = [];
  let line = '';
  for (const [at, word] of words.entries()) {
    const piece = at < words.length - 1 ? `${word},` : word;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(piece) > maxNames) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  return [...lines, line];
}
