import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alert } from '../alert.fixture.ts';
import { BusyError, RefusedError } from '../transport.ts';
import { type HttpOutputOptions, HttpTransport } from './http.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

/** A key and a certificate for localhost, signed by itself. */
function certificate(name: string) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

async function served(listener: RequestListener, tls?: ServerOptions) {
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}/in?token=secret`;
  return { url, [Symbol.dispose]: () => void server.close() };
}

const transport = (url: string, more: Partial<HttpOutputOptions> = {}) =>
  new HttpTransport({
    url,
    userAgent: 'edge/1',
    headers: {},
    json: true,
    compress: false,
    keepAlive: false,
    insecure: false,
    ...more,
  });

test('sends the alert with its headers and its key; the answer is echoed', async () => {
  let seen: { request: IncomingMessage; body: string } | undefined;
  using server = await served(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    seen = { request, body };
    response.end('thanks');
  });
  const echoed: string[] = [];
  const one = transport(server.url, { headers: { 'X-Site': 'north' }, echo: (text) => echoed.push(text) });
  await one.send(alert(7), never);
  expect(seen?.request).toMatchObject({
    method: 'POST',
    url: '/in?token=secret',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'edge/1',
      'x-site': 'north',
      'idempotency-key': '"0123456789abcdef-7"',
    },
  });
  expect(JSON.parse(seen?.body ?? '')).toMatchObject({ id: '0123456789abcdef-7', rule: 'Shell' });
  expect(echoed).toEqual(['thanks']);
  expect(one.target).not.toContain('secret');
  await transport(server.url, { json: false }).send(alert(7), never);
  expect(seen?.request.headers['content-type']).toBe('text/plain');
  expect(seen?.body).toBe(alert(7).text);
});

test.each([
  [400, RefusedError],
  [413, RefusedError],
  [422, RefusedError],
  [429, BusyError],
  [401, Error],
  [404, Error],
  [302, Error],
  [500, Error],
])('status %i', async (status, kind) => {
  using server = await served((_, response) => response.writeHead(status, { 'Retry-After': '2' }).end());
  const error = await transport(server.url, {})
    .send(alert(1), never)
    .catch((one: Error) => one);
  expect(error).toBeInstanceOf(kind);
  expect(error instanceof RefusedError).toBe(kind === RefusedError);
  expect((error as Error).message).toMatch(new RegExp(`^http://127.0.0.1:\\d+ answered ${status}`));
});

test('an endless answer is cut off, a silent receiver is left', async () => {
  using endless = await served((_, response) => {
    const more = () => response.destroyed || response.write('x'.repeat(16_384), () => setImmediate(more));
    more();
  });
  await transport(endless.url).send(alert(1), never);
  using silent = await served(() => {});
  const late = AbortSignal.timeout(100);
  await expect(transport(silent.url).send(alert(1), late)).rejects.toThrow(/timeout/);
});

test('certificates: unknown ones are refused, named ones taken, insecure takes any; clients show theirs', async () => {
  const [own, client, stranger] = [certificate('server'), certificate('client'), certificate('stranger')];
  using server = await served((_, response) => void response.end(), own);
  await expect(transport(server.url).send(alert(1), never)).rejects.toThrow(/self.signed/);
  await expect(transport(server.url, { ca: [stranger.cert] }).send(alert(1), never)).rejects.toThrow(
    /self.signed/,
  );
  await transport(server.url, { ca: [own.cert] }).send(alert(1), never);
  await transport(server.url, { insecure: true }).send(alert(1), never);

  using mutual = await served((_, response) => void response.end(), {
    ...own,
    ca: client.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const ca = [own.cert];
  await expect(transport(mutual.url, { ca }).send(alert(1), never)).rejects.toThrow();
  await expect(transport(mutual.url, { ca, ...stranger }).send(alert(1), never)).rejects.toThrow();
  await transport(mutual.url, { ca, ...client }).send(alert(1), never);
});
