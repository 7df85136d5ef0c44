import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FlowJson } from '../../src/flow/json.ts';
import {
  cannotWatch,
  command,
  freePort,
  Guard,
  has,
  root,
  sleep,
  slowness,
  temporaryFolder,
  until,
} from '../harness.ts';

const skip = cannotWatch ?? (has('nginx') && has('curl') ? undefined : 'needs nginx and curl');

/** A real nginx on loopback, both families. */
async function startNginx(folder: string): Promise<{ port: number } & AsyncDisposable> {
  const port = await freePort();
  mkdirSync(join(folder, 'logs'), { recursive: true });
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {}
     http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
     uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
     server { listen 127.0.0.1:${port}; listen [::1]:${port}; location / { return 200 "ok\\n"; } } }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise((done) => child.on('close', done));
  await until(
    'nginx serves',
    async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) && true,
  );
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

test.skipIf(skip)(
  `real connections appear with process and verdict${skip ? `: ${skip}` : ''}`,
  { timeout: 60_000 },
  async () => {
    using folder = temporaryFolder();
    await using nginx = await startNginx(folder.path);
    const closed = await freePort();
    await using guard = await Guard.start([
      '--manifests',
      join(root, 'examples/demo-shop'),
      '--no-store',
      '--flows',
    ]);

    const flow = (what: string, match: (flow: FlowJson) => boolean) =>
      until(what, () => (guard.printed('flow') as unknown as FlowJson[]).find(match));

    expect(command('curl', ['-s', `http://127.0.0.1:${nginx.port}/`]).out).toBe('ok\n');
    const four = await flow(
      'IPv4 closes',
      ({ destination, state }) =>
        destination.address === '127.0.0.1' && destination.port === nginx.port && state === 'closed',
    );
    expect(four.source.process?.comm).toBe('curl');
    expect(four.destination.process?.comm).toBe('nginx');
    expect(four.seenBy).toBe('both');
    expect(four.verdict?.outcome).toBe('allow');
    expect(four.closedAt! - four.openedAt).toBeGreaterThan(0);

    expect(command('curl', ['-s', `http://[::1]:${nginx.port}/`]).out).toBe('ok\n');
    const six = await flow(
      'IPv6 closes',
      ({ destination, state }) =>
        destination.address === '::1' && destination.port === nginx.port && state === 'closed',
    );
    expect(six.source.process?.comm).toBe('curl');
    expect(six.verdict?.outcome).toBe('allow');

    expect(command('curl', ['-s', `http://127.0.0.1:${closed}/`]).code).toBe(7);
    const refused = await flow(
      'a refusal',
      ({ destination, state }) => destination.port === closed && state === 'refused',
    );
    expect(refused.source.process?.comm).toBe('curl');
    expect(refused.reachedDestination).toBe(true);
  },
);

test.skipIf(cannotWatch)(
  `at rest it takes < 125 MB and < 1 % of a processor${cannotWatch ? `: ${cannotWatch}` : ''}`,
  { timeout: 90_000 },
  async () => {
    using folder = temporaryFolder();
    await using guard = await Guard.start([
      '--manifests',
      join(root, 'examples/demo-shop'),
      '--state',
      folder.path,
    ]);
    await sleep(5_000);
    // The least of several windows: other tests on this machine make traffic, which is not rest.
    const shares: number[] = [];
    for (let window = 0; window < 4; window++) {
      const before = guard.cpuSeconds;
      await sleep(5_000);
      shares.push((guard.cpuSeconds - before) / 5);
    }
    console.info(
      `at rest: ${(guard.rss / 1e6).toFixed(1)} MB resident, processor ${shares.map((share) => `${(share * 100).toFixed(1)} %`).join(', ')}`,
    );
    expect(guard.rss).toBeLessThan(125e6);
    expect(Math.min(...shares)).toBeLessThan(0.01 * slowness());
  },
);
