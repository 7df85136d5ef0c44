import type { Diagnostic, Span } from '../../diagnostic/diagnostic.ts';
import { diagnose } from '../../diagnostic/diagnostic.ts';
import { type EmbeddedText, embeddedDocuments } from '../../manifest/embedded.ts';
import type { Path } from '../../manifest/resource.ts';
import { invalidRuleTest } from './codes.ts';
import { makeEvent } from './make-event.ts';
import { type RuleTestFile, ruleTestFileSchema } from './schema.ts';

/** A file of rule tests that can be run, with the places of its parts. */
export interface ReadRuleTests {
  readonly file: RuleTestFile | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Where a part of the file stands. */
  at(path: Path): Span;
}

/** Reads a file of rule tests. What is wrong is told with its place; then there is nothing to run. */
export function readRuleTests(text: EmbeddedText): ReadRuleTests {
  const [document, second] = embeddedDocuments(text);
  const diagnostics: Diagnostic[] = [...(document?.diagnostics ?? [])];
  const at = (path: Path) => document?.at(path) ?? text.span;
  const fault = (message: string, span: Span) =>
    diagnostics.push(diagnose(invalidRuleTest, { message, span }));
  if (document === undefined) fault('the file is empty', text.span);
  if (second !== undefined) fault('a file of rule tests is one document', second.span);
  const parsed = ruleTestFileSchema.safeParse(document?.value);
  for (const issue of document === undefined ? [] : (parsed.error?.issues ?? [])) {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const where = path.length === 0 ? '' : `\`${path.join('.')}\`: `;
    fault(
      `${where}${issue.message}`,
      issue.code === 'unrecognized_keys'
        ? (document?.keyAt([...path, issue.keys[0] ?? '']) ?? text.span)
        : at(path),
    );
  }
  for (const [test, { events = [] }] of (parsed.data?.tests ?? []).entries()) {
    for (const [index, event] of events.entries()) {
      const made = makeEvent(event, 0n);
      if ('problem' in made) fault(made.problem, at(['tests', test, 'events', index, ...made.path]));
    }
  }
  return {
    file: diagnostics.some(({ severity }) => severity === 'error') ? undefined : parsed.data,
    diagnostics,
    at,
  };
}
