import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';
import { diffOutput } from '../render/diff/json.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-diff-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(['diff', ...args], () => io);
  return { code, ...io.written };
}

/** Two pods that policies close on all sides but one. */
const shop = (port: string, more = '') =>
  podYaml('web', 'app: web') +
  podYaml('api', 'app: api') +
  policyYaml('deny', '  podSelector: {}\n  policyTypes: [Ingress, Egress]') +
  policyYaml(
    'web',
    `  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Egress]\n  egress:\n  - to: [{podSelector: {matchLabels: {app: api}}}]\n    ports: [${port}]`,
  ) +
  policyYaml(
    'api',
    `  podSelector: {matchLabels: {app: api}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]`,
  ) +
  more;

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

test('equivalent sets: exit code 0', async () => {
  put('old.yaml', shop('{port: 8080, endPort: 8081}'));
  put('new.yaml', shop('{port: 8081}, {port: 8080}'));
  const { code, out } = await picket('old.yaml', 'new.yaml');
  expect([code, out]).toEqual([ExitCode.clean, 'no connection differs\n']);
});

test.each(['text', 'md'])('as %s', async (form) => {
  put('old.yaml', shop('{port: 8080, endPort: 8081}'));
  put('new.yaml', shop('{port: 8081, endPort: 8082}', podYaml('db', 'app: db')));
  const { code, out } = await picket('old.yaml', 'new.yaml', '-o', form);
  expect(code).toBe(ExitCode.problems);
  await expect(out).toMatchFileSnapshot(
    `../render/diff/__golden__/diff.golden.${form === 'md' ? 'md' : 'txt'}`,
  );
});

test('as JSON, which fits its schema', async () => {
  put('old.yaml', shop('{port: 8080, endPort: 8081}'));
  put('new.yaml', shop('{port: 8081, endPort: 8082}'));
  const { out } = await picket('old.yaml', 'new.yaml', '-o', 'json');
  const value: unknown = JSON.parse(out);
  const valid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(z.toJSONSchema(diffOutput));
  expect(valid(value), JSON.stringify(valid.errors)).toBe(true);
  expect(value).toMatchObject({
    old: 'old.yaml',
    new: 'new.yaml',
    counts: { gained: 1, lost: 1, unknown: 0 },
    changes: [
      {
        class: 'gained',
        source: { name: 'shop/web' },
        destination: { name: 'shop/api' },
        ports: [{ protocol: 'TCP', ports: '8082' }],
        why: {
          before: { outcome: 'deny', span: { file: 'old.yaml' } },
          after: { span: { file: 'new.yaml' } },
        },
      },
      { class: 'lost', ports: [{ protocol: 'TCP', ports: '8080' }] },
    ],
  });
});

test('--fail-on looks at one direction', async () => {
  put('old.yaml', shop('{port: 8080, endPort: 8081}'));
  put('new.yaml', shop('{port: 8080}'));
  expect((await picket('old.yaml', 'new.yaml', '--fail-on', 'lost')).code).toBe(ExitCode.problems);
  expect((await picket('old.yaml', 'new.yaml', '--fail-on', 'gained')).code).toBe(ExitCode.clean);
  expect((await picket('new.yaml', 'old.yaml', '--fail-on', 'gained')).code).toBe(ExitCode.problems);
});

test('what may have opened counts as gained', async () => {
  put('old.yaml', shop('{port: 8080}'));
  put(
    'new.yaml',
    shop('{port: 8080}').replace(
      'podSelector: {matchLabels: {app: web}}\n  policyTypes: [Egress]\n  egress:',
      'podSelector: {matchLabels: {app: web}}\n  policyTypes: [Egress]\n  egress: 7\n  x:',
    ),
  );
  const { code, out } = await picket('old.yaml', 'new.yaml', '--fail-on', 'gained');
  expect(out).toContain('became or ceased to be unknown');
  expect(code).toBe(ExitCode.problems);
});

test('--limit shortens, and says so', async () => {
  put('old.yaml', podYaml('web', 'app: web'));
  put('new.yaml', ['a', 'b', 'c'].map((name) => podYaml(name, `app: ${name}`)).join(''));
  expect((await picket('old.yaml', 'new.yaml', '--limit', '1')).out).toMatch(/and \d+ more \(--limit 0/);
  expect((await picket('old.yaml', 'new.yaml', '--limit', '0')).out).not.toContain(' more (');
});

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.test', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...identity, ...args], { cwd: folder });
}

test('a revision against the files on disk; places carry the revision', async () => {
  git('init', '-q', '-b', 'main');
  put('shop.yaml', shop('{port: 8080}'));
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  expect((await picket('--git', 'main')).code).toBe(ExitCode.clean);
  put('shop.yaml', shop('{port: 9090}'));
  const { code, out } = await picket('--git', 'main', 'shop.yaml');
  expect(code).toBe(ExitCode.problems);
  expect(out).toMatch(/ {10}main:shop\.yaml:\d+:\d+/);
  expect(out).toMatch(/ {10}shop\.yaml:\d+:\d+/);
  git('commit', '-q', '-a', '-m', 'two');
  expect((await picket('--git', 'HEAD~1..HEAD')).code).toBe(ExitCode.problems);
  expect((await picket('--git', 'HEAD..HEAD')).code).toBe(ExitCode.clean);
  rmSync(join(folder, 'shop.yaml'));
  expect((await picket('--git', 'HEAD', 'shop.yaml')).out, 'gone from disk').toContain('removed');
});

test.each([
  [['one'], /two paths/],
  [['a', 'b', 'c'], /two paths/],
  [['absent', 'absent'], /no such file/],
  [['-', '-'], /one of the two/],
  [['--git', 'HEAD'], /in no git repository|no revision/],
  [['a', 'b', '--limit', 'x'], /--limit/],
  [['a', 'b', '-o', 'xml'], /text, json, md/],
])('%j is wrong use', async (args, message) => {
  const { code, err } = await picket(...args);
  expect(err).toMatch(message);
  expect(code).toBe(ExitCode.usage);
});

test('an example with hosts, from one folder to another', async () => {
  cpSync(join(import.meta.dirname, '../../../examples/demo-shop'), join(folder, 'old'), { recursive: true });
  cpSync(join(folder, 'old'), join(folder, 'new'), { recursive: true });
  const file = join(folder, 'new/policies.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('port: 3000', 'port: 5432'));
  const { out } = await picket('old', 'new');
  expect(out).toContain('+ production/frontend → production/backend TCP 5432');
  expect(out).toContain('- production/frontend → production/backend TCP 3000');
});
