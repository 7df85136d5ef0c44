import { expect, test } from 'vitest';
import { compileGlob } from './glob.ts';
import { compilePathPrefixes } from './path-prefixes.ts';

test.each([
  ['*', '', true],
  ['/etc/*', '/etc/a/b', true],
  ['/etc/*', '/etcetera', false],
  ['*.conf', 'a.conf', true],
  ['*a*b*', 'xaxbx', true],
  ['*a*b*', 'xbxax', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', true],
  ['[ab]c', 'bc', true],
  ['[!ab]c', 'bc', false],
  ['[^ab]c', 'cc', true],
  ['[a-c]x', 'bx', true],
  ['[]a]x', ']x', true],
  ['[[:digit:]]x', '7x', true],
  ['[a', '[a', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['?', '😀', true],
])('%s on %s', (pattern, text, wanted) => expect(compileGlob(pattern)(text)).toBe(wanted));

test('case may be ignored', () => {
  expect(compileGlob('*Shadow?', true)('/ETC/sHADOW-')).toBe(true);
  expect(compileGlob('*Shadow?')('/ETC/sHADOW-')).toBe(false);
});

test('many stars are no trap', () => {
  const begun = process.threadCpuUsage();
  expect(compileGlob(`${'*a'.repeat(50)}b`)('a'.repeat(5000))).toBe(false);
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(begun).user / 1000).toBeLessThan(500);
});

test.each([
  ['/var/log', true],
  ['/var/log/messages', true],
  ['/var/logs', false],
  ['/var', false],
  ['/usr/bin/x', true],
  ['relative/x', true],
])('path prefixes: %s', (path, wanted) => {
  expect(compilePathPrefixes(['/var/log/', '/usr', 'relative'])(path)).toBe(wanted);
});
