import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diagnose, type Span } from '../../../diagnostic/diagnostic.ts';
import { PortSet } from '../../../net/port-set.ts';
import { invalidAssertion, mustFails } from '../../../posture/assertions/codes.ts';
import type { Assertion } from '../../../posture/assertions/model.ts';
import { testJunit } from './junit.ts';
import type { TestRun } from './tested.ts';
import { checkJunit, readXml } from './xml.oracle.ts';

const position = { line: 3, column: 5, offset: 20 };
const span = (file: string): Span => ({ file, start: position, end: position });

function runOf(text: string): TestRun {
  const assertion: Assertion = {
    kind: 'must',
    name: text,
    reason: text,
    from: [],
    to: [],
    ports: { numbers: PortSet.of(80), names: [], text: '80', span: span(text) },
    protocols: ['TCP'],
    request: undefined,
    allowUnknown: false,
    span: span(text),
  };
  const packet = { source: text, destination: text, protocol: 'TCP', port: 80 } as const;
  const diagnostic = diagnose(mustFails, { message: text, span: span(text), help: text });
  return {
    files: [text],
    tested: [
      { assertion, passed: true, pairs: 1, counterexamples: [], diagnostics: [], seconds: 0.001 },
      {
        assertion,
        passed: false,
        pairs: 1,
        counterexamples: [{ packet, outcome: 'deny' }],
        diagnostics: [diagnostic],
        seconds: 1234.5,
      },
    ],
    faults: [diagnose(invalidAssertion, { message: text, span: span(text) })],
    startedAt: '2026-01-02T03:04:05',
    seconds: 1.5,
  };
}

/** What is left of a text: characters that XML forbids are replaced. */
const carried = (text: string) =>
  text.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');

test('counts, suites and cases', () => {
  const root = readXml(testJunit(runOf('picket-test.yaml')));
  checkJunit(root);
  expect(root.attributes).toMatchObject({ tests: '3', failures: '1', errors: '1' });
  const [suite] = root.children;
  expect(suite?.attributes).toMatchObject({
    name: 'picket-test.yaml',
    tests: '3',
    failures: '1',
    errors: '1',
  });
  expect(suite?.children.map(({ children }) => children.map(({ name }) => name))).toEqual([
    [],
    ['failure'],
    ['error'],
  ]);
  expect(suite?.children[1]?.children[0]?.text).toContain('at picket-test.yaml:3:5');
});

test.each([
  'a & b < c > d "e" \'f\' ]]> <![CDATA[',
  'tab\tline\nreturn\r end',
  'nul\u0000 bell\u0007 escape\u001b[31m del\u007f',
  'half \ud800 pair \udc00 whole 😀 end \uffff \ufffe',
  '</failure></testcase></testsuite>',
  '&#0; &amp; %x; <!-- -->',
])('the hostile name %j cannot break out', (text) => {
  const root = readXml(testJunit(runOf(text)));
  checkJunit(root);
  expect(root.children[0]?.children[0]?.attributes.name).toBe(carried(text));
  expect(root.children[0]?.children[1]?.children[0]?.attributes.message).toBe(carried(text));
});

test('any text is well-formed and carried over', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const root = readXml(testJunit(runOf(text)));
      checkJunit(root);
      expect(root.children[0]?.attributes.name).toBe(carried(text));
    }),
    { numRuns: 300 },
  );
});
