import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { syscallSource } from '../../event/syscall-source.ts';
import { fileText } from '../../manifest/embedded.ts';
import type { LoadFinding } from '../load/findings.ts';
import { loadRules } from '../load/load.ts';
import { type ExpectedFinding, falcoData, listed, regressionCases, regressionPath } from './cases.fixture.ts';

/**
 * What Falco finds wrong in rules files, against what Picket finds. Codes and items are equal. Messages are, too, but for
 * - conditions that do not parse: Picket says in its own words what was expected;
 * - files that are no list of objects: the same words, with or without a full stop.
 */
const ownWords: ReadonlySet<string> = new Set(['LOAD_ERR_COMPILE_CONDITION']);

/** Codes that later versions of Falco call otherwise. */
const renamed: Readonly<Record<string, string>> = { LOAD_UNKNOWN_FIELD: 'LOAD_UNKNOWN_FILTER' };

/**
 * Cases in which today's engine says more or otherwise than 0.34.1, with the reason.
 * - `append: true` is deprecated since 0.38, and says so; names with blanks are told since 0.36.
 */
const added: ReadonlySet<string> = new Set([
  'LOAD_DEPRECATED_ITEM',
  'LOAD_UNUSED_MACRO',
  'LOAD_UNUSED_LIST',
  'LOAD_INVALID_MACRO_NAME',
]);

const cases = Object.entries(regressionCases).filter(([, one]) => one.validate_rules_file !== undefined);
test.skipIf(cases.length > 0)(`validation of rules files: needs ${falcoData}`, () => {});

let compared = 0;
afterAll(() => {
  if (cases.length > 0) console.log(`${cases.length} validations: ${compared} findings compared`);
});

test.each(cases)('validation: %s', (_, one) => {
  const files = listed(one.validate_rules_file).map((name) =>
    fileText(name, readFileSync(regressionPath(name), 'utf8')),
  );
  const { findings } = loadRules(files, { sources: new Map([['syscall', syscallSource]]) });
  const errors = findings.filter(({ code }) => code.severity === 'error');
  const warnings = findings.filter(({ code }) => code.severity === 'warning');
  compareFindings(errors, one.validate_errors ?? [], false);
  compareFindings(warnings, one.validate_warnings ?? [], true);
  if (one.exit_status === 1) expect(errors).not.toEqual([]);
});

function compareFindings(
  found: readonly LoadFinding[],
  wanted: readonly ExpectedFinding[],
  mayHaveMore: boolean,
): void {
  const rest = [...found];
  for (const one of wanted) {
    const code = renamed[one.code] ?? one.code;
    const at = rest.findIndex((finding) => finding.code.falco === code && isAbout(finding, one));
    expect(at, `${JSON.stringify(one)} among ${found.map(shown).join('; ')}`).toBeGreaterThanOrEqual(0);
    const [finding] = rest.splice(at, 1);
    compared++;
    const message = (finding as LoadFinding).message;
    if (one.message_contains !== undefined) expect(message).toContain(one.message_contains);
    if (one.message !== undefined && !ownWords.has(code))
      expect(message).toContain(one.message.replace(/\.$/, ''));
  }
  const more = rest.filter(({ code }) => !(mayHaveMore && added.has(code.falco)));
  expect(more.map(shown)).toEqual([]);
}

function isAbout({ context }: LoadFinding, { item_type, item_name }: ExpectedFinding): boolean {
  const inner = context.at(-1);
  return inner?.type === item_type && inner.name === item_name;
}

function shown({ code, context, message }: LoadFinding): string {
  return `${code.falco} ${context.map(({ type, name }) => `${type} ${name}`).join(' > ')}: ${message}`;
}
