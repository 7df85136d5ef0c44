import { type Diagnostic, diagnose, type Fix, type Span } from '../../diagnostic/diagnostic.ts';
import type { LoadCode } from './codes.ts';

/** Something of a rules file that a finding is in, as Falco names it: `rule`, `macro`, `list`, `exception`, `rules content` … */
export interface ItemContext {
  readonly type: string;
  readonly name: string;
  readonly span: Span;
}

/** One problem of a rules file. */
export interface LoadFinding {
  readonly code: LoadCode;
  readonly message: string;
  readonly span: Span;
  /** From the outermost to the innermost. */
  readonly context: readonly ItemContext[];
  readonly help?: string;
  readonly fix?: Fix;
}

/** Returns the finding as every other problem is shown. */
export function toDiagnostic({ code, message, span, context, help, fix }: LoadFinding): Diagnostic {
  const item = context.findLast(({ name }) => name !== '');
  const told = item === undefined ? '' : `${item.type} \`${item.name}\`: `;
  return diagnose(code, {
    message: told + message,
    span,
    ...(help !== undefined && { help }),
    ...(fix && { fix }),
  });
}
