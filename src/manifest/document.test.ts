import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { applyFix } from '../diagnostic/fix.ts';
import { readManifests } from './read.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const bytes = existsSync(document) ? readFileSync(document) : new Uint8Array();
  const name = 'network-security.md';
  const set = readManifests([{ name, bytes }]);
  const lines = new TextDecoder().decode(bytes).split('\n');

  test('all objects of all blocks are read, first and last lines as a scan of the lines finds them', () => {
    const expected: [number, number][] = [];
    let first = 0;
    for (const [at, line] of lines.entries()) {
      if (first === 0) {
        if (line === '```yaml') first = at + 2;
      } else if (line === '```' || line === '---') {
        expected.push([first, at]);
        first = line === '---' ? at + 2 : 0;
      }
    }
    expect(expected).toHaveLength(10);
    expect(set.resources.map(({ span }) => [span.start.line, span.start.column])).toEqual(
      expected.map(([line]) => [line, 1]),
    );
    // A block scalar ends with its line feed, and so does the object when that is its last value.
    expect(set.resources.map(({ span: { end } }) => (end.column === 1 ? end.line - 1 : end.line))).toEqual(
      expected.map(([, line]) => line),
    );
  });

  test('nothing but the apiVersion of the firewall DaemonSet is wrong by schema', () => {
    const line =
      lines.findIndex((_, at) => lines[at] === 'apiVersion: v1' && lines[at + 1] === 'kind: DaemonSet') + 1;
    expect(set.diagnostics.map(({ code, span }) => [code, span!.start.line, span!.start.column])).toEqual([
      ['PKT0021', line, 13],
    ]);
    const text = applyFix(set.diagnostics[0]!.fix!, name, new TextDecoder().decode(bytes));
    const fixed = readManifests([{ name, bytes: new TextEncoder().encode(text) }]);
    expect(fixed.diagnostics).toEqual([]);
    expect(fixed.resources.map(({ schema }) => schema)).toEqual(Array(10).fill('valid'));
  });
});

const cases = `${shared}/data/netpol`;

describe.skipIf(!existsSync(cases))(`stored manifests (${cases})`, () => {
  test('every object is read and fits its schema', () => {
    const files = existsSync(cases)
      ? readdirSync(cases, { recursive: true, encoding: 'utf8' }).filter((name) =>
          /\.(?:ya?ml|json)$/.test(name),
        )
      : [];
    const set = readManifests(files.map((name) => ({ name, bytes: readFileSync(`${cases}/${name}`) })));
    expect(set.counts).toMatchObject({ files: files.length, refused: 0 });
    expect([...set.counts.unknownKinds.keys()]).toEqual([]);
    expect(set.resources.filter(({ schema }) => schema === 'invalid')).toEqual([]);
    // Each of these is a real mistake of the stored manifests: misspelled, missing or malformed.
    expect(new Set(set.diagnostics.map(({ code }) => code))).toEqual(
      new Set(['PKT0030', 'PKT0032', 'PKT0034', 'PKT0035', 'PKT0045']),
    );
  });
});
