import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlowJson } from '../flow/json.ts';
import { openMemoryStore } from '../store/memory.ts';
import { alert, flow, noon } from '../store/store.fixture.ts';
import { ask, type TestView, testView } from './http.fixture.ts';
import { type HttpService, serve } from './http.ts';

let view: TestView;
let service: HttpService;
let url: string;

beforeAll(async () => {
  view = testView({ maxSubscribers: 1 });
  for (let n = 1; n <= 250; n += 1) view.store.putFlow(flow(n));
  for (let n = 1; n <= 3; n += 1) view.store.putAlert(alert(n));
  service = await serve({
    view,
    consoleDir: '/nonexistent',
    listen: [{ host: '127.0.0.1', port: 0, console: false }],
  });
  url = service.urls[0] ?? '';
});
afterAll(() => service.close());

async function get(path: string): Promise<{ status: number; body: Record<string, unknown>; type: unknown }> {
  const { status, body, headers } = await ask(`${url}${path}`);
  return { status, body: JSON.parse(body), type: headers['content-type'] };
}

describe('/healthz', () => {
  test('200 while nothing fails, 503 with the reasons otherwise', async () => {
    expect(await get('healthz')).toMatchObject({ status: 200, body: { status: 'ok', reasons: [] } });
    const warning = { id: 'events-lost', state: 'warning', text: '7 records lost' } as const;
    view.health = [warning];
    expect(await get('healthz')).toMatchObject({ status: 200, body: { status: 'ok', reasons: [warning] } });
    const failing = { id: 'store', state: 'failing', text: 'disk full', help: 'free some' } as const;
    view.health = [warning, failing];
    expect(await get('healthz')).toMatchObject({
      status: 503,
      body: { status: 'failing', reasons: [warning, failing] },
    });
    view.health = [];
  });
});

describe('/api/v1', () => {
  test('status is the status', async () => {
    const { status, body } = await get('api/v1/status');
    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(view.status())));
  });

  test('flows come newest first and page without gap or repeat', async () => {
    const ids: unknown[] = [];
    let path = 'api/v1/flows?limit=100';
    for (let pages = 1; ; pages += 1) {
      const { body } = await get(path);
      expect(body.schemaVersion).toBe(1);
      ids.push(...(body.rows as { id: string }[]).map(({ id }) => id));
      if (body.next === null) {
        expect(pages).toBe(3);
        break;
      }
      path = `api/v1/flows?limit=100&before=${body.next}`;
    }
    expect(ids).toEqual(Array.from({ length: 250 }, (_, i) => `flow-${250 - i}`));
  });

  test('flows and alerts stand in their JSON form with their row', async () => {
    const flows = await get('api/v1/flows?limit=1');
    expect(flows.body.rows).toEqual([
      expect.objectContaining({
        row: 250,
        id: 'flow-250',
        protocol: 'tcp',
        source: expect.objectContaining({ address: '198.51.100.250', port: 1274 }),
        destination: expect.objectContaining({ address: '2001:db8::fb', port: 443 }),
      }),
    ]);
    const alerts = await get('api/v1/alerts');
    expect(alerts.body).toMatchObject({
      rows: [
        { row: 3, id: 'alert-3', flows: [{ source: { address: '198.51.100.3' } }] },
        { row: 2, id: 'alert-2' },
        { row: 1, id: 'alert-1' },
      ],
      next: null,
    });
  });

  test('since and until are milliseconds or times', async () => {
    const { body } = await get(`api/v1/flows?since=2026-06-01T12:00:10Z&until=${noon + 13_000}`);
    expect((body.rows as { id: string }[]).map(({ id }) => id)).toEqual(['flow-12', 'flow-11', 'flow-10']);
  });

  test.each([
    ['flows?limit=0', 'limit', 'must be at least 1'],
    ['flows?limit=10001', 'limit', 'must be at most 10000'],
    ['flows?limit=1e3', 'limit', 'must be a whole number'],
    ['flows?limit=', 'limit', 'must be a whole number'],
    ['flows?limit=-1', 'limit', 'must be a whole number'],
    ['flows?before=x', 'before', 'must be a whole number'],
    [
      'alerts?since=yesterday',
      'since',
      'must be milliseconds since 1970 or a time like 2026-06-01T12:00:00Z',
    ],
    [
      'alerts?until=2026-13-01T00:00:00Z',
      'until',
      'must be milliseconds since 1970 or a time like 2026-06-01T12:00:00Z',
    ],
    ['flows?limit=1&limit=2', 'limit', 'is given more than once'],
  ])('%s is refused with the reason', async (path, parameter, message) => {
    expect(await get(`api/v1/${path}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'bad-parameter' }, problems: [{ parameter, message }] },
    });
  });

  test('an unknown parameter is refused with the nearest known one', async () => {
    const { status, body } = await get('api/v1/flows?limt=5&colour=red');
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { message: 'limt is not a parameter of this endpoint; did you mean limit?' },
      problems: [
        { parameter: 'limt' },
        { parameter: 'colour', help: expect.stringMatching(/^known are limit/) },
      ],
    });
  });

  test('a filter is applied over pages, and one that matches little still tells where to go on', async () => {
    expect((await get('api/v1/flows?filter=x')).status).toBe(400);
    const store = openMemoryStore({ maxFlows: 30_000 });
    for (let n = 1; n <= 25_000; n += 1) store.putFlow(flow(n));
    const filtered = await serve({
      view: {
        ...testView(),
        store,
        parseFilter: (text) => {
          const divisor = Number(text);
          if (!(divisor > 0)) return { message: 'is no divisor', help: 'try 2' };
          const matches = ({ id }: FlowJson) => Number(id.slice('flow-'.length)) % divisor === 0;
          return { matches, tree: { kind: 'all' } };
        },
      },
      consoleDir: '/nonexistent',
      listen: [{ host: '127.0.0.1', port: 0, console: false }],
    });
    const page = async (query: string): Promise<{ rows: { row: number }[]; next: number | null }> =>
      JSON.parse((await ask(`${filtered.urls[0]}api/v1/flows?${query}`)).body);
    const rows = async (query: string): Promise<number[]> => (await page(query)).rows.map(({ row }) => row);
    expect(await rows('filter=1000&limit=3')).toEqual([25_000, 24_000, 23_000]);
    expect(await rows('filter=1000&limit=3&before=23000')).toEqual([22_000, 21_000, 20_000]);
    const first = await page('filter=24999');
    expect(first).toMatchObject({ rows: [{ row: 24_999 }], next: 15_001 });
    expect(await page(`filter=24999&before=${first.next}`)).toMatchObject({ rows: [], next: 5_001 });
    expect(await page('filter=24999&before=5001')).toMatchObject({ rows: [], next: null });
    expect(await page('filter=x')).toMatchObject({ problems: [{ parameter: 'filter', help: 'try 2' }] });
    await filtered.close();
  });

  test('what is not there answers with what is', async () => {
    const { status, body, type } = await get('api/v2/flows');
    expect(status).toBe(404);
    expect(type).toMatch(/^application\/json/);
    expect(body).toMatchObject({
      error: { code: 'not-found' },
      endpoints: expect.arrayContaining(['/api/v1/flows']),
    });
    // This listener has no page.
    expect((await get('')).status).toBe(404);
  });

  test('nothing can be changed', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask(`${url}api/v1/flows`, {}, method);
      expect({ method, status, allow: headers.allow }).toEqual({ method, status: 405, allow: 'GET, HEAD' });
    }
    expect(await ask(`${url}api/v1/status`, {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  test('one reader too many is told to come back later', async () => {
    const head = await ask(`${url}api/v1/stream`, {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    const controller = new AbortController();
    const first = await fetch(`${url}api/v1/stream`, { signal: controller.signal });
    expect(first.status).toBe(200);
    const second = await ask(`${url}api/v1/stream`);
    expect(second.status).toBe(503);
    expect(second.headers['retry-after']).toBe('30');
    controller.abort();
    await expect.poll(() => view.stream.subscribers).toBe(0);
  });
});
