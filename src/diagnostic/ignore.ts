import { type CodeDefinition, type Diagnostic, diagnose, type Span } from './diagnostic.ts';
import { LineIndex } from './position.ts';

/** An ignore comment that cannot be followed. */
export const faultyIgnore: CodeDefinition = {
  code: 'PKT0500',
  title: 'Ignore comment that cannot be followed',
  class: 'schema',
  severity: 'warning',
  since: '0.2.0',
  doc: `A comment \`# picket-ignore CODE reason\` hides the findings of that code on its own line, or, on a line of its own,
on the next line. \`# picket-ignore-file CODE reason\` hides them in the whole file. Several codes stand with commas.

This one names no code, a code that does not exist, or gives no reason. It hides nothing until it does: the reason is
for whoever reads the manifest next year.`,
  example: {
    bad: 'namespaceSelector: {}   # picket-ignore PKT1011',
    good: 'namespaceSelector: {}   # picket-ignore PKT1011 scraped from every namespace',
  },
};

/** An ignore comment that hides nothing any more. */
export const idleIgnore: CodeDefinition = {
  code: 'PKT0501',
  title: 'Ignore comment that hides nothing',
  class: 'schema',
  severity: 'note',
  since: '0.2.0',
  doc: `A \`# picket-ignore\` comment names a code of which there is no finding in its place. The problem was mended, or the
comment stands on the wrong line: it must be on the line that the finding points to, or on the line before. Remove it.`,
};

export const ignoreCodes: readonly CodeDefinition[] = [faultyIgnore, idleIgnore];

interface IgnoreComment {
  readonly codes: readonly string[];
  /** The line whose findings it hides; undefined: those of the whole file. */
  readonly line: number | undefined;
  readonly span: Span;
}

/** What is known about codes: enough to tell a mistyped one. */
export interface KnownCodes {
  get(code: string): unknown;
  nearest(code: string): string | undefined;
}

/** What is left of diagnostics beside ignore comments. */
export interface Unignored {
  /** What is shown: everything that is not hidden, and what is wrong with the comments themselves. */
  readonly shown: readonly Diagnostic[];
  readonly hidden: readonly Diagnostic[];
}

const marker = /(?:^|\s)#\s*picket-ignore(-file)?\b(.*)$/;

/**
 * Hides the diagnostics for which the texts hold an ignore comment: `# picket-ignore CODE[,CODE…] reason` on the line
 * where the finding starts or on a comment line above it, `# picket-ignore-file CODE reason` anywhere in the file.
 * `files` are the names of all files that were read.
 */
export function applyIgnores(
  diagnostics: readonly Diagnostic[],
  files: Iterable<string>,
  sources: { get(file: string): string | undefined },
  known: KnownCodes,
): Unignored {
  const shown: Diagnostic[] = [];
  const hidden: Diagnostic[] = [];
  const comments = new Map<string, IgnoreComment[]>();
  for (const file of files) {
    const text = sources.get(file);
    if (text?.includes('picket-ignore')) comments.set(file, readComments(file, text, known, shown));
  }
  const used = new Set<IgnoreComment>();
  for (const diagnostic of diagnostics) {
    const { span, code } = diagnostic;
    const found = span && comments.get(span.file)?.filter((one) => hides(one, code, span.start.line));
    if (found === undefined || found.length === 0) {
      shown.push(diagnostic);
      continue;
    }
    hidden.push(diagnostic);
    for (const comment of found) used.add(comment);
  }
  for (const comment of [...comments.values()].flat()) {
    if (used.has(comment)) continue;
    const what = comment.line === undefined ? 'in this file' : `on line ${comment.line}`;
    shown.push(
      diagnose(idleIgnore, {
        message: `there is no finding ${comment.codes.join(' or ')} ${what} to ignore`,
        span: comment.span,
        help: 'remove the comment',
      }),
    );
  }
  return { shown, hidden };
}

function hides({ codes, line }: IgnoreComment, code: string, at: number): boolean {
  return (line === undefined || line === at) && codes.includes(code);
}

function readComments(file: string, text: string, known: KnownCodes, faults: Diagnostic[]): IgnoreComment[] {
  const lines = text.split('\n');
  const index = new LineIndex(text);
  const comments: IgnoreComment[] = [];
  let offset = 0;
  for (const [number, line] of lines.entries()) {
    const match = line.includes('picket-ignore') ? marker.exec(line.replace(/\r$/, '')) : null;
    if (match !== null) {
      const start = offset + match.index + match[0].indexOf('#');
      const span = index.span(file, start, offset + match.index + match[0].length);
      const [, list = '', reason = ''] = /^\s+(\S+)(?:\s+(.*\S))?\s*$/.exec(match[2] ?? '') ?? [];
      const codes = list.split(',').map((code) => code.toUpperCase());
      const fault = faultOf(codes, reason, known);
      if (fault !== undefined) faults.push(diagnose(faultyIgnore, { span, ...fault }));
      else {
        const whole = match[1] !== undefined;
        comments.push({ codes, span, line: whole ? undefined : meantLine(lines, number, match.index) });
      }
    }
    offset += line.length + 1;
  }
  return comments;
}

function faultOf(codes: readonly string[], reason: string, known: KnownCodes) {
  const written = codes.find((code) => known.get(code) === undefined);
  if (written === '') {
    return { message: 'the ignore comment names no code', help: 'write `# picket-ignore PKTnnnn reason`' };
  }
  if (written !== undefined) {
    const near = known.nearest(written);
    const help = near === undefined ? '`picket explain` lists the codes' : `did you mean ${near}?`;
    return { message: `there is no code ${written} to ignore`, help };
  }
  if (reason === '') {
    const help = `write why: \`# picket-ignore ${codes.join(',')} reason\``;
    return { message: 'the ignore comment gives no reason, so it hides nothing', help };
  }
  return undefined;
}

/** The comment's own line (1-based), or the next one that is neither blank nor a comment when it stands alone. */
function meantLine(lines: readonly string[], number: number, column: number): number {
  if ((lines[number] ?? '').slice(0, column).trim() !== '') return number + 1;
  let next = number + 1;
  while (next < lines.length && /^\s*(?:#.*)?$/.test(lines[next] ?? '')) next += 1;
  return next + 1;
}
