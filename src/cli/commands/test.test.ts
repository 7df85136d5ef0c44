import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { assertionFileSchema } from '../../posture/assertions/schema.ts';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';
import { testOutput } from '../render/assertions/json.ts';
import { checkJunit, readXml } from '../render/assertions/xml.oracle.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-assert-'));
  writeFileSync(
    join(folder, 'shop.yaml'),
    podYaml('web', 'app: web') +
      podYaml('api', 'app: api') +
      policyYaml(
        'api',
        '  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080}]',
      ),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['test', ...args], () => io);
  return { code, ...io.written };
}

function put(text: string, name = 'picket-test.yaml'): void {
  writeFileSync(join(folder, name), text);
}

const holding = `assertions:
  - name: the shop works
    must: {from: shop/web, to: shop/api, port: web}
  - must-not: {from: shop/web, to: shop/api, port: 22}
  - only: {from: shop/web, to: shop/api, port: 8080}
`;
const failing = `assertions:
  - name: administration
    reason: the runbook needs it
    must: {from: shop/web, to: shop/api, port: 22}
  - must-not: {from: shop/*, to: shop/api, port: any, protocol: TCP}
  - must: {from: shop/wbe, to: shop/api, port: 8080}
  - must: {form: shop/web, to: shop/api, port: 8080}
`;

test('assertions that hold: exit code 0', async () => {
  put(holding);
  const { code, out } = await picket('.');
  expect(code).toBe(ExitCode.clean);
  expect(out).toContain('ok   the shop works');
  expect(out).toContain('assertions: 3 passed');
  expect((await picket('.', '-q')).out).toBe('assertions: 3 passed\n');
});

test('what fails is shown with its place, an example, the reason and a change', async () => {
  put(failing);
  const { code, out } = await picket('.');
  expect(code).toBe(ExitCode.problems);
  await expect(out).toMatchFileSnapshot('../render/assertions/__golden__/test.golden.txt');
});

test('as JSON, which fits its schema', async () => {
  put(failing);
  const { out } = await picket('.', '-o', 'json');
  const value: unknown = JSON.parse(out);
  const valid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(z.toJSONSchema(testOutput));
  expect(valid(value), JSON.stringify(valid.errors)).toBe(true);
  expect(value).toMatchObject({
    counts: { passed: 0, failed: 3, faults: 2 },
    assertions: [
      {
        name: 'administration',
        span: { file: 'picket-test.yaml', start: { line: 4, column: 5 } },
        counterexamples: [
          {
            packet: { source: 'shop/web', port: 22 },
            outcome: 'deny',
            reason: { span: { file: 'shop.yaml' } },
          },
        ],
      },
      { counterexamples: [{ outcome: 'allow' }] },
      { counterexamples: [], diagnostics: [{ code: 'PKT0451' }] },
    ],
  });
});

test('as JUnit XML', async () => {
  put(failing);
  put(holding, 'more.picket-test.yaml');
  const { code, out } = await picket('.', '-o', 'junit');
  const root = readXml(out);
  checkJunit(root);
  expect(code).toBe(ExitCode.problems);
  expect(
    root.children.map(({ attributes }) => [attributes.name, attributes.failures, attributes.errors]),
  ).toEqual([
    ['more.picket-test.yaml', '0', '0'],
    ['picket-test.yaml', '3', '2'],
  ]);
});

test('a file that cannot be read does not look like success', async () => {
  put(holding);
  put('assertions: [', 'broken.picket-test.yaml');
  const { code, out } = await picket('.');
  expect(out).toContain('PKT0005');
  expect(code).toBe(ExitCode.problems);
});

test('without an assertion it is wrong use', async () => {
  expect(await picket('.')).toMatchObject({
    code: ExitCode.usage,
    err: expect.stringMatching(/no assertion file/),
  });
  put('assertions: []');
  expect(await picket('.')).toMatchObject({
    code: ExitCode.usage,
    err: expect.stringMatching(/hold no assertion/),
  });
  expect((await picket()).code).toBe(ExitCode.usage);
});

test('errors in manifests make answers unknown, and are told', async () => {
  put('assertions: [{must: {from: shop/web, to: shop/api, port: 8080}}]');
  writeFileSync(
    join(folder, 'z.yaml'),
    policyYaml('z', '  podSelector: {matchLabels: {app: web}}\n  egress: 7\n  policyTypes: [Egress]'),
  );
  const { code, out, err } = await picket('.');
  expect(err).toMatch(/\d errors? in the manifests/);
  expect(out).toContain('PKT0455');
  expect(code).toBe(ExitCode.problems);
});

test('the schema of assertion files takes what the reader takes', () => {
  const schema = z.toJSONSchema(assertionFileSchema, { io: 'input' });
  const valid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
  expect(valid(parse(holding)), JSON.stringify(valid.errors)).toBe(true);
  expect(valid(parse(failing.replace('form:', 'from:')))).toBe(true);
  expect(valid({ assertions: [{ must: { from: 'a/b' } }] })).toBe(false);
});
