import { spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';

test('a pipe that nobody reads does not keep the process from ending', async () => {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { StdoutTransport } from ${url('./stdout.ts')};
    const stdout = new StdoutTransport(1, false);
    const text = 'x'.repeat(100_000);
    await stdout.send({ id: '1', text, json: '' }, AbortSignal.timeout(500)).catch(() => {});
    process.stderr.write('closing');
    await stdout.close();`;
  const shell = '("$0" --input-type=module -e "$1"; echo ", ended with $?" >&2) | sleep 60';
  const child = spawn('/bin/sh', ['-c', shell, process.execPath, script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    await vi.waitFor(() => expect(said).toBe('closing, ended with 0\n'), { timeout: 10_000 });
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL');
  }
}, 20_000);
