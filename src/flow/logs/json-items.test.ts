import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonItems } from './json-items.ts';

function items(within: 'list' | 'nothing', text: string, limit?: number): (string | null)[] {
  const found: (string | null)[] = [];
  const cutter = new JsonItems(
    within,
    (item) => found.push(item),
    () => found.push(null),
    limit,
  );
  for (const line of text.split('\n')) cutter.take(line);
  return found;
}

const object = fc.dictionary(fc.string(), fc.jsonValue());

test('objects of a list and objects in a row are the ones that JSON.parse sees', () => {
  fc.assert(
    fc.property(fc.array(object, { maxLength: 6 }), fc.constantFrom(undefined, 1, 4), (objects, indent) => {
      const list = JSON.stringify(objects, null, indent);
      expect(items('list', list).map((one) => JSON.parse(String(one)))).toEqual(JSON.parse(list));
      const row = objects.map((one) => JSON.stringify(one, null, indent)).join('\n');
      expect(items('nothing', row).map((one) => JSON.parse(String(one)))).toEqual(JSON.parse(list));
    }),
    { numRuns: 300 },
  );
});

test('what is no JSON throws nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]"\\,:a\n') }), (text) => {
      items('list', text);
      items('nothing', text);
    }),
    { numRuns: 500 },
  );
});

test('an object that is too long is told, and the next one is whole', () => {
  const text = JSON.stringify([{ a: 1 }, { b: 'x'.repeat(50) }, { c: 2 }], null, 2);
  expect(items('list', text, 30).map((one) => one && JSON.parse(one))).toEqual([{ a: 1 }, null, { c: 2 }]);
});
