import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Answer } from './http.fixture.ts';
import { ask } from './http.fixture.ts';
import { type IngestOptions, type IngestService, ingest } from './ingest.ts';

let open: IngestService[] = [];
afterEach(async () => {
  await Promise.all(open.map((service) => service.close()));
  open = [];
});

/** Takes texts in; those with `bad` it cannot read. */
class Taken {
  readonly texts: string[] = [];
  take(text: string) {
    this.texts.push(text);
    if (text.includes('throw')) throw new Error('the disk is full');
    const isBad = text.includes('bad');
    return {
      events: text.includes('good') ? 1 : 0,
      faults: isBad ? [{ item: 1, message: 'no audit event' }] : [],
      undecodable: isBad ? 1 : 0,
    };
  }
}

async function start(more: Partial<IngestOptions> = {}) {
  const [audit, falco] = [new Taken(), new Taken()];
  const service = await ingest({ listen: { host: '127.0.0.1', port: 0 }, audit, falco, ...more });
  open.push(service);
  return { service, audit, falco, url: `${service.url}k8s-audit`, port: Number(new URL(service.url).port) };
}

const json = { 'Content-Type': 'application/json' };

function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = json,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const codeOf = ({ status, body }: Answer) => [status, JSON.parse(body).error?.code];

describe('what is taken', () => {
  test('each path has its taker; a query is as good as none', async () => {
    const { service, audit, falco } = await start();
    const answer = await post(`${service.url}k8s-audit?timeout=30s`, 'good');
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { schemaVersion: 1, events: 1, undecodable: 0, faults: [] },
    ]);
    expect((await post(`${service.url}falco`, 'good f')).status).toBe(200);
    expect([audit.texts, falco.texts]).toEqual([['good'], ['good f']]);
    expect(service.counts()).toEqual({ accepted: 2, refused: 0, busy: 0, broken: 0 });
  });

  test('gzip', async () => {
    const { url, audit } = await start();
    const answer = await post(url, gzipSync('good ünicode'), { ...json, 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(200);
    expect(audit.texts).toEqual(['good ünicode']);
  });

  test('an empty list is taken; of a body with sound and unsound items the sound ones', async () => {
    const { url } = await start();
    expect((await post(url, '{}')).status).toBe(200);
    const answer = await post(url, 'good and bad');
    expect(JSON.parse(answer.body)).toMatchObject({ events: 1, undecodable: 1, faults: [{ item: 1 }] });
  });

  test('only what has a taker is there', async () => {
    const { service } = await start({ falco: undefined as never });
    const answer = await post(`${service.url}falco`, 'good');
    expect(codeOf(answer)).toEqual([404, 'no-such-path']);
    expect(answer.body).toContain('post to /k8s-audit');
  });
});

test('each path is a way in for events; stopping one closes all, and then nothing is taken', async () => {
  const { service, url, audit } = await start();
  await post(url, 'x', { ...json, 'Content-Encoding': 'gzip' });
  await post(url, 'bad');
  const input = service.input('/k8s-audit');
  expect(input.status()).toEqual({ state: 'running', detail: `POST ${url}`, lost: 0, undecodable: 1 });
  expect(service.input('/falco').status().undecodable).toBe(0);
  const posts = Array.from({ length: 20 }, () =>
    post(url, gzipSync(`good${' '.repeat(1_000_000)}`), { ...json, 'Content-Encoding': 'gzip' }).catch(
      () => {},
    ),
  );
  await new Promise((wake) => setTimeout(wake, 20));
  await input.stop();
  const taken = audit.texts.length;
  await input.stop();
  await Promise.all(posts);
  expect(audit.texts).toHaveLength(taken);
  await expect(post(url, 'good')).rejects.toThrow(/ECONNREFUSED/);
});

describe('what is not taken', () => {
  test.each<[string, string | Buffer, Record<string, string>, number, string]>([
    ['no event at all', 'bad', json, 400, 'nothing-taken'],
    ['no gzip', 'good', { ...json, 'Content-Encoding': 'gzip' }, 400, 'bad-gzip'],
    [
      'half a gzip',
      gzipSync('good').subarray(0, 15),
      { ...json, 'Content-Encoding': 'gzip' },
      400,
      'bad-gzip',
    ],
    ['another packing', 'good', { ...json, 'Content-Encoding': 'br' }, 415, 'content-encoding'],
    ['text', 'good', { 'Content-Type': 'text/plain' }, 415, 'content-type'],
    ['no type', 'good', {}, 415, 'content-type'],
    ['a form', 'good', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415, 'content-type'],
    ['a request of another site', 'good', { ...json, Origin: 'http://attacker.example' }, 403, 'cross-site'],
    ['a foreign host', 'good', { ...json, Host: 'attacker.example' }, 421, 'wrong-host'],
  ])('%s', async (_, body, headers, status, code) => {
    const { url, audit } = await start();
    const answer = await post(url, body, headers);
    expect(codeOf(answer)).toEqual([status, code]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(audit.texts.filter((text) => text !== 'bad')).toEqual([]);
  });

  test('other methods and paths', async () => {
    const { service, url } = await start();
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask(url, {}, method);
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    }
    for (const path of ['', 'k8s-audit/', 'metrics', 'healthz', 'api/v1/status'])
      expect((await post(service.url + path, 'good')).status).toBe(404);
    expect(service.counts()).toMatchObject({ accepted: 0, refused: 9 });
  });

  test('when taking fails the sender is to send it again', async () => {
    const { service, url } = await start();
    expect(codeOf(await post(url, 'throw'))).toEqual([500, 'not-taken']);
    expect((await post(url, 'good')).status).toBe(200);
    expect(service.counts()).toEqual({ accepted: 1, refused: 0, busy: 0, broken: 1 });
  });
});

describe('sizes', () => {
  const limits = { sent: 100_000, unpacked: 1_000_000 };
  const zipped = { ...json, 'Content-Encoding': 'gzip' };

  test('as sent, whether it is said before or not', async () => {
    const { url, port, audit } = await start({ limits });
    expect((await post(url, `good${' '.repeat(90_000)}`)).status).toBe(200);
    const answer = await post(url, `good${' '.repeat(100_000)}`);
    expect(codeOf(answer)).toEqual([413, 'too-large']);
    expect(answer.body).toContain('100000 bytes');
    const head = `POST /k8s-audit HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
    expect(await raw(port, head + chunk + chunk + chunk)).toMatch(/^HTTP\/1.1 413 /);
    expect(audit.texts).toHaveLength(1);
  });

  test('a bomb is not unpacked', async () => {
    const { url, audit } = await start({ limits });
    expect((await post(url, gzipSync(`good${' '.repeat(999_000)}`), zipped)).status).toBe(200);
    const bomb = gzipSync(Buffer.alloc(90_000_000));
    expect(bomb.length).toBeLessThan(limits.sent);
    const before = process.memoryUsage().rss;
    for (let time = 0; time < 5; time++)
      expect(codeOf(await post(url, bomb, zipped))).toEqual([413, 'too-large']);
    expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
    expect(audit.texts).toHaveLength(1);
  });

  test('of all bodies together: who comes too much is asked to come again, slow ones keep nobody out', async () => {
    const { service, url, port } = await start({ maxBytes: 60_000 });
    const head = `POST /k8s-audit HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n`;
    const slow = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
    for (const socket of slow) socket.on('error', () => {}).write(`${head}x`);
    expect((await post(url, `good${' '.repeat(40_000)}`)).status).toBe(200);
    slow[0]?.write('x'.repeat(40_000));
    await new Promise((wake) => setTimeout(wake, 200));
    const answer = await post(url, `good${' '.repeat(40_000)}`);
    expect([...codeOf(answer), answer.headers['retry-after']]).toEqual([429, 'busy', '1']);
    for (const socket of slow) socket.destroy();
    await new Promise((wake) => setTimeout(wake, 200));
    expect((await post(url, `good${' '.repeat(40_000)}`)).status).toBe(200);
    expect(service.counts()).toEqual({ accepted: 2, refused: 0, busy: 1, broken: 20 });
  });
});

describe('slow and broken clients', () => {
  test('a request that does not end is given up', async () => {
    const { port, url } = await start({ requestMs: 500 });
    const head = `POST /k8s-audit HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n`;
    const begun = performance.now();
    const answers = await Promise.all([raw(port, `${head}x`), raw(port, 'POST /k8s-au'), raw(port, '')]);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(answers.slice(0, 2)).toEqual([
      expect.stringMatching(/^(HTTP\/1.1 408 |$)/),
      expect.stringMatching(/^(HTTP\/1.1 408 |$)/),
    ]);
    expect((await post(url, 'good')).status).toBe(200);
  });

  test('connections beyond the limit are closed, and there is room again afterwards', async () => {
    const { port, url } = await start();
    const sockets = Array.from({ length: 80 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await new Promise((wake) => setTimeout(wake, 200));
    await expect(post(url, 'good')).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await new Promise((wake) => setTimeout(wake, 100));
    expect((await post(url, 'good')).status).toBe(200);
  });
});

describe('off loopback', () => {
  test('only with a token', async () => {
    await expect(ingest({ listen: { host: '0.0.0.0', port: 0, option: '--ingest-listen' } })).rejects.toThrow(
      '0.0.0.0:0 (--ingest-listen) can be reached from other machines: configure a token first',
    );
  });

  test('the token, as Bearer or as a password, and our own address', async () => {
    const { port } = await start({ listen: { host: '0.0.0.0', port: 0 }, token: 'correct:horse' });
    const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
    const statusWith = async (authorization?: string, host = '127.0.0.1') =>
      (
        await post(`http://${host}:${port}/k8s-audit`, 'good', {
          ...json,
          ...(authorization !== undefined && { Authorization: authorization }),
        })
      ).status;
    for (const right of ['Bearer correct:horse', basic('picket:correct:horse'), basic(':correct:horse')])
      expect(await statusWith(right)).toBe(200);
    for (const wrong of [undefined, 'Bearer wrong', basic('correct:horse'), basic('x'), 'Basic %%', 'Bearer'])
      expect(await statusWith(wrong)).toBe(401);
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    if (own !== undefined) expect(await statusWith('Bearer correct:horse', own.address)).toBe(200);
  });
});

/** Writes bytes to a connection and returns what comes until it is closed. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
