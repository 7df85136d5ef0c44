import type { Diagnostic } from '../../../diagnostic/diagnostic.ts';
import { packetText } from '../../../posture/assertions/report.ts';
import { countsOf, type Tested, type TestRun } from './tested.ts';

/**
 * Returns the results as JUnit XML, one suite for each assertion file, as the schema of Jenkins' xUnit plugin
 * (junit-10.xsd) has it, which other readers of the format take too.
 */
export function testJunit(run: TestRun): string {
  const { passed, failed, faults } = countsOf(run);
  const suites = run.files.map((file) => suite(file, run));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({
      name: 'picket test',
      tests: passed + failed + faults,
      failures: failed,
      errors: faults,
      time: time(run.seconds),
    })}>`,
    ...suites,
    '</testsuites>\n',
  ].join('\n');
}

function suite(file: string, run: TestRun): string {
  const tested = run.tested.filter(({ assertion }) => assertion.span.file === file);
  const faults = run.faults.filter(({ span, severity }) => span?.file === file && severity === 'error');
  const seconds = tested.reduce((sum, one) => sum + one.seconds, 0);
  const failures = tested.filter(({ passed }) => !passed).length;
  return [
    `  <testsuite${attributes({
      name: file,
      tests: tested.length + faults.length,
      failures,
      errors: faults.length,
      skipped: 0,
      time: time(seconds),
      timestamp: run.startedAt,
      file,
    })}>`,
    ...tested.map(testCase),
    ...faults.map(faultCase),
    '  </testsuite>',
  ].join('\n');
}

function testCase({ assertion, passed, counterexamples, diagnostics, seconds }: Tested): string {
  const { name, span } = assertion;
  const open = `    <testcase${attributes({ name, classname: span.file, time: time(seconds) })}`;
  if (passed) return `${open}/>`;
  const examples = counterexamples.map(({ packet, outcome }) => `${outcome}: ${packetText(packet)}`);
  const text = [...diagnostics.map(diagnosticText), ...examples].join('\n');
  const [first] = diagnostics;
  return [
    `${open}>`,
    `      <failure${attributes({ message: first?.message ?? name, type: first?.code ?? 'failure' })}>${content(text)}</failure>`,
    '    </testcase>',
  ].join('\n');
}

function faultCase(diagnostic: Diagnostic): string {
  const { code, message, span } = diagnostic;
  const name = `${code} at ${span?.start.line ?? 1}:${span?.start.column ?? 1}`;
  return [
    `    <testcase${attributes({ name, classname: span?.file ?? '', time: time(0) })}>`,
    `      <error${attributes({ message, type: code })}>${content(diagnosticText(diagnostic))}</error>`,
    '    </testcase>',
  ].join('\n');
}

function diagnosticText({ code, message, span, related, help }: Diagnostic): string {
  const place = (one: NonNullable<Diagnostic['span']>) => `${one.file}:${one.start.line}:${one.start.column}`;
  return [
    `${code}: ${message}`,
    ...(span === undefined ? [] : [`  at ${place(span)}`]),
    ...related.map((one) => `  at ${place(one.span)}: ${one.message}`),
    ...(help === undefined ? [] : [`  help: ${help}`]),
  ].join('\n');
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join('');
}

function time(seconds: number): string {
  return seconds.toFixed(3);
}

/** Everything but the characters that XML 1.0 §2.2 allows; lone halves of surrogate pairs too. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function content(text: string): string {
  return text
    .replaceAll(forbidden, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}

function attribute(text: string): string {
  return content(text).replaceAll('"', '&quot;').replaceAll('\t', '&#9;').replaceAll('\n', '&#10;');
}
