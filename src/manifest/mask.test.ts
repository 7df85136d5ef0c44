import { expect, test } from 'vitest';
import { readManifests } from './read.ts';

function shown(text: string): string {
  return readManifests([{ name: 'a.yaml', bytes: new TextEncoder().encode(text) }]).sources.get('a.yaml')!;
}

const HEAD = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n';

test.each([
  [
    'data:\n  a: c2VjcmV0\n  wg0.conf: |\n    c2VjcmV0\n    user:c2VjcmV0\ntype: Opaque\n',
    'data:\n  a: ********\n  wg0.conf: *\n    ********\n    *************\ntype: Opaque\n',
  ],
  ['stringData: {a: "secret", b: secret}\n', 'stringData: *** ********* ** *******\n'],
  ['data:\n  a: secret\n  a: secret\n', 'data:\n  a: ******\n  a: ******\n'],
  ['data:\n\tsecret: "secret\n', 'data:\n\tsecret: *******\n'],
])('values of Secrets do not reach what is shown: %j', (body, expected) => {
  expect(shown(`${HEAD}${body}---\nkind: X\ndata: {a: kept}\n`)).toBe(
    `${HEAD}${expected}---\nkind: X\ndata: {a: kept}\n`,
  );
});

test('Secrets inside lists, and resource values, which stay as they are', () => {
  const list =
    '{"kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"a":"c2VjcmV0"}}]}';
  const set = readManifests([{ name: 'a.json', bytes: new TextEncoder().encode(list) }]);
  expect(set.sources.get('a.json')).not.toContain('c2VjcmV0');
  expect(set.sources.get('a.json')).toHaveLength(list.length);
  expect(set.resources[0]!.value).toMatchObject({ data: { a: 'c2VjcmV0' } });
});
