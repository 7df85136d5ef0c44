import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defaultAlertOptions } from '../rules/format/alert.ts';
import type { HttpSettings, OutputSettings } from '../rules/settings/settings.ts';
import { ruleAlert } from './alert.fixture.ts';
import { AlertOutputs, type AlertOutputsOptions } from './alert-outputs.ts';
import { numberIn } from './output.conformance.ts';
import { systemTimers } from './timers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'picket-alerts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let opened = 0;
function open(settings: Partial<OutputSettings>, options: Partial<AlertOutputsOptions> = {}): AlertOutputs {
  return new AlertOutputs(
    { alerts: { ...defaultAlertOptions, json: true }, outputs: { stdout: false, ...settings } },
    {
      hostname: 'edge-1',
      timers: systemTimers,
      randomId: () => String(++opened).padStart(16, '0'),
      folder: join(folder, 'spool'),
      backoff: { first: 10, longest: 50 },
      ...options,
    },
  );
}

const linesOf = (path: string) =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];

const http = (url: string): HttpSettings => ({
  url,
  userAgent: 'picket',
  headers: new Map(),
  insecure: false,
  echo: false,
  compressUploads: false,
  keepAlive: true,
});

/** A real receiver of HTTP: bodies in the order of their arrival. */
async function receiver(port = 0) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  const at = (server.address() as AddressInfo).port;
  return { bodies, close, port: at, url: `http://127.0.0.1:${at}/` };
}

test('every output has every alert under the same id, and none holds up the others', async () => {
  const [filename, away] = [join(folder, 'alerts'), await receiver()];
  await away.close();
  const outputs = open({
    file: { filename, keepAlive: true },
    program: { program: `cat >>${filename}.program`, keepAlive: true },
    http: http(away.url),
  });
  for (const n of [1, 2, 3]) outputs.offer(ruleAlert(n));
  await vi.waitFor(() => expect(outputs.state()).toMatchObject([{ delivered: 3 }, { delivered: 3 }, {}]));
  await vi.waitFor(() => expect(outputs.state()[2]?.retries).toBeGreaterThan(0));
  expect(outputs.state()).toMatchObject([
    { kind: 'file', waiting: 0 },
    { kind: 'program', waiting: 0 },
    { kind: 'http', delivered: 0, waiting: 3 },
  ]);
  const back = await receiver(away.port);
  await outputs.close(5_000);
  const ids = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { id: string }).id);
  const expected = ids(linesOf(filename));
  expect(new Set(expected).size).toBe(3);
  expect(ids(linesOf(`${filename}.program`))).toEqual(expected);
  expect(ids(back.bodies)).toEqual(expected);
  await back.close();
});

test('what waits on disk goes out with the next process, before what that raises', async () => {
  const away = await receiver();
  await away.close();
  const first = open({ http: http(away.url) });
  for (const n of [1, 2]) first.offer(ruleAlert(n));
  await first.close(50);
  const back = await receiver(away.port);
  const second = open({ http: http(away.url) });
  second.offer(ruleAlert(3));
  await second.close(5_000);
  expect(back.bodies.map(numberIn)).toEqual([1, 2, 3]);
  expect(new Set(back.bodies.map((body) => JSON.parse(body).id)).size).toBe(3);
  await back.close();
});

test('the removed limit holds back by source, and tells of it as soon as it may', async () => {
  const filename = join(folder, 'alerts');
  let now = 1_700_000_000_000;
  const outputs = open(
    { file: { filename, keepAlive: true }, throttle: { rate: 1, maxBurst: 2 } },
    { timers: { ...systemTimers, now: () => now } },
  );
  for (const n of [1, 2, 3, 4]) outputs.offer(ruleAlert(n));
  outputs.offer(ruleAlert(5, { source: 'k8s_audit' }));
  outputs.tick();
  expect(outputs.heldBack).toBe(2);
  now += 1_000;
  outputs.tick();
  outputs.tick();
  for (const n of [6, 7]) outputs.offer(ruleAlert(n));
  await outputs.close(5_000);
  const told = linesOf(filename).map((line) => JSON.parse(line));
  expect(told.map(({ output }) => numberIn(output) || output.replace(/.*?Warning (.*) by .*/, '$1'))).toEqual(
    [
      1,
      2,
      5,
      '2 alerts were held back',
      6,
      // At the end.
      '1 alert was held back',
    ],
  );
  expect(new Set(told.map(({ id }) => id)).size).toBe(6);
  expect(outputs.heldBack).toBe(3);
});

test('a rotated file is left at reopen', async () => {
  const filename = join(folder, 'alerts');
  const outputs = open({ file: { filename, keepAlive: true } });
  const delivered = (count: number) =>
    vi.waitFor(() => expect(outputs.state()).toMatchObject([{ delivered: count }]));
  outputs.offer(ruleAlert(1));
  await delivered(1);
  renameSync(filename, `${filename}.1`);
  outputs.offer(ruleAlert(2));
  await delivered(2);
  outputs.reopen();
  outputs.offer(ruleAlert(3));
  await outputs.close(5_000);
  expect(linesOf(`${filename}.1`).map(numberIn)).toEqual([1, 2]);
  expect(linesOf(filename).map(numberIn)).toEqual([3]);
});

test('one at a time has the folder; a failed start and an end let go of it', async () => {
  const filename = join(folder, 'alerts');
  const first = open({ file: { filename, keepAlive: false } });
  expect(() => open({ file: { filename, keepAlive: false } })).toThrow(
    `the alerts in ${folder}/spool belong to another picket that runs, pid ${process.pid}`,
  );
  await first.close(0);
  await first.close(0);
  const ca = join(folder, 'none.pem');
  const untrusted = { ...http('https://127.0.0.1:1/'), caCert: ca };
  expect(() => open({ http: untrusted })).toThrow(/^http_output.ca_cert cannot be used: ENOENT.*none.pem/);
  const second = open({ file: { filename, keepAlive: false } });
  await second.close(0);
  // After the end.
  second.offer(ruleAlert(1));
  expect([second.state()[0]?.waiting, existsSync(filename)]).toEqual([0, false]);
});

test('a folder that cannot be: alerts go out from memory, and the disk is told of', async () => {
  const [filename, blocked] = [join(folder, 'alerts'), join(folder, 'blocked')];
  writeFileSync(blocked, '');
  const outputs = open({ file: { filename, keepAlive: false } }, { folder: blocked });
  outputs.offer(ruleAlert(1));
  await outputs.close(5_000);
  expect(linesOf(filename).map(numberIn)).toEqual([1]);
  expect(outputs.state()).toMatchObject([{ delivered: 1, lastDiskError: expect.stringMatching('ENOTDIR') }]);
});

test('no outputs at all', async () => {
  const outputs = open({});
  outputs.offer(ruleAlert(1));
  outputs.tick();
  outputs.reopen();
  expect(outputs.state()).toEqual([]);
  await outputs.close(10);
});
