import { describe, expect, test } from 'vitest';
import type { ReadLimits } from './limits.ts';
import { readManifests } from './read.ts';
import type { ManifestSet } from './resource.ts';

const encoder = new TextEncoder();

function read(name: string, content: string | Uint8Array, limits: Partial<ReadLimits> = {}): ManifestSet {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  return readManifests([{ name, bytes }], limits);
}

/** Each diagnostic as `code line:column message`. */
function told({ diagnostics }: ManifestSet): string[] {
  return diagnostics.map(
    ({ code, span, message }) => `${code} ${span!.start.line}:${span!.start.column} ${message}`,
  );
}

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n';

describe('what is read', () => {
  test('streams of several documents, comments and directives between them', () => {
    const set = read('a.yaml', `# first\n${POD}---\n# nothing\n---\n${POD}...\n%YAML 1.2\n---\n${POD}`);
    expect(told(set)).toEqual([]);
    expect(set.resources.map(({ span }) => span.start.line)).toEqual([2, 9, 16]);
    expect(set.counts).toMatchObject({ files: 1, documents: 3, resources: 3, notManifests: 0, refused: 0 });
  });

  test('a document marker inside quotes ends the document', () => {
    const set = read('a.yaml', `a: "x\n---\n${POD}`);
    expect(set.resources).toHaveLength(1);
    expect(told(set)[0]).toMatch(/^PKT0005 2:1 /);
  });

  test('JSON with tabs, JSON lines', () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };
    expect(read('a.json', JSON.stringify(object, null, '\t')).resources).toHaveLength(1);
    const lines = read('a.ndjson', `${JSON.stringify(object)}\n\n${JSON.stringify(object)}\n`);
    expect(lines.resources.map(({ span }) => span.start.line)).toEqual([1, 3]);
  });

  test('items of lists are resources at their own places', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- ${POD.replaceAll('\n', '\n  ').trimEnd()}\n- apiVersion: v1\n  kind: List\n  items: null\n- 7\n`;
    const set = read('a.yaml', text);
    expect(set.resources.map(({ kind, name, span }) => [kind, name, span.start.line])).toEqual([
      ['Pod', 'a', 4],
    ]);
    expect(set.resources[0]!.at(['metadata', 'name']).start).toMatchObject({ line: 6, column: 20 });
    expect(told(set)).toEqual(['PKT0024 11:3 item 2 of the List is no Kubernetes object']);
  });

  test('items of a typed list take its kind', () => {
    const set = read(
      'a.json',
      '{"apiVersion":"v1","kind":"NamespaceList","items":[{"metadata":{"name":"a"}}]}',
    );
    expect(told(set)).toEqual([]);
    expect(set.resources).toMatchObject([
      { apiVersion: 'v1', kind: 'Namespace', name: 'a', schema: 'valid' },
    ]);
  });

  test('UTF-8 with a byte order mark, UTF-16 of both orders, CRLF', () => {
    const text = POD.replaceAll('\n', '\r\n');
    const little = new Uint8Array(text.length * 2 + 2);
    const big = new Uint8Array(text.length * 2 + 2);
    little.set([0xff, 0xfe]);
    big.set([0xfe, 0xff]);
    for (let at = 0; at < text.length; at++) {
      little[at * 2 + 2] = text.charCodeAt(at);
      big[at * 2 + 3] = text.charCodeAt(at);
    }
    for (const bytes of [encoder.encode(`\ufeff${text}`), encoder.encode(text), little, big]) {
      const set = read('a.yaml', bytes);
      expect(told(set)).toEqual([]);
      expect(set.resources[0]!.at(['metadata', 'name']).start).toMatchObject({ line: 3, column: 18 });
      expect(set.resources[0]!.keyAt(['kind']).start).toMatchObject({ line: 2, column: 1 });
    }
  });

  test("scalars as Kubernetes' YAML reads them", () => {
    const text = `kind: X\napiVersion: y/v1\nv: [yes, off, "yes", 0644, 0o17, 0x1F, 0b11, 1_000, 1:20, 2026-01-02, 1e3, ~, null, 08x]\n`;
    const [resource] = read('a.yaml', text).resources;
    expect((resource!.value as { v: unknown }).v).toEqual([
      true,
      false,
      'yes',
      420,
      15,
      31,
      3,
      1000,
      '1:20',
      '2026-01-02',
      1000,
      null,
      null,
      '08x',
    ]);
  });

  test('anchors, aliases and merge keys, with places in what they stand for', () => {
    const text = `${POD}x: &x {deep: 1}\nalias: *x\nz:\n  <<: [*x, {other: 2}]\n  own: 3\n`;
    const [resource] = read('a.yaml', text).resources;
    expect(resource!.value).toMatchObject({ alias: { deep: 1 }, z: { deep: 1, other: 2, own: 3 } });
    expect(resource!.at(['alias']).start).toMatchObject({ line: 6, column: 8 });
    expect(resource!.at(['alias', 'deep']).start).toMatchObject({ line: 5, column: 14 });
    expect(resource!.at(['z', 'deep']).start).toMatchObject({ line: 5, column: 14 });
    expect(resource!.keyAt(['z', 'other']).start).toMatchObject({ line: 8, column: 13 });
  });

  test('a key named __proto__ is a key like any other', () => {
    const [resource] = read('a.yaml', `${POD}__proto__: {polluted: 1}\n`).resources;
    expect(Object.hasOwn(resource!.value as object, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('Markdown', () => {
  test('fenced blocks of any indentation, fence and attributes', () => {
    const text = [
      '---',
      'kind: front matter',
      '---',
      '```yaml title="x"',
      ...POD.trimEnd().split('\n'),
      '```',
      '1. item',
      '',
      '   ~~~~ {.yml}',
      ...POD.trimEnd()
        .split('\n')
        .map((line) => `   ${line}`),
      '   ~~~',
      '   ~~~~',
      '> ```json',
      '> {"kind": "Namespace",',
      '>   "apiVersion": "v1", "metadata": {"name": "n"}}',
      '> ```',
      '```` markdown',
      '```yaml',
      'kind: inside another fence',
      '```',
      '````',
      '```yaml',
      'image: fragment',
      '```',
      '```yaml',
      'a: }',
      '```',
      '```sh',
      'kind: Pod',
      '```',
    ].join('\n');
    const set = read('a.md', text);
    expect(set.resources.map(({ kind, span }) => [kind, span.start.line, span.start.column])).toEqual([
      ['Pod', 5, 1],
      ['Namespace', 20, 3],
    ]);
    expect(set.resources[1]!.at(['metadata', 'name']).start).toMatchObject({ line: 21, column: 46 });
    // `   ~~~` is shorter than its fence and so belongs to the second block, which is no YAML.
    expect(told(set)).toEqual([
      expect.stringMatching(/^PKT0005 17:4 /),
      expect.stringMatching(/^PKT0012 32:4 /),
    ]);
    expect(set.counts).toMatchObject({ documents: 5, resources: 2, notManifests: 2 });
  });

  test('a block that is not closed ends with the file; prose alone is no manifest', () => {
    expect(read('a.md', `\`\`\`yaml\n${POD}`).resources).toHaveLength(1);
    expect(read('a.md', 'only words\n').counts).toMatchObject({ documents: 0, notManifests: 1 });
  });
});

describe('what cannot be read', () => {
  test.each([
    ['a binary file', new Uint8Array([107, 58, 0, 1]), 'PKT0001 1:1'],
    ['Latin-1', new Uint8Array([97, 58, 32, 10, 98, 58, 32, 0xe9, 10]), 'PKT0002 2:4'],
    ['an odd byte of UTF-16', new Uint8Array([0xff, 0xfe, 97, 0, 98]), 'PKT0002 1:2'],
  ])('%s is refused', (_, bytes, expected) => {
    const set = read('a.yaml', bytes);
    expect(told(set)).toEqual([expect.stringContaining(expected)]);
    expect(set.counts).toMatchObject({ refused: 1, documents: 0 });
  });

  test('a written U+FFFD is a character like any other', () => {
    expect(told(read('a.yaml', `# \ufffd\n${POD}`))).toEqual([]);
  });

  test('files and documents over the limits are refused, the rest is read', () => {
    expect(told(read('a.yaml', POD, { maxFileBytes: 10 }))).toEqual([
      expect.stringMatching(/^PKT0003 1:1 .* 77 bytes, the limit is 10 bytes$/),
    ]);
    const set = read('a.yaml', `${POD}---\n${POD}# ${'x'.repeat(200)}\n---\n${POD}`, {
      maxDocumentLength: 100,
    });
    expect(told(set)).toEqual([expect.stringMatching(/^PKT0004 5:1 /)]);
    expect(set.resources).toHaveLength(2);
  });

  test.each([
    ['a tab', 'a: 1\n\tb: 2\n', 'PKT0005 2:1'],
    ['an unknown alias', 'a: *b\n', 'PKT0007 1:4'],
    ['a cycle', 'a: &a [*a]\n', 'PKT0007 1:8'],
    ['a merge of no mapping', 'a:\n  <<: yes\n', 'PKT0007 2:3'],
    ['depth', `a: ${'['.repeat(200)}${']'.repeat(200)}`, 'PKT0008 1:104'],
    ['extreme depth', '['.repeat(100_000), 'PKT0005 1:'],
    ['an escape sequence', 'a: \u001b[31m\n', 'PKT0010 1:4'],
    ['a mapping as key', 'a: {{b}}\n', 'PKT0011 1:5'],
  ])('%s', (_, text, expected) => {
    const set = read('a.yaml', text);
    expect(told(set)[0]).toContain(expected);
    expect(set.resources).toEqual([]);
  });

  test('an alias bomb is refused before it goes off', () => {
    const levels = Array.from({ length: 20 }, (_, level) => {
      const items = level === 0 ? 'x' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(items).join(', ')}]`;
    });
    const set = read('a.yaml', `${POD}${levels.join('\n')}\n`);
    expect(told(set)).toEqual([expect.stringMatching(/^PKT0007 .* more than 100000 values$/)]);
  });

  test('many syntax errors are told up to a number, then counted', () => {
    const set = read('a.yaml', 'a: }\n'.repeat(100));
    expect(set.diagnostics).toHaveLength(6);
    expect(set.diagnostics.at(-1)).toMatchObject({
      severity: 'note',
      message: expect.stringMatching(/^and \d+ more/),
    });
  });

  test('a template is named as such', () => {
    const set = read('a.yaml', 'kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n');
    expect(set.diagnostics[0]!.help).toContain('helm template');
  });

  test('duplicate keys are told at both places and the last counts', () => {
    const set = read('a.yaml', `${POD}x: 1\nx: 2\n`);
    expect(told(set)[0]).toMatch(/^PKT0006 6:1 /);
    expect(set.diagnostics[0]!.related[0]!.span.start.line).toBe(5);
    expect(set.resources[0]!.value).toMatchObject({ x: 2 });
    expect(set.resources[0]!.at(['x']).start.line).toBe(6);
  });

  test('what is odd in a document of another program is not told', () => {
    const set = read('a.yaml', 'image: !Ref x\nimage: 2\n');
    expect(told(set)).toEqual([]);
    expect(set.counts).toMatchObject({ documents: 1, resources: 0, notManifests: 1 });
  });
});

describe('kind and apiVersion', () => {
  test.each([
    ['v1', 'DaemonSet', 'PKT0021 1:13 there is no DaemonSet in `v1`', 'apps/v1', true],
    [
      'extensions/v1beta1',
      'NetworkPolicy',
      'PKT0021 1:13 Kubernetes 1.16 and later serve no',
      'networking.k8s.io/v1',
      false,
    ],
    ['networking.k8.io/v1', 'NetworkPolicy', 'PKT0021 1:13 there is no', 'networking.k8s.io/v1', true],
    ['networking.k8s.io/v1', 'NetworkPolcy', 'PKT0020 2:7 there is no kind', 'NetworkPolicy', false],
    ['apps/v1', 'daemonset', 'PKT0020 2:7 there is no kind', 'DaemonSet', false],
  ])('%s %s', (apiVersion, kind, expected, replacement, safe) => {
    const set = read('a.yaml', `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n`);
    expect(told(set)[0]).toContain(expected);
    const { fix } = set.diagnostics[0]!;
    expect(fix).toMatchObject({ safe, edits: [{ text: replacement }] });
    expect(set.resources[0]!.schema).not.toBe('valid');
  });

  test('custom resources may have kinds of the same name', () => {
    const custom = [
      'serving.knative.dev/v1/Service',
      'projectcalico.org/v3/NetworkPolicy',
      'example.com/v1/Pods',
    ];
    const text = custom.map((id) => {
      const slash = id.lastIndexOf('/');
      return `apiVersion: ${id.slice(0, slash)}\nkind: ${id.slice(slash + 1)}\nmetadata: {name: a}\n`;
    });
    const set = read('a.yaml', text.join('---\n'));
    expect(told(set)).toEqual([]);
    expect([...set.counts.unknownKinds]).toEqual(custom.map((id) => [id, 1]));
    expect(set.resources.map(({ schema }) => schema)).toEqual(Array(3).fill('unknown-kind'));
  });

  test('the fix of a missing apiVersion makes the object whole', () => {
    const set = read('a.yaml', 'kind: Namespace\nmetadata: {name: a}\n');
    expect(told(set)).toEqual(['PKT0022 1:1 the Namespace has no apiVersion and was left out']);
    expect(set.diagnostics[0]!.fix!.edits[0]!.text).toBe('apiVersion: v1\n');
  });

  test('a missing kind, a missing name', () => {
    expect(told(read('a.yaml', 'apiVersion: v1\nmetadata: {name: a}\n'))).toEqual([
      expect.stringMatching(/^PKT0025 1:1/),
    ]);
    expect(told(read('a.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {}\n'))).toEqual([
      expect.stringMatching(/^PKT0023 3:11/),
    ]);
    expect(told(read('a.yaml', 'apiVersion: example.com/v1\nkind: X\nmetadata: {}\n'))).toEqual([
      expect.stringMatching(/^PKT0023 3:1/),
    ]);
    expect(
      told(read('a.yaml', 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n')),
    ).toEqual([]);
  });
});
