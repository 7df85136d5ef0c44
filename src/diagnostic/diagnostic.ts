/** A place in a text: 1-based line and column (in UTF-16 code units, as editors count), 0-based offset. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** A stretch of one file, end exclusive. `file` is the name the user gave, or `<stdin>`. */
export interface Span {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** How bad it is. Only `error` and `warning` count as problems for exit codes. */
export type Severity = 'error' | 'warning' | 'note';

/**
 * What kind of knowledge a diagnostic rests on: the object's schema; something provable from the given
 * manifests alone; knowledge of a product's behaviour; or a condition of the environment.
 */
export type DiagnosticClass = 'schema' | 'provable' | 'product' | 'environment';

/** A stable diagnostic code: `PKT` and four digits. Never reused once released. */
export type Code = `PKT${number}`;

/** Replaces the text of `span` with `text`; an empty span inserts. */
export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** A literal repair. `safe` means that applying it cannot change what is allowed beyond the finding itself. */
export interface Fix {
  readonly title: string;
  readonly safe: boolean;
  readonly edits: readonly TextEdit[];
}

/** A further place that explains the problem. */
export interface RelatedSpan {
  readonly span: Span;
  readonly message: string;
}

/** The one value for every problem that is shown to a person; terminal, JSON, SARIF and page render it. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly class: DiagnosticClass;
  /** One terse line, no full stop. */
  readonly message: string;
  /** Absent only when the problem has no place in a text (an environment problem). */
  readonly span?: Span;
  readonly related: readonly RelatedSpan[];
  /** What to do, as literally as possible. */
  readonly help?: string;
  readonly fix?: Fix;
}

/** What is known about a code, for `picket explain`, the reference pages and SARIF rules. */
export interface CodeDefinition {
  readonly code: Code;
  readonly title: string;
  readonly class: DiagnosticClass;
  readonly severity: Severity;
  /** Version that introduced it. */
  readonly since: string;
  /** Markdown: what it means, why it matters, how to mend it. */
  readonly doc: string;
  /** A short manifest or situation that shows it, and what to write instead. */
  readonly example?: { readonly bad: string; readonly good?: string };
}

/** What a caller says of one occurrence; the rest comes from its definition. */
export interface Occurrence {
  readonly message: string;
  readonly span?: Span;
  readonly severity?: Severity;
  readonly related?: readonly RelatedSpan[];
  readonly help?: string;
  readonly fix?: Fix;
}

/** Returns the diagnostic of `definition` for one occurrence. */
export function diagnose(definition: CodeDefinition, occurrence: Occurrence): Diagnostic {
  return {
    code: definition.code,
    class: definition.class,
    related: [],
    ...occurrence,
    severity: occurrence.severity ?? definition.severity,
  };
}
