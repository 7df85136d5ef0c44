import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseReachFilter } from '../../../flow/filter-reach.ts';
import type { MatrixQuestion } from './matrix.ts';
import { hostile, sampleMatrix, sampleMembers } from './sample.fixture.ts';
import { type MatrixOutput, reachOutput } from './schema.ts';
import { type MatrixForm, matrixForms, writeForm } from './write.ts';

async function written(form: MatrixForm, question: Partial<MatrixQuestion> = {}): Promise<string> {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  const sink = { write, end: () => {} };
  await writeForm(sampleMatrix(question), form, sink, sampleMembers, () => {});
  return text;
}

const endings = { text: 'txt', json: 'json', csv: 'csv', md: 'md', dot: 'dot', svg: 'svg', html: 'html' };

/** The page without its script, styles, their hashes and the version. */
function withoutAssets(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/, '<style/>')
    .replace(/<script>[\s\S]*?<\/script>/, '<script/>')
    .replaceAll(/'sha256-[^']+'/g, "'sha256-…'")
    .replace(/content="picket [^"]+"/, 'content="picket …"');
}

describe('golden', () => {
  test.each(matrixForms)('%s', async (form) => {
    const text = await written(form);
    const shown = form === 'html' ? withoutAssets(text) : text;
    await expect(shown).toMatchFileSnapshot(`__golden__/matrix.golden.${endings[form]}`);
  });

  test('closed pairs and denied ports', async () => {
    await expect(await written('text', { closed: true })).toMatchFileSnapshot('__golden__/closed.golden.txt');
  });
});

describe('json', () => {
  const schema = z.toJSONSchema(reachOutput);
  const valid = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema);

  test('the committed schema is the one of the code', async () => {
    const path = '../../../../docs/reference/schema/reach.schema.json';
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(path);
  });

  test.each([false, true])('fits the schema, closed %s', async (closed) => {
    const output: unknown = JSON.parse(await written('json', { closed }));
    expect(valid(output), JSON.stringify(valid.errors)).toBe(true);
    expect(valid({ ...(output as object), schemaVersion: 7 })).toBe(false);
    expect(valid({ ...(output as object), more: 1 })).toBe(false);
  });

  test('every end of a row is described once', async () => {
    const { rows, ends } = JSON.parse(await written('json')) as MatrixOutput;
    const ids = ends.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { source, destination } of rows) {
      expect(ids).toContain(source);
      expect(ids).toContain(destination);
    }
    expect(ids).toContain(`shop/${hostile}`);
  });

  test('without any row it is still JSON', async () => {
    const none = () => false;
    const output: unknown = JSON.parse(await written('json', { from: none }));
    expect(output).toEqual({ schemaVersion: 2, rows: [], ends: [], counts: { pairs: 0, closed: 0 } });
  });
});

/** Reads RFC 4180 character by character. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      records.at(-1)!.push(field);
      field = '';
    } else if (text.startsWith('\r\n', at)) {
      records.at(-1)!.push(field);
      records.push([]);
      field = '';
      at++;
    } else field += character;
  }
  return records.slice(0, -1);
}

test('csv reads back as it was, whatever the names', async () => {
  const [head, ...records] = parseCsv(await written('csv'));
  expect(head).toHaveLength(7);
  for (const record of records) expect(record).toHaveLength(7);
  expect(records.map(([source]) => source)).toContain(`shop/${hostile}`);
  expect(records).toContainEqual([
    'shop/web',
    'Deployment',
    'shop/api',
    'Deployment',
    'TCP',
    '80,8000-8100',
    '9000',
  ]);
  expect(records).toContainEqual(['shop/web', 'Deployment', 'shop/api', 'Deployment', 'UDP', '53', '']);
});

test('md has one line per row with as many cells, and no markup of names', async () => {
  const [head, rule, ...rows] = (await written('md')).trimEnd().split('\n');
  const cells = (line: string) => line.split(/(?<!\\)\|/).length;
  expect(cells(head!)).toBe(6);
  for (const row of [rule!, ...rows]) expect(cells(row)).toBe(6);
  expect(rows.join('')).not.toMatch(/<b>|<\/script|(?<!\\)`/);
});

test('no form but json and csv lets control and bidirectional characters through', async () => {
  for (const form of matrixForms) {
    const text = await written(form);
    if (form !== 'json' && form !== 'csv') expect(text, form).not.toContain('\u202e');
  }
});

test('html: names are data, never markup', async () => {
  const html = await written('html');
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html).not.toContain('<b>');
  const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1];
  expect(() => JSON.parse(data!)).not.toThrow();
  expect(html).not.toMatch(/(?:src|href)="(?!data:,")/);
});

test('svg: names are text, never markup', async () => {
  const svg = await written('svg');
  expect(svg).not.toMatch(/<script|<b>/);
  expect(svg).toContain('&lt;/script&gt;');
});

const dot = ['/usr/bin/dot', '/usr/local/bin/dot'].find(existsSync);
test.skipIf(dot === undefined)('dot is read by Graphviz (needs Debian’s graphviz)', async () => {
  const svg = execFileSync(dot!, ['-Tsvg'], { input: await written('dot'), encoding: 'utf8' });
  expect(svg).toContain('&lt;/script&gt;');
});

describe('filters narrow rows to the ports of which they hold', () => {
  const rowsOf = async (text: string) => {
    const result = parseReachFilter(text);
    if (!result.ok) throw new Error(text);
    const { rows } = JSON.parse(await written('json', { filter: result.matches })) as MatrixOutput;
    return rows.map(
      ({ source, destination, ports }) =>
        `${source} ${destination} ${ports.map(({ protocol, allowed, unknown }) => `${protocol} ${allowed}/${unknown}`).join(' ')}`,
    );
  };
  test.each([
    ['outcome=unknown kind=deployment', ['shop/web shop/api TCP /9000']],
    ['port=53 source=shop/web destination=shop/api', ['shop/web shop/api UDP 53/']],
    ['port=80 outcome=unknown', ['pods app=<b> of any namespace data/web TCP /0-65535']],
    ['source=203.0.113.7', ['203.0.113.0/24, 2001:db8::/32 shop/web TCP 443/']],
    ['kind=entry', ['Ingress shop/front "door" shop/web TCP 8080/']],
  ])('%s', async (filter, expected) => {
    expect(await rowsOf(filter)).toEqual(expected);
  });
});
