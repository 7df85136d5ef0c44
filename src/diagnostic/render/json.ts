import { z } from 'zod';
import type { Diagnostic } from '../diagnostic.ts';
import { countDiagnostics } from '../order.ts';

const position = z.object({
  line: z.int().min(1).describe('1-based line.'),
  column: z.int().min(1).describe('1-based column in UTF-16 code units.'),
  offset: z.int().min(0).describe('0-based offset in UTF-16 code units, byte order mark not counted.'),
});
const span = z.object({ file: z.string(), start: position, end: position.describe('Exclusive.') });
const count = z.int().min(0);

/** What {@link renderJson} returns; its JSON Schema is docs/reference/schema/diagnostics.schema.json. */
export const diagnosticsOutput = z
  .object({
    schemaVersion: z.literal(1),
    diagnostics: z.array(
      z.object({
        code: z.string().regex(/^PKT\d{4}$/),
        severity: z.enum(['error', 'warning', 'note']),
        class: z.enum(['schema', 'provable', 'product', 'environment']),
        message: z.string(),
        span: span.optional().describe('Absent when the problem has no place in a text.'),
        related: z.array(z.object({ span, message: z.string() })),
        help: z.string().optional(),
        fix: z
          .object({
            title: z.string(),
            safe: z.boolean().describe('Applying it changes nothing beyond the finding.'),
            edits: z.array(z.object({ span, text: z.string() })),
          })
          .optional(),
      }),
    ),
    counts: z.object({ errors: count, warnings: count, notes: count, files: count }),
  })
  .meta({ title: 'Picket diagnostics' });

export type DiagnosticsOutput = z.infer<typeof diagnosticsOutput>;

/** The diagnostics as one plain value for JSON. */
export function renderJson(diagnostics: readonly Diagnostic[]): DiagnosticsOutput {
  return {
    schemaVersion: 1,
    diagnostics: diagnostics.map(({ related, fix, ...rest }) => ({
      ...rest,
      related: [...related],
      ...(fix ? { fix: { ...fix, edits: [...fix.edits] } } : {}),
    })),
    counts: countDiagnostics(diagnostics),
  };
}
