import type { RuleTestResult } from '../../rules/testing/run-test.ts';
import type { Style } from '../io.ts';
import { printable } from '../table.ts';

/** Tests of one file. */
export interface TestedFile {
  readonly file: string;
  /** False when the file could not be read: that counts as a failure. */
  readonly readable: boolean;
  readonly tests: readonly RuleTestResult[];
}

/** Returns the results of rule tests as text, JSON or JUnit XML. */
export function testResults(
  files: readonly TestedFile[],
  form: string,
  isQuiet: boolean,
  style: Style,
): string {
  if (form === 'json') return `${JSON.stringify(jsonOf(files), null, 2)}\n`;
  return form === 'junit' ? junitOf(files) : textOf(files, isQuiet, style);
}

function textOf(files: readonly TestedFile[], isQuiet: boolean, style: Style): string {
  const lines: string[] = [];
  for (const { file, readable, tests } of files) {
    if (!readable) lines.push(`${style('red', '✗')} ${file}: cannot be read`);
    for (const { name, passed, failures } of tests) {
      if (passed && isQuiet) continue;
      lines.push(`${passed ? style('green', '✓') : style('red', '✗')} ${printable(name)}`);
      lines.push(...failures.map((failure) => `    ${printable(failure)}`));
    }
  }
  const { passed, failed } = count(files);
  return `${[...lines, `${passed} passed, ${failed} failed`].join('\n')}\n`;
}

function count(files: readonly TestedFile[]) {
  const all = files.flatMap(({ tests }) => tests);
  const passed = all.filter((test) => test.passed).length;
  return { passed, failed: all.length - passed + files.filter(({ readable }) => !readable).length };
}

function jsonOf(files: readonly TestedFile[]) {
  return {
    schemaVersion: 1,
    ...count(files),
    files: files.map(({ file, readable, tests }) => ({
      file,
      readable,
      tests: tests.map(({ name, passed, failures, alerts }) => ({
        name,
        passed,
        failures,
        alerts: alerts.map(({ rule, event, message }) => ({ rule: rule.name, event, message })),
      })),
    })),
  };
}

function junitOf(files: readonly TestedFile[]): string {
  const { passed, failed } = count(files);
  const suites = files.map(({ file, readable, tests }) => {
    const failures = tests.filter((test) => !test.passed).length;
    const cases = tests.map(({ name, failures: why }) => {
      const head = `    <testcase name="${escaped(name)}" classname="${escaped(file)}"`;
      return why.length === 0
        ? `${head}/>`
        : `${head}>\n      <failure message="${escaped(why[0] as string)}">${escaped(why.join('\n'))}</failure>\n    </testcase>`;
    });
    const broken = readable
      ? []
      : [
          `    <testcase name="${escaped(file)}" classname="${escaped(file)}">\n      <error message="cannot be read"/>\n    </testcase>`,
        ];
    return `  <testsuite name="${escaped(file)}" tests="${tests.length + broken.length}" failures="${failures}" errors="${broken.length}">\n${[...cases, ...broken].join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="picket rules test" tests="${passed + failed}" failures="${failed}">\n${suites.join('\n')}\n</testsuites>\n`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Text in XML; signs that XML has not at all are shown. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"\n]/g, (sign) => entities[sign] as string)
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, printable);
}
