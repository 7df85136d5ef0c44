import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Span } from '../diagnostic/diagnostic.ts';
import { embeddedDocuments, embeddedText, embeddedYaml } from './embedded.ts';
import { readManifests } from './read.ts';
import type { Path, Resource } from './resource.ts';

function read(text: string, name = 'a.yaml'): Resource {
  return readManifests([{ name, bytes: new TextEncoder().encode(text) }]).resources[0]!;
}

const configMap = (value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: ${value}\n`;

const slice = (text: string, { start, end }: Span) => text.slice(start.offset, end.offset);

/** The text in the file for each word of the embedded text. */
function words(file: string, name = 'a.yaml', path: Path = ['data', 'k']): [string, string][] {
  const embedded = embeddedText(read(file, name), path)!;
  expect(embedded.exact).toBe(true);
  return Array.from(embedded.text.matchAll(/\S+/g), ({ 0: word, index }) => [
    word,
    slice(file, embedded.at(index, index + word.length)),
  ]);
}

function expectSame(pairs: [string, string][], count: number): void {
  expect(pairs.map(([word]) => word)).toHaveLength(count);
  for (const [word, shown] of pairs) expect(shown).toBe(word);
}

describe('places of characters', () => {
  test.each([
    ['literal', '|\n    one two\n      three\n\n    four\n', 4],
    ['literal, chomped', '|-\n    one two\n    three\n\n', 3],
    ['literal, kept', '|+\n    one\n\n    two\n\n\n', 2],
    ['literal, indentation given', '|2\n      one\n    two\n', 2],
    ['literal, leading blank lines', '|\n\n\n    one\n\n    two\n', 2],
    ['literal, carriage returns', '|\r\n    one two\r\n      three\r\n', 3],
    ['folded', '>\n    one two\n    three\n\n    four\n      five\n    six\n', 6],
    ['folded, leading blanks', '>-\n\n    one\n\n\n    two\n    three\n', 3],
    ['folded, more-indented first', '>2\n      one\n    two\n    three\n', 3],
    ['plain', 'one two three', 3],
    ['plain, folded', 'one two\n    three\n\n    four', 4],
    ['single quoted', "'one\n    two  three'", 3],
    ['double quoted', '"one\n    two  \n\n   three \\\n    four"', 4],
  ])('%s', (_, value, count) => {
    expectSame(words(configMap(value)), count);
  });

  test('an escape is one character', () => {
    const file = configMap('"a\\tb\\u0041c\\U0001F600d\\x20e"');
    const embedded = embeddedText(read(file), ['data', 'k'])!;
    expect(embedded.text).toBe('a\tbAc😀d e');
    const shown = (start: number, end: number) => slice(file, embedded.at(start, end));
    expect(shown(1, 2)).toBe('\\t');
    expect(shown(3, 4)).toBe('\\u0041');
    expect(shown(4, 7)).toBe('c\\U0001F600');
    expect(shown(7, 10)).toBe('d\\x20e');
    const quoted = configMap("'it''s'");
    const single = embeddedText(read(quoted), ['data', 'k'])!;
    expect(slice(quoted, single.at(2, 4))).toBe("''s");
  });

  test('in fenced blocks, indented and quoted', () => {
    const lines = configMap('|\n    one two\n      three\n    four').split('\n');
    const plain = `text\n\`\`\`yaml\n${lines.join('\n')}\n\`\`\`\n`;
    const indented = `- text\n   \`\`\`yaml\n${lines.map((line) => `   ${line}`).join('\n')}\n   \`\`\`\n`;
    const quoted = `> \`\`\`yaml\n${lines.map((line) => `> ${line}`).join('\n')}\n> \`\`\`\n`;
    for (const file of [plain, indented, quoted]) expectSame(words(file, 'a.md'), 4);
    const folded = configMap('>\n    one two\n    three\n').split('\n');
    expectSame(words(`> ~~~yaml\n${folded.map((line) => `> ${line}`).join('\n')}\n> ~~~\n`, 'a.md'), 3);
  });

  test('in JSON', () => {
    const file = '{"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "one\\n\\"two\\" three"}}';
    expect(words(file, 'a.json').map(([, shown]) => shown)).toEqual(['one', '\\"two\\"', 'three']);
  });

  test('every style that a YAML writer chooses gives every character back', () => {
    const content = fc
      .array(
        fc.constantFrom('a', 'bc', ' ', '\n', '\t', '"', "'", '#', ': ', '- ', 'é', '😀', '\\', '\r\n'),
        {
          maxLength: 20,
        },
      )
      .map((parts) => parts.join(''));
    const type = fc.constantFrom(
      'BLOCK_LITERAL' as const,
      'BLOCK_FOLDED' as const,
      'QUOTE_DOUBLE' as const,
      'QUOTE_SINGLE' as const,
      'PLAIN' as const,
    );
    fc.assert(
      fc.property(content, type, fc.integer({ min: 20, max: 40 }), (text, style, lineWidth) => {
        const value = { apiVersion: 'v1', kind: 'ConfigMap', data: { k: text, z: 'end' } };
        const file = stringify(value, { version: '1.1', defaultStringType: style, lineWidth });
        const resource = read(file);
        const embedded = embeddedText(resource, ['data', 'k'])!;
        expect(embedded.text).toBe((resource.value as typeof value).data.k);
        expect(embedded.exact, file).toBe(true);
        for (let at = 0; at < embedded.text.length; at++) {
          if (!/[a-zé#:-]/.test(embedded.text[at]!)) continue;
          expect(slice(file, embedded.at(at, at + 1)), `${at} of ${file}`).toBe(embedded.text[at]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('an alias, a number and a missing field have no places', () => {
    const file = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a: &x one\n  k: *x\n  n: 5\n';
    const resource = read(file);
    const alias = embeddedText(resource, ['data', 'k'])!;
    expect([alias.text, alias.exact]).toEqual(['one', false]);
    expect(slice(file, alias.at(0, 1))).toBe('*x');
    expect(embeddedText(resource, ['data', 'n'])).toBeUndefined();
    expect(embeddedText(resource, ['data', 'nothing'])).toBeUndefined();
    expect(embeddedText(resource, ['data', 'toString'])).toBeUndefined();
  });
});

describe('base64', () => {
  const secret = (value: string) => `apiVersion: v1\nkind: Secret\ndata:\n  k: ${value}\n`;

  test('is decoded, line breaks ignored; its only place is the whole value', () => {
    const file = secret('|\n    W0ludGVy\n    ZmFjZV0K');
    const text = embeddedText(read(file), ['data', 'k'])!;
    expect(text).toMatchObject({ text: '[Interface]\n', encoding: 'base64', secret: true, exact: false });
    expect(slice(file, text.at(3, 5))).toBe(slice(file, text.span));
  });

  test('what is no base64, and bytes that are no text, are no text', () => {
    for (const value of ['a', '"W0lu dGVy"', 'W0lu!', '/w==']) {
      expect(embeddedText(read(secret(value)), ['data', 'k']), value).toBeUndefined();
    }
  });

  test('a diagnostic about what a Secret holds quotes nothing of it', () => {
    const inner = Buffer.from('hunter2: 1\nhunter2: 2\n').toString('base64');
    const document = embeddedYaml(embeddedText(read(secret(inner)), ['data', 'k'])!)!;
    expect(document.diagnostics.map(({ code }) => code)).toEqual(['PKT0006']);
    expect(JSON.stringify(document.diagnostics)).not.toContain('hunter2');
  });
});

describe('embeddedYaml', () => {
  test('places of values and keys, and of texts inside texts', () => {
    const file = configMap(
      '|\n    - rule: r\n      condition: >\n        one and\n        two\n    - {list: l}',
    );
    const document = embeddedYaml(embeddedText(read(file), ['data', 'k'])!)!;
    expect(slice(file, document.at([0, 'rule']))).toBe('r');
    expect(slice(file, document.keyAt([1, 'list']))).toBe('list');
    const condition = document.textAt([0, 'condition'])!;
    expect(condition.text).toBe('one and two\n');
    expect(slice(file, condition.at(8, 11))).toBe('two');
    expect(document.textAt([0])).toBeUndefined();
  });

  test('problems stand at their place in the file, and nothing throws', () => {
    const file = configMap('|\n    a: 1\n    a: 2\n    ---\n    b: [');
    const [first, second] = embeddedDocuments(embeddedText(read(file), ['data', 'k'])!);
    expect(first!.diagnostics.map(({ span }) => span!.start.line)).toEqual([7]);
    expect(second!.value).toBeUndefined();
    expect(second!.diagnostics[0]).toMatchObject({ code: 'PKT0005', severity: 'error' });
    expect(embeddedYaml(embeddedText(read(configMap('""')), ['data', 'k'])!)).toBeUndefined();
  });
});

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

test.skipIf(!existsSync(document))(`every word of the embedded texts of ${document}`, () => {
  const text = readFileSync(document, 'utf8');
  const set = readManifests([{ name: 'a.md', bytes: new TextEncoder().encode(text) }]);
  let count = 0;
  for (const resource of set.resources) {
    const { data } = resource.value as { data?: Record<string, string> };
    const script: Path = ['spec', 'template', 'spec', 'containers', 0, 'command', 2];
    for (const path of [...Object.keys(data ?? {}).map((key) => ['data', key]), script]) {
      const embedded = embeddedText(resource, path);
      if (embedded === undefined || embedded.secret) continue;
      expect(embedded.exact).toBe(true);
      for (const { 0: word, index } of embedded.text.matchAll(/\S+/g)) {
        expect(slice(text, embedded.at(index, index + word.length))).toBe(word);
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(120);
});
