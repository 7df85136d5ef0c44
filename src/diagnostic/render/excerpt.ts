import type { LineIndex } from '../position.ts';
import { type Cell, layOut, visible } from './cells.ts';
import type { Format, Style } from './style.ts';

/** Code units of a line that are laid out at most; wider than any terminal. */
const LONG_LINE = 4000;

/** A marked place of one file. */
export interface Mark {
  readonly line: number;
  /** 1-based columns in UTF-16 code units, end exclusive. */
  readonly start: number;
  /** Undefined when the place runs on to another line. */
  readonly end: number | undefined;
  /** The last line of a place that runs on. */
  readonly lastLine: number;
  readonly label: string;
  readonly primary: boolean;
}

/** Marked lines of a file, each with its carets below, and a row of dots where lines are left out. */
export function excerpt(
  index: LineIndex,
  marks: readonly Mark[],
  format: Format,
  style: Style,
  columns: number,
): string[] {
  const margin = marginWidth(marks);
  const room = Math.max(20, columns - margin - 3);
  const gutter = style('blue', `${' '.repeat(margin)} |`);
  const rows = [gutter];
  const byLine = Map.groupBy(marks, ({ line }) => line);
  let previous: number | undefined;
  for (const line of [...byLine.keys()].sort((x, y) => x - y)) {
    if (previous !== undefined && line > previous + 1) rows.push(style('blue', `${' '.repeat(margin)} :`));
    previous = line;
    const ofLine = byLine.get(line)!;
    const primary = ofLine.find((mark) => mark.primary) ?? ofLine[0]!;
    const view = window(index.lineText(line), primary, room);
    const number = style('blue', `${String(line).padStart(margin)} |`);
    rows.push(`${number} ${view.text}`.trimEnd());
    for (const mark of ofLine) {
      const { offset, width } = view.place(mark);
      const note = [mark.label, mark.end === undefined ? `to line ${mark.lastLine}` : ''].filter(Boolean);
      const caret = (mark.primary ? '^' : '-').repeat(width);
      const underline = `${caret}${note.length > 0 ? ` ${visible(note.join(', '))}` : ''}`;
      rows.push(`${gutter} ${' '.repeat(offset)}${style(mark.primary ? format : 'blue', underline)}`);
    }
  }
  return rows;
}

/** Columns that the line numbers of these marks take. */
export function marginWidth(marks: readonly { readonly line: number }[]): number {
  return Math.max(1, ...marks.map(({ line }) => String(line).length));
}

interface View {
  readonly text: string;
  place(mark: Mark): { readonly offset: number; readonly width: number };
}

/** The part of a line that fits into `room` columns around the mark; dots stand for what was cut. */
function window(line: string, mark: Mark, room: number): View {
  // A minified file may be one line of megabytes: only the neighbourhood of the mark is laid out.
  const base = line.length > LONG_LINE ? Math.max(0, mark.start - 1 - LONG_LINE / 2) : 0;
  const cells: readonly Cell[] = layOut(line.slice(base, base + LONG_LINE), base);
  const lefts: number[] = [];
  let total = 0;
  for (const cell of cells) {
    lefts.push(total);
    total += cell.width;
  }
  const left = (column: number): number => {
    const at = cells.findIndex(({ index }) => index >= column - 1);
    return at < 0 ? total : lefts[at]!;
  };
  const caret = left(mark.start);
  const caretEnd = mark.end === undefined ? total : left(mark.end);
  const from = total <= room ? 0 : Math.max(0, Math.min(caret - Math.floor(room / 3), total - room));
  const cutLeft = from > 0 || base > 0;
  const cutRight = total - from > room || base + LONG_LINE < line.length;
  const first = from + (cutLeft ? 1 : 0);
  const limit = from + room - (cutRight ? 1 : 0);
  const inside = cells.filter((cell, at) => lefts[at]! >= first && lefts[at]! + cell.width <= limit);
  // A wide character that straddles the cut leaves a column free.
  const begin = inside.length > 0 ? lefts[cells.indexOf(inside[0]!)]! : first;
  const text = `${cutLeft ? '…' : ''}${' '.repeat(begin - first)}${inside.map(({ shown }) => shown).join('')}${cutRight ? '…' : ''}`;
  return {
    text,
    place: ({ start, end }) => {
      const startColumn = start === mark.start ? caret : left(start);
      const endColumn = end === undefined ? total : end === mark.end ? caretEnd : left(end);
      const clampedStart = Math.min(Math.max(startColumn, first), limit);
      const clampedEnd = Math.min(Math.max(endColumn, clampedStart + 1), Math.max(limit, clampedStart + 1));
      return { offset: clampedStart - from, width: clampedEnd - clampedStart };
    },
  };
}
