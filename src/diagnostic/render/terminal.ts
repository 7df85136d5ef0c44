import type { Diagnostic, Fix, Span } from '../diagnostic.ts';
import { applyEdits } from '../fix.ts';
import { countDiagnostics, type DiagnosticCounts } from '../order.ts';
import { LineIndex } from '../position.ts';
import { layOut, visible } from './cells.ts';
import { excerpt, type Mark, marginWidth } from './excerpt.ts';
import type { Format, Style } from './style.ts';

export interface TerminalOptions {
  /** Texts of the files that spans point into; without one, only the place is named. */
  readonly sources: { get(file: string): string | undefined };
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
}

const FORMATS = { error: 'red', warning: 'yellow', note: 'cyan' } as const;
/** Bounds that keep one problem on one screen. */
const MAX_RELATED = 5;
const MAX_FIX_LINES = 6;
const MAX_FIX_LENGTH = 1500;

/**
 * The diagnostics as a person reads them, each with its place, the source with carets, help and the literal repair; then
 * one line of counts. Whatever of the manifests could act on the terminal is made visible. Ends with a line feed.
 */
export function renderTerminal(diagnostics: readonly Diagnostic[], options: TerminalOptions): string {
  const indexes = new Map<string, LineIndex | undefined>();
  const indexOf = (file: string): LineIndex | undefined => {
    if (!indexes.has(file)) {
      const text = options.sources.get(file);
      indexes.set(file, text === undefined ? undefined : new LineIndex(text));
    }
    return indexes.get(file);
  };
  const blocks = diagnostics.map((diagnostic) => renderOne(diagnostic, indexOf, options).join('\n'));
  return [...blocks, countLine(countDiagnostics(diagnostics), options.style)].join('\n\n').concat('\n');
}

/** `2 errors, 1 warning in 3 files`, or that there is nothing. */
function countLine({ errors, warnings, notes, files }: DiagnosticCounts, style: Style): string {
  const parts = [
    ...(errors > 0 ? [style('red', plural(errors, 'error'))] : []),
    ...(warnings > 0 ? [style('yellow', plural(warnings, 'warning'))] : []),
    ...(notes > 0 ? [style('cyan', plural(notes, 'note'))] : []),
  ];
  if (parts.length === 0) return style('green', 'no problems found');
  return parts.join(', ') + (files > 0 ? ` in ${plural(files, 'file')}` : '');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

type IndexOf = (file: string) => LineIndex | undefined;

function renderOne(diagnostic: Diagnostic, indexOf: IndexOf, { style, columns }: TerminalOptions): string[] {
  const { code, severity, message, span, help, fix } = diagnostic;
  const format = FORMATS[severity];
  const rows = [`${style(format, `${severity}[${code}]`)}: ${style('bold', visible(message))}`];
  if (span) rows.push(...places(diagnostic, span, indexOf, format, style, columns));
  // A fix says its title itself.
  const lines = help === undefined || help === fix?.title ? [] : help.split('\n');
  for (const line of lines) rows.push(`${style('green', 'help')}: ${visible(line)}`);
  if (fix) rows.push(...replacement(fix, indexOf, style));
  rows.push(style('dim', `explain: picket explain ${code}`));
  return rows;
}

/** The primary place with the related ones of the same file, then those of other files. */
function places(
  { related }: Diagnostic,
  span: Span,
  indexOf: IndexOf,
  format: Format,
  style: Style,
  columns: number,
): string[] {
  const shown = related.slice(0, MAX_RELATED);
  const marks: { span: Span; label: string; primary: boolean }[] = [
    { span, label: '', primary: true },
    ...shown.map((one) => ({ span: one.span, label: one.message, primary: false })),
  ];
  const rows: string[] = [];
  for (const [file, ofFile] of Map.groupBy(marks, (mark) => mark.span.file)) {
    const index = indexOf(file);
    const lines = ofFile.map((mark) => markOf(mark.span, mark.label, mark.primary));
    const margin = ' '.repeat(marginWidth(lines));
    const arrow = file === span.file ? '-->' : ':::';
    const { start } = ofFile[0]!.span;
    rows.push(`${margin}${style('blue', arrow)} ${visible(file)}:${start.line}:${start.column}`);
    if (index) rows.push(...excerpt(index, lines, format, style, columns));
    else for (const { label } of lines) if (label) rows.push(`${margin}  = ${visible(label)}`);
  }
  const rest = related.length - shown.length;
  if (rest > 0) rows.push(`  = and ${plural(rest, 'more place')}`);
  return rows;
}

/** Returns the mark of a place with its label. */
export function markOf({ start, end }: Span, label: string, primary: boolean): Mark {
  const oneLine = start.line === end.line;
  return {
    line: start.line,
    start: start.column,
    end: oneLine ? end.column : undefined,
    lastLine: end.line,
    label,
    primary,
  };
}

/** The lines that the fix changes, as they are and as they shall be; of the first file that it touches. */
function replacement({ title, safe, edits }: Fix, indexOf: IndexOf, style: Style): string[] {
  const rows = [`${style('green', 'fix')}${safe ? '' : ' (check it)'}: ${visible(title)}`];
  const file = edits[0]?.span.file;
  const index = file === undefined ? undefined : indexOf(file);
  if (!index) return rows;
  const own = edits.filter(({ span }) => span.file === file);
  const first = Math.min(...own.map(({ span }) => span.start.line));
  const last = Math.max(...own.map(({ span }) => span.end.line));
  const start = index.lineStart(first);
  const end = index.lineStart(last + 1);
  if (end - start > MAX_FIX_LENGTH) return rows;
  const fixed = applyEdits(own, index.text);
  const before = linesOf(index.text.slice(start, end));
  const after = linesOf(fixed.slice(start, fixed.length - (index.text.length - end)));
  const same = sameAtStart(before, after);
  const rest = sameAtStart(before.slice(same).reverse(), after.slice(same).reverse());
  const changed = (lines: readonly string[], sign: '-' | '+') =>
    numbered(lines.slice(same, lines.length - rest), first + same, last, sign, style);
  rows.push(...changed(before, '-'), ...changed(after, '+'));
  return rows;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** How many lines at the start of both are the same. */
function sameAtStart(one: readonly string[], other: readonly string[]): number {
  const differs = one.findIndex((line, at) => line !== other[at]);
  return Math.min(differs < 0 ? one.length : differs, other.length);
}

function numbered(
  lines: readonly string[],
  first: number,
  last: number,
  sign: '-' | '+',
  style: Style,
): string[] {
  const margin = String(Math.max(last, first + Math.min(lines.length, MAX_FIX_LINES) - 1)).length;
  const rows = lines.slice(0, MAX_FIX_LINES).map((line, at) => {
    const content = layOut(line)
      .map(({ shown }) => shown)
      .join('');
    const number = style('blue', String(first + at).padStart(margin));
    return `${number} ${style(sign === '-' ? 'red' : 'green', `${sign} ${content}`)}`;
  });
  if (lines.length > MAX_FIX_LINES) rows.push(`${' '.repeat(margin)} ${sign} …`);
  return rows;
}
