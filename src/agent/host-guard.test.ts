import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, testView } from './http.fixture.ts';
import { type HttpService, serve } from './http.ts';

let service: HttpService;
let url: string;
let port: string;

beforeAll(async () => {
  service = await serve({
    view: testView(),
    consoleDir: '/nonexistent',
    names: ['picket.example'],
    listen: [{ host: '127.0.0.1', port: 0, console: true }],
  });
  url = service.urls[0] ?? '';
  port = new URL(url).port;
});
afterAll(() => service.close());

describe('Host', () => {
  const status = async (host: string): Promise<number> => (await ask(`${url}healthz`, { Host: host })).status;

  test.each(['localhost', 'LocalHost', '127.0.0.1', '[::1]', 'picket.example'])(
    '%s is served',
    async (name) => {
      expect(await status(`${name}:${port}`)).toBe(200);
    },
  );

  test.each([
    'attacker.example',
    'localhost.attacker.example',
    'attacker.example.localhost',
    '127.0.0.1.attacker.example',
    '198.51.100.7',
    '[2001:db8::1]',
    'localhost:80:',
    'a@localhost',
    '0.0.0.0',
    '2130706433',
  ])('%s is refused', async (name) => {
    const answer = await ask(`${url}api/v1/status`, { Host: `${name}:${port}` });
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body).error.code).toBe('wrong-host');
  });

  test('another port, or none, is refused', async () => {
    expect(await status('localhost')).toBe(421);
    expect(await status('localhost:1')).toBe(421);
    expect(await status(`localhost:${Number(port) + 65_536}`)).toBe(421);
  });
});

describe('requests of other sites', () => {
  const own = (): Record<string, string> => ({ Host: `localhost:${port}` });

  test.each(['GET', 'POST', 'OPTIONS', 'PUT', 'DELETE'])(
    '%s with a foreign Origin is refused',
    async (method) => {
      for (const origin of [
        'http://attacker.example',
        'null',
        'http://localhost:1',
        `https://localhost:${port}`,
      ]) {
        const answer = await ask(`${url}api/v1/flows`, { ...own(), Origin: origin }, method);
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.body).error.code).toBe('cross-site');
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
    },
  );

  test('the own Origin is served', async () => {
    expect((await ask(`${url}api/v1/status`, { ...own(), Origin: `http://localhost:${port}` })).status).toBe(
      200,
    );
  });

  test.each(['cross-site', 'same-site', 'anything-else'])('Sec-Fetch-Site: %s is refused', async (site) => {
    for (const path of ['', 'api/v1/status', 'metrics', 'assets/x.js']) {
      expect((await ask(`${url}${path}`, { ...own(), 'Sec-Fetch-Site': site })).status).toBe(403);
    }
  });

  test.each(['same-origin', 'none'])('Sec-Fetch-Site: %s is served', async (site) => {
    expect((await ask(`${url}api/v1/status`, { ...own(), 'Sec-Fetch-Site': site })).status).toBe(200);
  });

  test('a link to the page may be followed, but not into a frame, and not to data', async () => {
    const link = {
      ...own(),
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    };
    expect((await ask(url, link)).status).toBe(200);
    expect((await ask(`${url}?alert=1`, link)).status).toBe(200);
    expect((await ask(`${url}api/v1/status`, link)).status).toBe(403);
    expect((await ask(url, { ...link, 'Sec-Fetch-Dest': 'iframe' })).status).toBe(403);
    expect((await ask(url, link, 'POST')).status).toBe(403);
  });
});

test('every answer carries the security headers and none of CORS', async () => {
  for (const [path, headers] of [
    ['', {}],
    ['healthz', {}],
    ['nothing', {}],
    ['api/v1/flows?limit=x', {}],
    ['', { Host: 'attacker.example' }],
  ] as const) {
    const answer = await ask(`${url}${path}`, headers);
    expect(answer.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
});
