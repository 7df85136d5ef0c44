import { type CodeDefinition, type Diagnostic, diagnose, type Span } from '../diagnostic.ts';
import { LineIndex } from '../position.ts';

/** Diagnostics over small texts that the tests of the renderers share; places are named by the text that stands there. */
export const texts: Readonly<Record<string, string>> = {
  'policy.yaml':
    'kind: NetworkPolicy\nspec:\n  podSelecter: {}\n  ingress: []\n  egress: []\n  policyTypes: [Ingress]\n  ingress: [{}]\n',
  'wide.yaml': 'a:\t\tb\nname: "日本" # cafe\u0301 \u202etxet\nkey: \u001b[31mred\u001b[0m\n',
  'long.yaml': `x: [${'aaaa, '.repeat(100)}HERE, ${'bbbb, '.repeat(100)}]\n`,
  'dir with space/ümlaut.yaml': 'a: 1\r\nb: 2\r\n',
};
export const sources = { get: (file: string): string | undefined => texts[file] };

function at(file: string, needle: string, from = 0): Span {
  const text = texts[file]!;
  const start = text.indexOf(needle, from);
  if (start < 0) throw new Error(`${needle} is not in ${file}`);
  return new LineIndex(text).span(file, start, start + needle.length);
}

function code(number: number, title: string, severity: CodeDefinition['severity']): CodeDefinition {
  const shown = `PKT${number}` as CodeDefinition['code'];
  return { code: shown, title, severity, class: 'schema', since: '0.1.0', doc: `What ${title} means.` };
}

export const definitions = [
  code(9001, 'unknown field', 'warning'),
  code(9002, 'duplicate key', 'error'),
  code(9003, 'hostile text', 'note'),
];
const [unknown, duplicate, hostile] = definitions as [CodeDefinition, CodeDefinition, CodeDefinition];

const second = texts['policy.yaml']!.lastIndexOf('ingress');
export const diagnostics: readonly Diagnostic[] = [
  diagnose(unknown, {
    message: 'unknown field `podSelecter`, did you mean `podSelector`?',
    span: at('policy.yaml', 'podSelecter'),
    help: 'rename it to `podSelector`',
    fix: {
      title: 'rename it to `podSelector`',
      safe: false,
      edits: [{ span: at('policy.yaml', 'podSelecter'), text: 'podSelector' }],
    },
  }),
  diagnose(duplicate, {
    message: 'the key `ingress` is given twice',
    span: at('policy.yaml', 'ingress', second),
    related: [
      { span: at('policy.yaml', 'ingress'), message: 'first given here' },
      { span: at('dir with space/ümlaut.yaml', 'b: 2'), message: 'and once elsewhere' },
    ],
    help: 'keep one of them\nor rename the other',
    fix: {
      title: 'remove the second',
      safe: true,
      edits: [{ span: at('policy.yaml', '  ingress: [{}]\n', second - 2), text: '' }],
    },
  }),
  diagnose(duplicate, {
    message: 'a place over lines',
    span: at('policy.yaml', 'podSelecter: {}\n  ingress: []'),
  }),
  diagnose(hostile, {
    message: 'wide \u001b]0;title\u0007 characters\nand lines',
    span: at('wide.yaml', '日本'),
  }),
  diagnose(hostile, { message: 'a tab', span: at('wide.yaml', 'b') }),
  diagnose(hostile, { message: 'escape sequences', span: at('wide.yaml', 'red') }),
  diagnose(hostile, { message: 'a long line', span: at('long.yaml', 'HERE') }),
  diagnose(hostile, {
    message: 'a file without text',
    span: { ...at('policy.yaml', 'spec'), file: '<stdin>' },
  }),
  diagnose(hostile, { message: 'the environment', help: 'no place at all' }),
];
