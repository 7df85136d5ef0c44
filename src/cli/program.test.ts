import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from './command.ts';
import { commands } from './commands/registry.ts';
import { type TestIo, testIo } from './io.fixture.ts';
import { runProgram } from './program.ts';

async function picket(...args: string[]): Promise<{ code: ExitCode; out: string; err: string }> {
  const io: TestIo = testIo();
  const code = await runProgram(args, () => io);
  return { code, ...io.written };
}

describe('help', () => {
  test.each(['', ...commands.map(({ name }) => name)])('picket %s --help', async (name) => {
    const { code, out } = await picket(...name.split(' ').filter(Boolean), '--help');
    expect(code).toBe(ExitCode.clean);
    expect(out).toContain('Examples:');
    await expect(out).toMatchFileSnapshot(`__golden__/help${name ? `-${name}` : ''}.golden.txt`);
  });

  test('without arguments: the help, and exit code 2', async () => {
    const { code, err } = await picket();
    expect(code).toBe(ExitCode.usage);
    expect(err).toContain('Commands:');
  });
});

describe('wrong use ends with exit code 2 and says what to do', () => {
  test.each([
    [['chekc'], /Did you mean check\?/],
    [['check', '--otput', 'json'], /--output/],
    [['check', '-o', 'xml'], /text, json, sarif/],
    [['check'], /name files or folders/],
    [['check', '/does/not/exist'], /no such file or folder/],
    [['explain', 'PKT0x01'], /there is no code/],
    [
      ['reach', 'examples/demo-shop', '--from', 'production/frontend', '--method', 'GET'],
      /--from, --to and --port/,
    ],
    [['reach', 'examples/demo-shop', '--filter', 'sources=x'], /did you mean source\?/],
    [['reach', 'examples/demo-shop', '--port', '0'], /--port must be/],
    [['reach', 'examples/demo-shop', '--to', 'production/backnd'], /did you mean production\/backend\?/],
    [
      [
        'reach',
        'examples/demo-shop',
        '--from',
        'production/fronted',
        '--to',
        'production/backend',
        '--port',
        '1',
      ],
      /production\/frontend/,
    ],
    [['completion', 'tcsh'], /bash, zsh, fish/],
    [['run', '--buffer-kb', 'x'], /--buffer-kb/],
    [['run', '--for', 'long'], /not a duration/],
    [['run', '--listen', 'nowhere'], /--listen/],
    [['run', '--flow-listen', 'nowhere', '--no-store'], /--flow-listen nowhere/],
    [['run', '--flow-from', '198.51.100.0/24'], /add --flow-listen/],
    [
      ['run', '--flow-listen', '127.0.0.1:0', '--flow-from', 'bogus', '--no-store'],
      /not an address or prefix: --flow-from bogus/,
    ],
    [['run', '--flow-export', 'collector:x'], /not a collector: --flow-export collector:x/],
    [['run', '--flow-export', '300.1.1.1:4739'], /not a collector/],
    [['run', '--flow-export', '2001:db8::7'], /\[2001:db8::7\]:4739/],
    [['run', '--flow-export', '127.0.0.1', '--flow-export', 'udp://127.0.0.1:4739'], /twice/],
    [
      ['run', '--flow-listen', '[::]:2055', '--flow-export', '127.0.0.1:2055', '--no-store'],
      /round for ever/,
    ],
    [
      ['run', '--flow-listen', '127.0.0.1:2055', '--flow-export', 'localhost:2055', '--no-store'],
      /round for ever/,
    ],
    [['flows', '--since', 'never', '--state', '/tmp'], /not a time/],
    [['flows', '--limit', '0'], /--limit/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await picket(...args);
    expect({ code, out }).toEqual({ code: ExitCode.usage, out: '' });
    expect(err).toMatch(message);
  });
});

test('a store that is not there is a failure with help, exit code 3', async () => {
  const { code, err } = await picket('flows', '--state', '/tmp/picket-no-such-folder');
  expect(code).toBe(ExitCode.failed);
  expect(err).toMatch(/there is no store at[\s\S]*picket run makes one/);
});

describe('check', () => {
  test('clean manifests: exit code 0', async () => {
    expect(await picket('check', 'examples/demo-shop')).toMatchObject({ code: ExitCode.clean });
  });

  test('problems: exit code 1, and a threshold moves it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'picket-test-'));
    try {
      const file = join(folder, 'x.yaml');
      writeFileSync(file, 'apiVersion: v1\nkind: DaemonSet\nmetadata:\n  name: x\n');
      const { code, out } = await picket('check', file);
      expect(code).toBe(ExitCode.problems);
      expect(out).toMatch(/apps\/v1/);
      expect(out).toMatch(/x\.yaml:1:13/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('reach', () => {
  const shop = ['reach', 'examples/demo-shop', '--protocol', 'TCP'];
  test.each([
    ['production/frontend', 'production/backend', '3000', ExitCode.clean, /allow/],
    ['production/frontend', 'production/backend', '5432', ExitCode.problems, /policies\.yaml:\d+/],
    ['guest-laptop', 'production/backend', '3000', ExitCode.problems, /deny/],
    ['203.0.113.9', 'production/frontend', '8080', ExitCode.problems, /micro-segmentation/],
  ])('%s to %s:%s', async (from, to, port, code, text) => {
    const answer = await picket(...shop, '--from', from, '--to', to, '--port', port);
    expect(answer.code).toBe(code);
    expect(answer.out).toMatch(text);
  });

  test('the matrix', async () => {
    const { code, out } = await picket('reach', 'examples/demo-shop');
    expect(code).toBe(ExitCode.clean);
    await expect(out).toMatchFileSnapshot('__golden__/reach-demo-shop.golden.txt');
  });
});

describe('explain', () => {
  test('lists every code, and explains one', async () => {
    const { out: list } = await picket('explain');
    const [first = ''] = list.split('\n');
    const code = first.split(' ')[0]!;
    const { out } = await picket('explain', code.toLowerCase());
    expect(out).toContain(`${code}: `);
  });
});

describe('completion', () => {
  test.each([
    ['bash', ['-n']],
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const)('%s accepts its script', async (shell, check) => {
    const { code, out } = await picket('completion', shell);
    expect(code).toBe(ExitCode.clean);
    for (const { name } of commands) for (const word of name.split(' ')) expect(out).toContain(word);
    try {
      execFileSync(shell, ['--version'], { stdio: 'ignore' });
    } catch {
      return; // This shell is not installed here; bash always is.
    }
    execFileSync(shell, [...check], { input: out });
  });

  test('bash completes commands, options and choices', async () => {
    const { out } = await picket('completion', 'bash');
    const complete = (...words: string[]) =>
      execFileSync(
        'bash',
        [
          '-c',
          `${out}\nCOMP_WORDS=(picket ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _picket; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      ).trim();
    expect(complete('che')).toBe('check');
    expect(complete('check', '--out')).toBe('--output');
    expect(complete('check', '--output', 's')).toBe('sarif');
  });
});
