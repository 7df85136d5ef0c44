import type { Diagnostic } from './diagnostic.ts';

/** A copy in reading order: files as they first appear, places from top to bottom, what has no place last. */
export function inReadingOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = new Map<string, number>();
  for (const { span } of diagnostics) {
    if (span && !files.has(span.file)) files.set(span.file, files.size);
  }
  const rank = ({ span }: Diagnostic): number => (span ? files.get(span.file)! : files.size);
  return diagnostics.toSorted(
    (x, y) => rank(x) - rank(y) || (x.span?.start.offset ?? 0) - (y.span?.start.offset ?? 0),
  );
}

/** How many of each severity there are, and in how many files. */
export interface DiagnosticCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  readonly files: number;
}

/** Counts diagnostics by severity and the files that they point into. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): DiagnosticCounts {
  const of = (severity: string): number => diagnostics.filter((one) => one.severity === severity).length;
  const files = new Set(diagnostics.flatMap(({ span }) => (span ? [span.file] : [])));
  return { errors: of('error'), warnings: of('warning'), notes: of('note'), files: files.size };
}
