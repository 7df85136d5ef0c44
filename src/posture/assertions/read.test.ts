import { expect, test } from 'vitest';
import { isAssertionFile, readAssertions } from './read.ts';

function read(text: string, name = 'picket-test.yaml') {
  return readAssertions([{ name, bytes: new TextEncoder().encode(text) }]);
}

const codes = (text: string) => read(text).diagnostics.map(({ code }) => code);
const messages = (text: string) => read(text).diagnostics.map(({ message }) => message);
const item = (text: string) => `assertions:\n  - ${text}\n`;

test('files by name', () => {
  for (const name of ['picket-test.yaml', 'a/picket-test.yml', 'a\\shop.picket-test.yaml']) {
    expect(isAssertionFile(name), name).toBe(true);
  }
  for (const name of ['picket-test.json', 'my-picket-test.yaml', 'picket-test.yaml.md', 'picket.yaml']) {
    expect(isAssertionFile(name), name).toBe(false);
  }
  expect(read('assertions: 7', 'other.yaml')).toEqual({ assertions: [], diagnostics: [], files: [] });
});

test('every form of ends and ports', () => {
  const { assertions, diagnostics } = read(
    item(
      'must-not: {from: [internet, any, "*", 10.0.0.0/8, "2001:db8::1", office, Ingress shop/*, {labels: {app: web}}], to: Pod/shop/db, port: [80, 8000-8100, http], protocol: any}',
    ),
  );
  expect(diagnostics).toEqual([]);
  const [first] = assertions;
  expect(first?.from.map(({ pattern }) => pattern.kind)).toEqual([
    'internet',
    'any',
    'name',
    'addresses',
    'addresses',
    'word',
    'entry',
    'labels',
  ]);
  expect(first?.ports.numbers.toString()).toBe('80,8000-8100');
  expect(first?.ports.names).toEqual(['http']);
  expect(first?.protocols).toEqual(['TCP', 'UDP', 'SCTP']);
});

test('without a port everything is meant; with one, TCP', () => {
  const [any, port] = read(
    `${item('must-not: {from: a/b, to: c/d}')}  - must-not: {from: a/b, to: c/d, port: 80}\n`,
  ).assertions;
  expect([any?.ports.numbers.toString(), any?.protocols]).toEqual(['1-65535', ['TCP', 'UDP', 'SCTP']]);
  expect([port?.ports.numbers.toString(), port?.protocols]).toEqual(['80', ['TCP']]);
});

test('names are made where none is given, and the place is that of the word', () => {
  const [first] = read(item('only: {from: [a/b, internet], to: c/d, port: 80}')).assertions;
  expect(first?.name).toBe('a/b, internet alone may reach c/d 80');
  expect(first?.span).toMatchObject({ file: 'picket-test.yaml', start: { line: 2, column: 5 } });
});

test.each([
  ['must: {from: a/b, to: c/d, prt: 80}', /unknown field `prt`.*did you mean `port`/],
  ['must: {from: a/b, to: c/d, port: 0}', /port/],
  ['must: {from: a/b, to: c/d, port: 70000}', /port/],
  ['must: {from: a/b, to: c/d, port: 90-80}', /no range of ports/],
  ['must: {from: a/b, to: c/d, port: "0-80"}', /from 1 to 65535/],
  ['must: {from: a/b, to: c/d, port: "HTTP!"}', /neither a port/],
  ['must: {from: a/b, port: 80}', /`to` is missing|must be an end/],
  ['must: {from: a//b, to: c/d, port: 80}', /is no end/],
  ['must: {from: 10.0.0.0/33, to: c/d, port: 80}', /looks like an address/],
  ['must: {from: {namespce: a}, to: c/d, port: 80}', /has a field beside namespace/],
  ['must: {from: [], to: c/d, port: 80}', /is empty/],
  ['must: {from: a/b, to: c/d, port: 80, protocol: tcp}', /TCP/],
  ['{name: x}', /neither `must`, `must-not` nor `only`/],
  ['{must: {from: a/b, to: c/d}, only: {from: a/b, to: c/d}}', /both `must` and `only`/],
  ['must: {from: a/b, to: c/d, port: any, request: {path: /}}', /at most 16/],
  ['text', /assertion/],
])('%s is refused', (text, message) => {
  const { assertions, diagnostics } = read(item(text));
  expect(assertions).toEqual([]);
  expect(diagnostics.length).toBeGreaterThan(0);
  expect(diagnostics.map((one) => one.message).join('\n')).toMatch(message);
  for (const { code, severity, span } of diagnostics) {
    expect([code, severity, span?.file]).toEqual(['PKT0450', 'error', 'picket-test.yaml']);
  }
});

test('a faulty item leaves the others standing', () => {
  const { assertions, diagnostics } = read(
    `${item('must: {form: a/b, to: c/d}')}  - must: {from: a/b, to: c/d, port: 80}\n`,
  );
  expect([assertions.length, diagnostics.length > 0]).toEqual([1, true]);
});

test('files that are none', () => {
  expect(messages('assertion: []')).toEqual([
    'unknown field `assertion` in an assertion file',
    'the file has no `assertions`',
  ]);
  expect(messages('assertions: {}')).toEqual(['`assertions` must be a list']);
  expect(messages('- x')).toEqual(['the file has no `assertions`']);
  expect(codes('a: [')).toContain('PKT0005');
  expect(read('assertions: [\u0000]').diagnostics).toHaveLength(1);
  expect(read('').assertions).toEqual([]);
});

test('limits hold', () => {
  const bytes = new TextEncoder().encode(item('must: {from: a/b, to: c/d}'));
  const [large] = readAssertions([{ name: 'picket-test.yaml', bytes }], { maxFileBytes: 10 }).diagnostics;
  expect(large?.code).toBe('PKT0003');
  const [long] = readAssertions([{ name: 'picket-test.yaml', bytes }], { maxDocumentLength: 10 }).diagnostics;
  expect(long?.code).toBe('PKT0004');
});
