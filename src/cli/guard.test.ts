import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { AlertOutputs } from '../output/alert-outputs.ts';
import { systemTimers } from '../output/timers.ts';
import { defaultAlertOptions, type RuleAlert } from '../rules/format/alert.ts';

const main = new URL('./main.ts', import.meta.url).pathname;

const alert: RuleAlert = {
  rule: { name: 'r', priority: 'Notice', source: 'syscall', tags: [] },
  time: 1n,
  hostname: 'edge',
  message: 'm',
  fields: new Map(),
};

test('a store that does not open ends the start, though alerts of before wait for their receiver', async () => {
  const state = mkdtempSync(join(tmpdir(), 'picket-guard-'));
  try {
    const file = { filename: join(state, 'no-such-folder', 'alerts'), keepAlive: false };
    const options = {
      hostname: 'edge',
      timers: systemTimers,
      randomId: () => '0123456789abcdef',
      folder: join(state, 'outputs'),
    };
    const before = new AlertOutputs(
      { alerts: defaultAlertOptions, outputs: { stdout: false, file } },
      options,
    );
    before.offer(alert);
    await before.close(0);
    const newer = new DatabaseSync(join(state, 'picket.db'));
    newer.exec('PRAGMA user_version = 999');
    newer.close();
    const config = join(state, 'falco.yaml');
    const text = `rules_files: []\nstdout_output: { enabled: false }\nfile_output: { enabled: true, filename: ${file.filename} }\n`;
    writeFileSync(config, text);
    const child = spawn(process.execPath, [main, 'run', '--state', state, '--falco-config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      said += more;
    });
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, said }).toMatchObject({ code: 3, signal: null });
  } finally {
    rmSync(state, { recursive: true });
  }
}, 30_000);

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
