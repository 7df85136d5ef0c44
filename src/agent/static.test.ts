import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, testView } from './http.fixture.ts';
import { type HttpService, serve } from './http.ts';

let directory: string;
let service: HttpService;
let url: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'picket-test-static-'));
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  service = await serve({
    view: testView(),
    consoleDir: join(directory, 'dist'),
    listen: [{ host: '127.0.0.1', port: 0, console: true }],
  });
  url = service.urls[0] ?? '';
});
afterEach(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

function build(): void {
  mkdirSync(join(directory, 'dist', 'assets'), { recursive: true });
  writeFileSync(join(directory, 'dist', 'index.html'), '<!doctype html><title>Picket</title>');
  writeFileSync(join(directory, 'dist', 'icon.svg'), '<svg/>');
  writeFileSync(join(directory, 'dist', 'assets', 'index-B4x_9-aZ.js'), 'export {};');
  symlinkSync(join(directory, 'secret.txt'), join(directory, 'dist', 'link.txt'));
}

describe('the page', () => {
  test('says how to build it as long as it is not built, and is there once it is', async () => {
    const before = await ask(url);
    expect(before).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(before.body).toMatch(/not built.*\.\/picket run/s);
    build();
    const after = await ask(url);
    expect(after).toMatchObject({ status: 200, body: '<!doctype html><title>Picket</title>' });
    expect(after.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
  });

  test('files named by their content are cached for good, others asked for each time', async () => {
    build();
    expect((await ask(`${url}assets/index-B4x_9-aZ.js`)).headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await ask(`${url}icon.svg`)).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-cache',
    });
  });

  test('a page built anew is served without a restart', async () => {
    build();
    await ask(url);
    rmSync(join(directory, 'dist', 'assets'), { recursive: true });
    expect((await ask(`${url}assets/index-B4x_9-aZ.js`)).status).toBe(404);
    mkdirSync(join(directory, 'dist', 'assets'));
    writeFileSync(join(directory, 'dist', 'assets', 'index-00000000.js'), 'export {};');
    expect((await ask(`${url}assets/index-00000000.js`)).status).toBe(200);
  });

  test.each([
    '../secret.txt',
    '..%2fsecret.txt',
    '%2e%2e/secret.txt',
    '%2e%2e%2fsecret.txt',
    'assets/../../secret.txt',
    'assets/..%2f..%2fsecret.txt',
    '..\\secret.txt',
    '..%5csecret.txt',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'index.html%00.txt',
    'link.txt',
    'assets',
    'assets/',
  ])('nothing outside the directory is served: %s', async (path) => {
    build();
    // A URL object would resolve the dots before they are sent.
    const { hostname, port } = new URL(url);
    const { request } = await import('node:http');
    const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request({ hostname, port, path: `/${path}`, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      sent.on('error', reject).end();
    });
    expect(answer.body).not.toMatch(/^secret$|root:/);
    expect([400, 404]).toContain(answer.status);
  });
});
