import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const main = new URL('./main.ts', import.meta.url).pathname;

test('signals while it starts end nothing and open no debugger', async () => {
  const listen = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [main, 'run', '--no-store', '--for', '2s', ...listen], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said === '')
      for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGUSR1', 'SIGHUP'] as const) child.kill(signal);
    said += text;
  });
  const [code, signal] = await once(child, 'close');
  expect({ code, signal, said }).toMatchObject({ code: 0, signal: null });
  expect(said).toContain('watching');
  expect(said).not.toContain('Debugger');
}, 30_000);
