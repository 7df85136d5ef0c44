import { z } from 'zod';
import { diagnosticsOutput, renderJson } from '../../../diagnostic/render/json.ts';
import { outcomeOutput, packetOutput, reasonOutput, spanOutput } from '../span-schema.ts';
import { countsOf, type TestRun } from './tested.ts';

const count = z.int().min(0);
const diagnostics = diagnosticsOutput.shape.diagnostics;

/** What `picket test -o json` prints; its JSON Schema is docs/reference/schema/test.schema.json. */
export const testOutput = z
  .object({
    schemaVersion: z.literal(1),
    files: z.array(z.string()).describe('The assertion files.'),
    assertions: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['must', 'must-not', 'only']),
        reason: z.string().optional(),
        span: spanOutput,
        passed: z.boolean(),
        pairs: count.describe('Pairs of ends that were looked at.'),
        counterexamples: z.array(
          z.object({
            packet: packetOutput,
            outcome: outcomeOutput,
            reason: reasonOutput.optional().describe('The reason that decided.'),
          }),
        ),
        diagnostics,
      }),
    ),
    faults: diagnostics.describe('What could not be read of the assertion files.'),
    counts: z.object({ passed: count, failed: count, faults: count }),
  })
  .meta({ title: 'Picket test' });

export type TestOutput = z.infer<typeof testOutput>;

/** Returns the results as a plain value for JSON. */
export function testJson(run: TestRun): TestOutput {
  return {
    schemaVersion: 1,
    files: [...run.files],
    assertions: run.tested.map(({ assertion, passed, pairs, counterexamples, diagnostics: found }) => {
      const { name, kind, reason, span } = assertion;
      return {
        name,
        kind,
        ...(reason === undefined ? {} : { reason }),
        span,
        passed,
        pairs,
        counterexamples: [...counterexamples],
        diagnostics: renderJson(found).diagnostics,
      };
    }),
    faults: renderJson(run.faults).diagnostics,
    counts: countsOf(run),
  };
}
