import { describe, expect, test } from 'vitest';
import { hostMatches, hostRank, hostsIntersect } from './hostnames.ts';

describe('hostMatches', () => {
  // networking.k8s.io/v1 IngressRule, "Hostname wildcards"; Gateway API, Hostname.
  test.each([
    ['foo.com', 'foo.com', true, true],
    ['foo.com', 'FOO.com', true, true],
    ['foo.com', 'bar.foo.com', false, false],
    ['*.foo.com', 'bar.foo.com', true, true],
    ['*.foo.com', 'baz.bar.foo.com', false, true],
    ['*.foo.com', 'foo.com', false, false],
    ['*.foo.com', '.foo.com', false, false],
    ['*.foo.com', 'barfoo.com', false, false],
  ])('%s covers %s: %s in an Ingress, %s in a Gateway', (pattern, host, one, many) => {
    expect(hostMatches(pattern, host, 'one-label')).toBe(one);
    expect(hostMatches(pattern, host, 'many-labels')).toBe(many);
  });
});

test.each([
  ['a.test', 'a.test', true],
  ['a.test', 'b.test', false],
  ['*.test', 'b.a.test', true],
  ['*.test', 'test', false],
  ['*.a.test', '*.test', true],
  ['*.a.test', '*.b.test', false],
])('%s and %s meet: %s', (a, b, expected) => {
  expect(hostsIntersect(a, b)).toBe(expected);
  expect(hostsIntersect(b, a)).toBe(expected);
});

test('an exact name goes before wildcards, a longer wildcard before a shorter one, no name last', () => {
  const patterns = [undefined, '*.test', 'a.b.test', '*.b.test'];
  expect(patterns.sort((a, b) => hostRank(b) - hostRank(a))).toEqual([
    'a.b.test',
    '*.b.test',
    '*.test',
    undefined,
  ]);
});
