import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { diagnosticsOutput, renderJson } from './json.ts';
import { diagnostics } from './sample.ts';

const schema = z.toJSONSchema(diagnosticsOutput);

test('the committed schema is the one of the code', async () => {
  const path = '../../../docs/reference/schema/diagnostics.schema.json';
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(path);
});

test('real output fits the schema, and nothing else does', () => {
  const valid = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
  const output: unknown = JSON.parse(JSON.stringify(renderJson(diagnostics)));
  expect(valid(output), JSON.stringify(valid.errors)).toBe(true);
  expect(valid({ ...(output as object), schemaVersion: 2 })).toBe(false);
  expect(valid({ ...(output as object), more: 1 })).toBe(false);
});

test('the output is what went in', () => {
  const { diagnostics: shown, counts } = renderJson(diagnostics);
  expect(shown).toEqual(diagnostics);
  expect(counts).toEqual({ errors: 2, warnings: 1, notes: 6, files: 4 });
});
