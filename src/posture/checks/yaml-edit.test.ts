import { expect, test } from 'vitest';
import type { TextEdit } from '../../diagnostic/diagnostic.ts';
import { applyEdits } from '../../diagnostic/fix.ts';
import { readManifests } from '../../manifest/read.ts';
import type { Resource, SourceTexts } from '../../manifest/resource.ts';
import {
  appendDocument,
  appendFields,
  appendItem,
  isPlainName,
  removeLines,
  replaceText,
} from './yaml-edit.ts';

function edited(
  text: string,
  edit: (source: Resource, sources: SourceTexts) => TextEdit | undefined,
  name = 'a.yaml',
) {
  const set = readManifests([{ name, bytes: new TextEncoder().encode(text) }]);
  const made = edit(set.resources[0]!, set.sources);
  return made === undefined ? undefined : applyEdits([made], text);
}

const head = 'apiVersion: v1\nkind: X\n';

test('an item goes behind the last one, at its indentation, behind its comment', () => {
  const add = (source: Resource, sources: SourceTexts) =>
    appendItem(sources, source, ['a'], ['x: 1', 'y: 2']);
  expect(edited(`${head}a:\n  - b: 1 # one\nc: 2\n`, add)).toBe(
    `${head}a:\n  - b: 1 # one\n  - x: 1\n    y: 2\nc: 2\n`,
  );
  expect(edited(`${head}a:\n- b: 1`, add)).toBe(`${head}a:\n- b: 1\n- x: 1\n  y: 2`);
  expect(edited(`${head}a: [{b: 1}]\n`, add)).toBeUndefined();
  expect(edited(`{"apiVersion":"v1","kind":"X","a":[1]}`, add, 'a.json')).toBeUndefined();
  expect(
    edited(`> \`\`\`yaml\n> apiVersion: v1\n> kind: X\n> a:\n> - b\n> \`\`\`\n`, add, 'a.md'),
  ).toBeUndefined();
});

test('fields go behind the last one of the mapping', () => {
  const add = (source: Resource, sources: SourceTexts) => appendFields(sources, source, ['a'], ['x: 1']);
  expect(edited(`${head}a:\n  b:\n    - c\nd: 2\n`, add)).toBe(`${head}a:\n  b:\n    - c\n  x: 1\nd: 2\n`);
  expect(edited(`${head}a: {b: 1}\n`, add)).toBeUndefined();
});

test('a document goes behind its document', () => {
  const add = (source: Resource, sources: SourceTexts) => appendDocument(sources, source, 'kind: Y\n');
  expect(edited(`${head}a: 1\n---\nkind: Z\n`, add)).toBe(`${head}a: 1\n---\nkind: Y\n---\nkind: Z\n`);
  expect(edited(`# T\n\`\`\`yaml\n${head}\`\`\`\n`, add, 'a.md')).toBe(
    `# T\n\`\`\`yaml\n${head}---\nkind: Y\n\`\`\`\n`,
  );
  expect(edited(`apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: X\n`, add)).toBeUndefined();
});

test('a field goes away with its lines', () => {
  const remove = (source: Resource, sources: SourceTexts) =>
    removeLines(sources, source.keyAt(['a']), source.at(['a']));
  expect(edited(`${head}a:\n  b: 1 # x\nc: 2\n`, remove)).toBe(`${head}c: 2\n`);
  expect(edited(`${head}c: 2\na: |\n  text\n`, remove)).toBe(`${head}c: 2\n`);
  expect(edited(`{"a":1,"apiVersion":"v1","kind":"X"}`, remove, 'a.json')).toBeUndefined();
});

test('a scalar is replaced within its quotes, and gets some where it needs them', () => {
  const write = (wanted: string) => (source: Resource, sources: SourceTexts) =>
    replaceText(sources, source.at(['a']), 'old', wanted);
  expect(edited(`${head}a: old # why\n`, write('new'))).toBe(`${head}a: new # why\n`);
  expect(edited(`${head}a: 'old'\n`, write('new'))).toBe(`${head}a: 'new'\n`);
  expect(edited(`${head}a: old\n`, write('*.b.test'))).toBe(`${head}a: "*.b.test"\n`);
  expect(edited(`${head}a: old\n`, write('x\nb: 1'))).toBeUndefined();
  expect(edited(`${head}a: |\n  old\n`, write('new'))).toBeUndefined();
  expect(edited(`${head}a: other\n`, write('new'))).toBeUndefined();
});

test('names that need no quotes', () => {
  expect(['a', 'a-1', 'a.b'].filter((name) => !isPlainName(name))).toEqual([]);
  expect(['', '-a', 'a\nb: 1', 'A: b', '*'].filter(isPlainName)).toEqual([]);
});
