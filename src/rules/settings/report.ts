import {
  type CodeDefinition,
  type Diagnostic,
  diagnose,
  type Fix,
  type Span,
} from '../../diagnostic/diagnostic.ts';
import type { Place } from './node.ts';

/** Collects what is to be said of a configuration. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  /** Of what stands at the place; of its key with `isKey`. */
  say(
    code: CodeDefinition,
    place: Place | undefined,
    message: string,
    {
      help,
      isKey = false,
      fix,
    }: { readonly help?: string; readonly isKey?: boolean; readonly fix?: (span: Span) => Fix } = {},
  ): void {
    const span = isKey ? place?.keyAt() : place?.at();
    this.diagnostics.push(
      diagnose(code, {
        message,
        ...(span && { span }),
        ...(help !== undefined && { help }),
        ...(span && fix && { fix: fix(span) }),
      }),
    );
  }
}
