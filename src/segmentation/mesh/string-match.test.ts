import { describe, expect, test } from 'vitest';
import { Ternary } from '../ternary.ts';
import {
  compilePathTemplate,
  compileString,
  isPathTemplate,
  matchesGlob,
  matchesPathTemplate,
  matchesPrincipal,
  matchesString,
} from './string-match.ts';

test.each([
  ['abc', 'abc', true],
  ['abc', 'abcd', false],
  ['abc*', 'abc', true],
  ['abc*', 'abcd', true],
  ['abc*', 'xabc', false],
  ['*abc', 'xabc', true],
  ['*abc', 'abcx', false],
  ['*', 'x', true],
  ['*', '', false],
  ['**', 'a*', true],
  ['a*b', 'axb', false],
])('%s and %s: %s', (pattern, text, expected) => {
  expect(matchesString(compileString(pattern), text)).toBe(expected);
});

const rest = 'ns/shop/sa/web';

test.each([
  ['cluster.local/ns/shop/sa/web', 'cluster.local', Ternary.Yes],
  ['cluster.local/ns/shop/sa/web', 'mesh.example', Ternary.Yes],
  ['mesh.example/ns/shop/sa/web', 'mesh.example', Ternary.Yes],
  ['mesh.example/ns/shop/sa/web', 'cluster.local', Ternary.Maybe],
  ['mesh.example/ns/shop/sa/api', 'cluster.local', Ternary.No],
  ['mesh.example/ns/shop/*', 'cluster.local', Ternary.Maybe],
  ['mesh*', 'cluster.local', Ternary.Maybe],
  ['mesh.example/ns/ops/*', 'cluster.local', Ternary.No],
  ['*/sa/web', 'cluster.local', Ternary.Yes],
  ['*example/ns/shop/sa/web', 'cluster.local', Ternary.Maybe],
  ['*example/ns/shop/sa/api', 'cluster.local', Ternary.No],
  ['spiffe://cluster.local/ns/shop/sa/web', 'cluster.local', Ternary.No],
])('principal %s in %s: %s', (pattern, domain, expected) => {
  expect(matchesPrincipal(compileString(pattern), domain, rest)).toBe(expected);
});

test.each([
  ['a*b', 'axxb', true],
  ['a*b', 'ab', true],
  ['a*b', 'a', false],
  ['a*a', 'a', false],
  ['*x*y*', 'axbyc', true],
  ['*x*y*', 'aybxc', false],
  ['shop', 'shop', true],
  ['sh*', 'shop', true],
])('glob %s and %s: %s', (pattern, text, expected) => {
  expect(matchesGlob(pattern, text)).toBe(expected);
});

test('a hostile glob ends soon', () => {
  const started = process.threadCpuUsage();
  expect(matchesGlob(`${'*a'.repeat(5000)}*b`, 'a'.repeat(10_000))).toBe(false);
  // Of this thread: other tests run at the same time.
  expect(process.threadCpuUsage(started).user / 1000).toBeLessThan(2000);
});

describe('path templates', () => {
  test.each([
    ['/foo/{*}', '/foo/bar', true],
    ['/foo/{*}', '/foo/bar/baz', false],
    ['/foo/{*}', '/foo/', false],
    ['/foo/{**}', '/foo/bar/baz', true],
    ['/foo/{**}', '/foo/', true],
    ['/foo/{**}', '/foo', false],
    ['/foo/{*}/bar/{**}', '/foo/x/bar/y/z', true],
    ['/foo/{*}/bar/{**}', '/foo/x/baz/y', false],
    ['/{**}/baz', '/a/b/baz', true],
    ['/{**}/baz', '/baz', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    const template = compilePathTemplate(pattern);
    if (typeof template === 'string') throw new Error(template);
    expect(matchesPathTemplate(template, path)).toBe(expected);
  });

  test.each(['/a{*}', '/{**}/{*}', '/{**}/{**}', '/{*}/b*', '/{*}{*}'])('%s is refused', (pattern) => {
    expect(isPathTemplate(pattern)).toBe(true);
    expect(compilePathTemplate(pattern)).toBeTypeOf('string');
  });
});
