import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alert, noon } from '../store/store.fixture.ts';
import { ask, type TestView, testView } from './http.fixture.ts';
import { type HttpService, serve } from './http.ts';

let view: TestView;
let service: HttpService;
let url: string;

beforeAll(async () => {
  view = testView();
  // Three sources, of which each is an incident of its own.
  for (let n = 1; n <= 3; n++)
    view.incidents.alert(alert(n, { entity: `203.0.113.${n}`, flows: [], title: `scan ${n}` }));
  view.incidents.tick(noon + 10_000);
  service = await serve({
    view,
    consoleDir: '/nonexistent',
    listen: [{ host: '127.0.0.1', port: 0, console: false }],
  });
  url = service.urls[0] ?? '';
});
afterAll(() => service.close());

interface Page {
  readonly rows: readonly { readonly id: string }[];
  readonly next: number | null;
}

const asJson = { 'Content-Type': 'application/json' };

async function get(path: string) {
  const { status, body } = await ask(`${url}api/v1/${path}`);
  return { status, body: JSON.parse(body) as Page };
}

async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = asJson) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await ask(`${url}api/v1/${path}`, headers, 'POST', text);
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
}

const ids = ({ body }: Awaited<ReturnType<typeof get>>) => body.rows.map(({ id }) => id);

describe('what can be asked', () => {
  test('a page in short, that goes on', async () => {
    const first = await get('incidents?limit=2');
    expect(first).toMatchObject({
      status: 200,
      body: { schemaVersion: 1, rows: [{ id: 'i3', title: 'scan 3', tactics: ['discovery'] }, { id: 'i2' }] },
    });
    expect(first.body.rows[0]).not.toHaveProperty('timeline');
    const second = await get(`incidents?limit=2&before=${first.body.next}`);
    expect(ids(second)).toEqual(['i1']);
    expect(second.body.next).toBeNull();
    expect(ids(await get(`incidents?since=${noon + 2_000}`))).toEqual(['i3', 'i2']);
  });

  test('one whole, with its timeline; none that is not there', async () => {
    expect(await get('incidents/i2')).toMatchObject({
      status: 200,
      body: { incident: { id: 'i2', schemaVersion: 1, timeline: [{ kind: 'alert', text: 'scan 2' }] } },
    });
    expect(await get('incidents/nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'not-found' } },
    });
  });

  test.each([
    ['incidents?state=closed', 'state'],
    ['incidents?limit=0', 'limit'],
    ['incidents?filter=x', 'filter'],
  ])('%s is refused with the reason', async (path, parameter) => {
    expect(await get(path)).toMatchObject({ status: 400, body: { problems: [{ parameter }] } });
  });
});

describe('what can be done', () => {
  test('it is acknowledged, noted, resolved and reopened, kept, and told to the stream', async () => {
    expect(await post('incidents/i1/ack', { by: 'ann' })).toMatchObject({
      status: 200,
      body: { incident: { state: 'acknowledged', timeline: [{}, { text: 'acknowledged by ann' }] } },
    });
    expect((await post('incidents/i1/note', { text: 'is it ours?' })).status).toBe(200);
    expect(ids(await get('incidents?state=acknowledged'))).toEqual(['i1']);
    expect((await post('incidents/i1/resolve', { text: 'ours', falsePositive: true })).status).toBe(200);
    expect(ids(await get('incidents'))).toEqual(['i3', 'i2']);
    expect(ids(await get('incidents?state=all'))).toEqual(['i1', 'i3', 'i2']);
    expect(view.store.incident('i1')).toMatchObject({
      state: 'resolved',
      resolution: { kind: 'false-positive', at: noon + 60_000, reason: 'ours' },
      notes: [{ text: 'is it ours?' }],
    });
    expect((await post('incidents/i1/reopen', {})).status).toBe(200);
  });

  test.each([
    ['incidents/i1/reopen', {}, 409, 'not-possible'],
    ['incidents/i2/resolve', { falsePositive: true }, 409, 'not-possible'],
    ['incidents/nobody/ack', {}, 404, 'not-found'],
    ['incidents/i2/burn', {}, 404, 'not-found'],
    ['incidents/i2/constructor', {}, 404, 'not-found'],
    ['incidents/i2/note', { txt: 'x' }, 400, 'bad-body'],
    ['incidents/i2/note', { text: 7 }, 400, 'bad-body'],
    ['incidents/i2/note', '{', 400, 'bad-body'],
    ['incidents/i2/note', { text: 'x'.repeat(2_001) }, 400, 'bad-body'],
    ['incidents/i2/note', { text: 'x'.repeat(20_000) }, 413, 'too-large'],
    ['incidents', {}, 405, 'method-not-allowed'],
    ['alerts', {}, 405, 'method-not-allowed'],
  ])('%s with %j is refused', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { error: { code } } });
  });

  test('a page of another site can do nothing of it', async () => {
    const path = 'incidents/i2/ack';
    const other = { ...asJson, Origin: 'http://evil.example' };
    expect(await post(path, {}, other)).toMatchObject({
      status: 403,
      body: { error: { code: 'cross-site' } },
    });
    expect((await post(path, {}, { ...asJson, 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    // A form needs no leave to be sent anywhere, but it cannot be JSON.
    const form = { 'Content-Type': 'text/plain' };
    expect(await post(path, '{}', form)).toMatchObject({
      status: 415,
      body: { error: { code: 'content-type' } },
    });
    expect((await post(path, {}, { ...asJson, Host: 'evil.example' })).status).toBe(421);
    expect(view.store.incident('i2')?.state).toBe('open');
  });
});
