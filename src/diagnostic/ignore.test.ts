import { expect, test } from 'vitest';
import { type CodeDefinition, type Diagnostic, diagnose } from './diagnostic.ts';
import { applyIgnores, type KnownCodes } from './ignore.ts';
import { LineIndex } from './position.ts';

const definition: CodeDefinition = {
  code: 'PKT9001',
  title: 'Colour',
  class: 'provable',
  severity: 'warning',
  since: '0.2.0',
  doc: '',
};
const known: KnownCodes = {
  get: (code) => (code === 'PKT9001' || code === 'PKT9002' ? {} : undefined),
  nearest: (code) => (code === 'PKT901' ? 'PKT9001' : undefined),
};

/** A finding at every `RED` of the text, beside the ignore comments of that text. */
function ignore(text: string) {
  const index = new LineIndex(text);
  const found: Diagnostic[] = [...text.matchAll(/RED/g)].map((match) =>
    diagnose(definition, { message: 'red', span: index.span('a.yaml', match.index, match.index + 3) }),
  );
  const { shown, hidden } = applyIgnores(found, ['a.yaml'], { get: () => text }, known);
  return { hidden: hidden.map(({ span }) => span?.start.line), shown: shown.map(said) };
}

function said({ code, span, message }: Diagnostic): string {
  return code === 'PKT9001' ? `line ${span?.start.line}` : `line ${span?.start.line}: ${message}`;
}

test.each([
  ['on the line itself', 'a: RED # picket-ignore PKT9001 as agreed\nb: RED', [1], ['line 2']],
  ['above it', '# picket-ignore PKT9001 as agreed\na: RED\nb: RED', [2], ['line 3']],
  ['above, with others between', '# picket-ignore PKT9001 why\n\n  # more\na: RED', [4], []],
  ['with several codes', 'a: RED # picket-ignore PKT9002,PKT9001 why', [1], []],
  ['in lower case', 'a: RED # picket-ignore pkt9001 why', [1], []],
  ['at a line end of two characters', 'a: RED # picket-ignore PKT9001 why\r\nb: RED\r\n', [1], ['line 2']],
  ['for the whole file', 'a: RED\nb: RED\n# picket-ignore-file PKT9001 a paint shop', [1, 2], []],
])('a comment hides %s', (_, text, hidden, shown) => {
  expect(ignore(text)).toEqual({ hidden, shown });
});

test.each([
  ['no reason', 'a: RED # picket-ignore PKT9001', 'the ignore comment gives no reason, so it hides nothing'],
  ['no code', 'a: RED # picket-ignore', 'the ignore comment names no code'],
  ['an unknown code', 'a: RED # picket-ignore PKT901 why', 'there is no code PKT901 to ignore'],
])('a comment with %s hides nothing and is told', (_, text, message) => {
  expect(ignore(text)).toEqual({ hidden: [], shown: [`line 1: ${message}`, 'line 1'] });
});

test('a comment that hides nothing is told', () => {
  expect(ignore('# picket-ignore PKT9001 why\na: blue')).toEqual({
    hidden: [],
    shown: ['line 1: there is no finding PKT9001 on line 2 to ignore'],
  });
});

test('what only looks like a comment is none', () => {
  expect(ignore('a: "RED#picket-ignore PKT9001 why"')).toEqual({ hidden: [], shown: ['line 1'] });
});
