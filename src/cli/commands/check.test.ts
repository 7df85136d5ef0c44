import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExitCode } from '../command.ts';
import { testIo } from '../io.fixture.ts';
import { runProgram } from '../program.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function picket(...args: string[]) {
  const io = { ...testIo(), cwd: folder };
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

const manifest = `apiVersion: v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: example.test/agent:1@sha256:${'0'.repeat(64)}}]}
`;

const found = async (...args: string[]) => {
  const { out } = await picket('check', '.', '-o', 'json', ...args);
  return (JSON.parse(out) as { diagnostics: { code: string }[] }).diagnostics.map(({ code }) => code);
};

test('a baseline hides what is there, shows what is new, and tells what is gone', async () => {
  writeFileSync(join(folder, 'a.yaml'), manifest);
  expect(await found()).toContain('PKT0021');
  const written = await picket('check', '.', '--write-baseline', 'known.baseline');
  expect(written.code).toBe(ExitCode.clean);
  expect(await found('--baseline', 'known.baseline')).toEqual([]);
  writeFileSync(join(folder, 'b.yaml'), manifest.replace('DaemonSet', 'Deployment'));
  expect(await found('--baseline', 'known.baseline')).toContain('PKT0021');
  writeFileSync(join(folder, 'a.yaml'), '');
  writeFileSync(join(folder, 'b.yaml'), '');
  const { err } = await picket('check', '.', '--baseline', 'known.baseline');
  expect(err).toMatch(/\d findings? of the baseline gone/);
});

test('what the site file says of detectors is checked', async () => {
  writeFileSync(
    join(folder, 'picket.yaml'),
    'detect:\n  port-scam: {}\n  exceptions:\n  - {detector: beacon, filter: prt=1, reason: a, until: 2020-01-01}\n',
  );
  expect(await found()).toEqual(['PKT0030', 'PKT0401', 'PKT0712']);
  expect((await picket('check', '.')).out).toContain('did you mean `port-scan`?');
});

test('a baseline that is none is wrong use', async () => {
  writeFileSync(join(folder, 'a.yaml'), manifest);
  writeFileSync(join(folder, 'known.baseline'), '{}');
  expect((await picket('check', '.', '--baseline', 'known.baseline')).code).toBe(ExitCode.usage);
  expect((await picket('check', '.', '--baseline', 'absent')).code).toBe(ExitCode.usage);
});

test('an ignore comment hides a finding and is counted', async () => {
  writeFileSync(join(folder, 'a.yaml'), `# picket-ignore PKT0021 a lesson\n${manifest}`);
  expect(await found()).not.toContain('PKT0021');
  expect((await picket('check', '.')).err).toContain('ignored by comments');
});

test('--fix --dry-run prints a patch and changes nothing; --fix changes it', async () => {
  writeFileSync(join(folder, 'a.yaml'), manifest);
  const dry = await picket('check', 'a.yaml', '--fix', '--dry-run');
  expect(dry.out).toContain('--- a/a.yaml');
  expect(dry.out).toContain('+apiVersion: apps/v1');
  expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe(manifest);
  const { err } = await picket('check', 'a.yaml', '--fix');
  expect(err).toMatch(/^made 1 fix;/);
  expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe(manifest.replace('v1', 'apps/v1'));
  expect(await found()).not.toContain('PKT0021');
});

test('--fix is not for standard input, and --dry-run is for --fix', async () => {
  expect((await picket('check', '-', '--fix')).code).toBe(ExitCode.usage);
  expect((await picket('check', '.', '--dry-run')).code).toBe(ExitCode.usage);
});
