import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { command, root, slowness, temporaryFolder } from '../harness.ts';

const version = `picket  ${(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version}`;

test('runs from any folder and through symbolic links', () => {
  using folder = temporaryFolder();
  symlinkSync(join(root, 'picket'), join(folder.path, 'one'));
  symlinkSync('one', join(folder.path, 'two'));
  expect(command(join(folder.path, 'two'), ['version'], { cwd: '/' }).out).toContain(version);
});

test('starts in less than 150 ms', () => {
  const times = Array.from({ length: 9 }, () => {
    const begun = performance.now();
    command(join(root, 'picket'), ['version']);
    return performance.now() - begun;
  }).sort((x, y) => x - y);
  console.info(
    `picket version: median ${times[4]!.toFixed(0)} ms (${times[0]!.toFixed(0)} to ${times[8]!.toFixed(0)})`,
  );
  // The least, since this machine runs other tests at the same time.
  expect(times[0]).toBeLessThan(150 * slowness());
});

test('a first use installs all it needs; a second at the same time waits for it', {
  timeout: 240_000,
}, async () => {
  using folder = temporaryFolder();
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    cpSync(join(root, file), join(folder.path, file));
  }
  const start = () =>
    new Promise<{ code: number | null; out: string; err: string }>((done) => {
      // What the tests' own environment offers must not help: only what a fresh machine has.
      const { PATH: _, NODE_COMPILE_CACHE: __, ...env } = process.env;
      const path = (process.env.PATH ?? '')
        .split(':')
        .filter((entry) => !entry.startsWith(root))
        .join(':');
      const child = spawn(join(folder.path, 'picket'), ['version'], { env: { ...env, PATH: path } });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code) => done({ code, out, err }));
    });
  const [one, two] = await Promise.all([start(), start()]);
  for (const { code, out, err } of [one, two])
    expect({ code, ok: out.includes(version), err }).toMatchObject({ code: 0, ok: true });
  const said = one.err + two.err;
  expect(said.match(/installing the pinned Node and the dependencies: done/g)).toHaveLength(1);
  expect(said.match(/building the console: done/g)).toHaveLength(1);
  expect(said).toContain('another first use is installing; waiting for it');
});
