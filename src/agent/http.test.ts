import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ask, freePort, testView } from './http.fixture.ts';
import { type HttpOptions, serve } from './http.ts';

const options = (listen: HttpOptions['listen'], more: Partial<HttpOptions> = {}): HttpOptions => ({
  view: testView(),
  consoleDir: '/nonexistent',
  listen,
  ...more,
});

describe('listening', () => {
  test('on several addresses, the page only where it is asked for', async () => {
    const service = await serve(
      options([
        { host: '127.0.0.1', port: 0, console: true },
        { host: '::1', port: 0, console: false },
      ]),
    );
    const [first = '', second = ''] = service.urls;
    expect(second).toMatch(/^http:\/\/\[::1\]:\d+\/$/);
    expect((await ask(first)).status).toBe(200);
    expect((await ask(second)).status).toBe(404);
    expect((await ask(`${second}healthz`)).status).toBe(200);
    await service.close();
    await expect(ask(first)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('an address in use is named with its option, and nothing stays open', async () => {
    const port = await freePort();
    const first = await serve(options([{ host: '127.0.0.1', port, console: true }]));
    const other = await freePort();
    const second = serve(
      options([
        { host: '127.0.0.1', port: other, console: true },
        { host: '127.0.0.1', port, console: true, option: '--listen' },
      ]),
    );
    await expect(second).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (--listen): another program is listening there`,
    );
    await expect(ask(`http://127.0.0.1:${other}/`)).rejects.toThrow(/ECONNREFUSED/);
    expect((await ask(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    await first.close();
  });

  test('an address that this machine does not have is said to be so', async () => {
    const service = serve(options([{ host: '198.51.100.1', port: 0, console: true }], { token: 'secret' }));
    await expect(service).rejects.toThrow(/198\.51\.100\.1:0: this machine has no such address/);
  });

  test.each(['0.0.0.0', '::', '198.51.100.1', '127.0.0.1.attacker.example', ''])(
    'off loopback (%j) only with a token',
    async (host) => {
      const service = serve(options([{ host, port: 0, console: true, option: '--listen' }]));
      await expect(service).rejects.toThrow(/can be reached from other machines: configure a token/);
      const empty = serve(options([{ host, port: 0, console: true }], { token: '' }));
      await expect(empty).rejects.toThrow(/configure a token/);
    },
  );

  test('off loopback every request needs the token; on loopback none does', async () => {
    const service = await serve(
      options(
        [
          { host: '0.0.0.0', port: 0, console: true },
          { host: '127.0.0.1', port: 0, console: true },
        ],
        { token: 'correct-horse' },
      ),
    );
    const open = `http://127.0.0.1:${new URL(service.urls[0] ?? '').port}`;
    for (const path of ['/', '/healthz', '/metrics', '/api/v1/status', '/nothing']) {
      const answer = await ask(`${open}${path}`);
      expect({ path, status: answer.status, scheme: answer.headers['www-authenticate'] }).toEqual({
        path,
        status: 401,
        scheme: 'Bearer',
      });
    }
    for (const wrong of [
      'Bearer wrong',
      'Bearer',
      'Basic correct-horse',
      'correct-horse',
      'Bearer correct-horse x',
    ]) {
      expect((await ask(`${open}/healthz`, { Authorization: wrong })).status).toBe(401);
    }
    expect((await ask(`${open}/healthz`, { Authorization: 'Bearer correct-horse' })).status).toBe(200);
    expect((await ask(`${service.urls[1]}healthz`)).status).toBe(200);
    await service.close();
  });

  test('off loopback the machine is asked for by its own address', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    if (own === undefined) return;
    const service = await serve(options([{ host: '0.0.0.0', port: 0, console: true }], { token: 't' }));
    const { port } = new URL(service.urls[0] ?? '');
    const headers = { Authorization: 'Bearer t' };
    expect((await ask(`http://${own.address}:${port}/healthz`, headers)).status).toBe(200);
    expect(
      (await ask(`http://${own.address}:${port}/healthz`, { ...headers, Host: `attacker.example:${port}` }))
        .status,
    ).toBe(421);
    await service.close();
  });
});

describe('closing', () => {
  test('ends event streams and idle connections at once', async () => {
    const view = testView();
    const service = await serve(options([{ host: '127.0.0.1', port: 0, console: true }], { view }));
    const url = service.urls[0] ?? '';
    const idle = connect(Number(new URL(url).port), '127.0.0.1');
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    idle.on('error', () => {});
    idle.resume();
    const response = await fetch(`${url}api/v1/stream`);
    const reader = response.body?.getReader();
    await reader?.read();
    const started = performance.now();
    await service.close();
    await idleClosed;
    await expect(drain(reader)).resolves.toBe('ended');
    expect(performance.now() - started).toBeLessThan(1000);
    expect(view.stream.subscribers).toBe(0);
  });
});

/** Reads to the end; a connection cut is an end as well. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  try {
    while (reader !== undefined && !(await reader.read()).done);
  } catch {
    return 'ended';
  }
  return 'ended';
}

test('requests that are no HTTP do not disturb the service', async () => {
  const service = await serve(options([{ host: '127.0.0.1', port: 0, console: true }]));
  const url = service.urls[0] ?? '';
  const port = Number(new URL(url).port);
  for (const text of [
    'GET http://attacker.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n',
    `OPTIONS * HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nHost: attacker.example\r\n\r\n`,
    `GET /%zz HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    `GET /api/v1/flows?%ff%zz=1 HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(text, 'latin1'));
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.resume();
    });
  }
  expect((await ask(`${url}healthz`)).status).toBe(200);
  await service.close();
});
