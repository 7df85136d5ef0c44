import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRegex } from './regex.ts';
import { regexProblem } from './regex-syntax.ts';

function matches(pattern: string, text: string): boolean {
  const compiled = compileRegex(pattern);
  if (typeof compiled === 'string') throw new Error(compiled);
  return compiled(text);
}

describe('whole texts', () => {
  test.each([
    ['abc', 'abc', true],
    ['abc', 'xabc', false],
    ['a.c', 'a\nc', false],
    ['(?s)a.c', 'a\nc', true],
    ['(?i)AbC', 'aBc', true],
    ['a(?i:B)c', 'abc', true],
    ['a(?i:B)c', 'abC', false],
    ['[[:alpha:]_]+', 'ab_c', true],
    ['[^[:digit:]]+', 'a1', false],
    ['[]a]+', ']a', true],
    ['[a\\]-]+', 'a]-', true],
    ['\\d{2,3}', '1234', false],
    ['a{0}b', 'b', true],
    ['a{,2}', 'a{,2}', true],
    ['\\x41\\x{1F600}', 'A😀', true],
    ['😀+', '😀😀', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['\\Qa+(b\\Ec|d', 'a+(bc', true],
    ['^a$', 'a', true],
    ['a\\b.*', 'a b', true],
    ['a\\b.*', 'ab', false],
    ['(?P<name>a)b', 'ab', true],
    ['', '', true],
    ['a|', '', true],
    ['/etc/(passwd|shadow).*', '/etc/shadow-', true],
    ['a**b+?', 'aaa', true],
    ['a+?', '', true],
    ['(a?)+{2}', 'aa', true],
    ['a{2}{3}', 'aaaaaa', true],
    ['a{2}{3}', 'aaaaa', false],
    ['a{2}*', 'aaa', false],
    ['^a$\n^b$', 'a\nb', true],
    ['\\Aa\\z\\n', 'a\n', false],
    ['\\0\\012\\101', '\0\nA', true],
  ] as const)('%s on %s', (pattern, text, wanted) => expect(matches(pattern, text)).toBe(wanted));
});

test.each([
  ['(a', 'a `(` without its `)`'],
  ['a)', 'a `)` without its `(`'],
  ['*a', 'nothing for `*` to repeat'],
  ['a{100}{100}', 'a repetition that is too large'],
  ['[a', 'a `[` without its `]`'],
  ['[z-a]', 'a range that ends before it begins'],
  ['(a)\\1', 'a backreference is not RE2'],
  ['(?=a)', 'lookaround and other groups of this kind are not RE2'],
  ['a{1001}', 'a repetition that is too large or ends before it begins'],
  ['\\q', '`\\q` is no escape of RE2'],
  ['[[:nothing:]]', 'there is no such class'],
])('%s is refused', (pattern, wanted) => expect(regexProblem(pattern)).toContain(wanted));

test('the same as JavaScript where both mean the same', () => {
  const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '(a|b)', '(?:ab|c)');
  const piece = fc
    .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '*?'))
    .map((parts) => parts.join(''));
  const sequence = fc.array(piece, { maxLength: 5 }).map((parts) => parts.join(''));
  const pattern = fc.array(sequence, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|'));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '1', ' ', 'é'), { maxLength: 8 })
    .map((signs) => signs.join(''));
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
      const theirs = new RegExp(`^(?:${source})$`, 'u');
      for (const one of texts) expect(matches(source, one), one).toBe(theirs.test(one));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test('patterns on which others take for ever are linear', () => {
  const begun = process.threadCpuUsage();
  expect(matches('(a+)+b', 'a'.repeat(50_000))).toBe(false);
  expect(matches('(a|a)*c', 'a'.repeat(50_000))).toBe(false);
  expect(matches('(a?){50}a{50}', 'a'.repeat(50))).toBe(true);
  expect(matches('(.*)(.*)(.*)(.*)x', 'y'.repeat(20_000))).toBe(false);
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(2000);
});

test('a long row of repetitions is no deep tree', () => {
  expect(matches(`a${'*'.repeat(100_000)}`, 'aa')).toBe(true);
  expect(matches(`a${'{1}'.repeat(10_000)}`, 'a')).toBe(true);
  expect(matches(`a${'{0}'.repeat(10_000)}`, '')).toBe(true);
});

test('a pattern that grows too large is refused', () => {
  expect(compileRegex('((a{500}){500}){500}')).toBe('the pattern is too large');
});
