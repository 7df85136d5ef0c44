import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { podYaml } from '../../segmentation/manifests.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';
import { learnOutput } from '../render/learn/json.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-learn-'));
  writeFileSync(
    join(folder, 'pods.yaml'),
    podYaml('web', 'app: web', '', 'podIP: 10.1.0.1') +
      podYaml('api', 'app: api', '', 'podIP: 10.1.0.2') +
      podYaml('canary', 'app: web', '', 'podIP: 10.1.0.3') +
      podYaml('idle', 'app: idle', '', 'podIP: 10.1.0.4'),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(args: readonly string[], input = '') {
  const io = { ...testIo({}, input), cwd: folder };
  const code = await runProgram(['learn', ...args], () => io);
  return { code, ...io.written };
}

const flow = (source: string, destination: string, port: number, state = 'closed') =>
  `${JSON.stringify({ id: 'x', protocol: 'tcp', source: { address: source, port: 1 }, destination: { address: destination, port }, state })}\n`;

const flows =
  flow('10.1.0.1', '10.1.0.2', 8080) +
  flow('10.1.0.1', '10.1.0.2', 8080) +
  flow('203.0.113.9', '10.1.0.1', 443, 'established') +
  flow('203.0.113.66', '10.1.0.2', 22, 'refused') +
  '{"half":';

test('policies on stdout, the proof on stderr', async () => {
  writeFileSync(join(folder, 'flows.jsonl'), flows);
  const { code, out, err } = await picket(['flows.jsonl', 'pods.yaml']);
  expect(code).toBe(ExitCode.clean);
  await expect(out).toMatchFileSnapshot('../render/learn/__golden__/learn.golden.yaml');
  expect(err).toContain('4 flows, 2 different connections');
  expect(err).toContain('line 5 is no flow: not JSON');
  expect(err).toMatch(/not observed, so no policy.*: shop\/idle\n/);
  expect(err).toMatch(/closed by a policy all the same.*: shop\/canary\n/);
  expect(err).toContain('replay: the proposal allows all 2 observed connections');
  expect(err).toContain('shop/canary → shop/api TCP 8080');
});

test('as JSON, which fits its schema', async () => {
  const { code, out } = await picket(['-', 'pods.yaml', '-o', 'json'], flows);
  const value: unknown = JSON.parse(out);
  const valid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(z.toJSONSchema(learnOutput));
  expect(valid(value), JSON.stringify(valid.errors)).toBe(true);
  expect(code).toBe(ExitCode.clean);
  expect(value).toMatchObject({
    flows: { lines: 5, flows: 4, broken: 1, unestablished: 1, connections: 2 },
    unobserved: ['shop/canary', 'shop/idle'],
    caught: ['shop/canary'],
    replay: { allowed: 2, refused: [] },
  });
});

test('what is proposed passes its own check and comes out the same from its own flows', async () => {
  const first = await picket(['-', 'pods.yaml'], flows);
  writeFileSync(join(folder, 'policies.yaml'), first.out);
  const again = await picket(['-', 'pods.yaml', 'policies.yaml'], flows);
  expect(again.out).toBe(first.out);
  expect(again.err).not.toContain('PKT0465');
});

test('lines across chunks and without an end', async () => {
  const many = flow('10.1.0.1', '10.1.0.2', 8080).repeat(12_000).trimEnd();
  writeFileSync(join(folder, 'flows.jsonl'), many.replaceAll('\n', '\r\n'));
  const { err } = await picket(['flows.jsonl', 'pods.yaml']);
  expect(err).toContain('12000 flows, 1 different connections');
});

test.each([
  [[], /no flows named/],
  [['flows.jsonl'], /no manifests named/],
  [['absent.jsonl', 'pods.yaml'], /cannot be read/],
  [['.', 'pods.yaml'], /cannot be read/],
  [['-', '-'], /not both/],
  [['-', 'pods.yaml'], /holds no flow/],
  [['-', 'pods.yaml', '--merge-external', '33'], /prefix length/],
])('%j is wrong use', async (args, message) => {
  const { code, err } = await picket(args);
  expect(err).toMatch(message);
  expect(code).toBe(ExitCode.usage);
});
