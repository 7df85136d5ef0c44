import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flowAnswerOutput } from '../flow/ask/answer-schema.ts';
import { evaluate } from '../flow/ask/evaluate.ts';
import { parseDimensions } from '../flow/ask/parse-dimensions.ts';
import { parseFlowFilter } from '../flow/filter.ts';
import { flowToJson } from '../flow/json.ts';
import { flow } from '../store/store.fixture.ts';
import { groupQuery, readQuery } from './api-query.ts';
import { FlowGroups } from './flow-groups.ts';
import { ask, type TestView, testView } from './http.fixture.ts';
import { type HttpService, serve } from './http.ts';

/** The moment of the view's status, in whose last hour the flows are. */
const now = 1_780_000_060_000;
const flows = Array.from({ length: 300 }, (_, n) =>
  flow(n, {
    openedAt: now - (n % 100) * 30_000,
    state: n % 3 === 0 ? 'refused' : 'closed',
    ...(n % 2 === 0 && { sent: { packets: 1, bytes: n * 10 }, received: { packets: 1, bytes: 5 } }),
  }),
);

let view: TestView;
let service: HttpService;

beforeAll(async () => {
  view = {
    ...testView(),
    parseFilter: (text) => {
      const read = parseFlowFilter(text, { now });
      return read.ok ? read : { message: read.diagnostics[0]!.message };
    },
  };
  for (const one of flows) view.store.putFlow(one);
  const listen = [{ host: '127.0.0.1', port: 0, console: false }];
  service = await serve({ view, consoleDir: '/nonexistent', listen });
});
afterAll(() => service.close());

async function groups(query: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const { status, body } = await ask(`${service.urls[0]}api/v1/flows/groups?${query}`);
  return { status, body: JSON.parse(body) };
}

function truth(by: string, more: Partial<Parameters<typeof evaluate>[1]>, filter = '') {
  const read = parseDimensions(by);
  const tree = parseFlowFilter(filter, { now });
  if (!('dimensions' in read) || !tree.ok) throw new Error('not asked well');
  const query = { by: read.dimensions, order: 'bytes', top: 10, filter: tree.tree, ...more } as const;
  return evaluate(flows.map(flowToJson), query);
}

describe('groups of flows', () => {
  test('the busiest of the last hour, as one flow after the other says, by its schema', async () => {
    const { status, body } = await groups('by=src,state&top=3');
    expect(status).toBe(200);
    const { groups: told, total, rest, count } = truth('src,state', { top: 3, since: now - 3_600_000 });
    expect(body).toMatchObject({
      ...{ schemaVersion: 1, by: ['src', 'state'], order: 'bytes', total, rest, count, from: 'flows' },
      groups: told.map(({ key, ...sums }) => ({ src: key[0], state: key[1], ...sums })),
    });
    expect(flowAnswerOutput.safeParse(body).success).toBe(true);
  });

  test('filter, order, times, ends and buckets', async () => {
    const [since, until] = [now - 1_800_000, now - 60_000];
    const { body } = await groups(
      `by=port&filter=state%3Drefused&order=flows&since=${since}&until=${until}&bucket=5m&count=sources,destinations`,
    );
    const expected = truth(
      'port',
      { order: 'flows', since, until, bucket: 300_000, distinct: ['sources', 'destinations'] },
      'state=refused',
    );
    const [group] = expected.groups;
    expect(body.groups).toEqual(
      [{ port: '443', ...group, key: undefined, series: group!.series }].map(({ key: _, ...rest }) => rest),
    );
    expect(body.buckets).toEqual(expected.buckets);
    expect(flowAnswerOutput.safeParse(body).success).toBe(true);
  });

  test('without bytes the most flows come first; nothing to group by is one group', async () => {
    const { body } = await groups('filter=not+bytes%3E%3D0&by=state');
    expect(body).toMatchObject({ order: 'flows', total: { bytes: 0 } });
    expect((await groups('')).body).toMatchObject({
      by: [],
      groups: [{ flows: truth('src', { since: now - 3_600_000 }).total.flows }],
    });
  });

  test('a clock that is years ahead does not make the series as long', async () => {
    const own = testView();
    for (const one of [flows[1]!, flow(300, { openedAt: now + 5e11 })]) own.store.putFlow(one);
    const read = readQuery(groupQuery, { bucket: ['5m'] });
    if (!('query' in read)) throw new Error('no query');
    expect(await new FlowGroups(own).ask(read.query)).toMatchObject({ answer: { total: { flows: 1 } } });
  });

  test.each([
    ['by=srcc', 'by', /flows cannot be told apart/, 'did you mean src?'],
    ['by=src,pair', 'by', /names src twice/, undefined],
    ['order=size', 'order', /must be one of bytes, packets/, undefined],
    ['top=0', 'top', /at least 1/, undefined],
    ['top=1001', 'top', /at most 1000/, undefined],
    ['top=101&bucket=1m', 'top', /at most 100 with a bucket/, undefined],
    ['bucket=10ms', 'bucket', /must be a span/, 'write 10s, 1m, 15m, 1h or 1d'],
    ['bucket=1s', 'bucket', /more than 1000 buckets/, 'take a longer one, or a shorter time'],
    ['count=ports', 'count', /takes sources and destinations/, undefined],
    ['from=years', 'from', /must be one of flows, minutes, hours/, undefined],
    ['filter=sorce%3Dx', 'filter', /./, undefined],
    ['since=2026-06-01T12:00:00Z&until=2026-06-01T11:00:00Z', 'until', /after since/, undefined],
    ['limit=10', 'limit', /is not a parameter/, undefined],
  ])('%s is refused', async (query, parameter, message, help) => {
    const { status, body } = await groups(query);
    expect(status).toBe(400);
    const [problem] = body.problems as { parameter: string; message: string; help?: string }[];
    expect(problem).toMatchObject({
      parameter,
      message: expect.stringMatching(message),
      ...(help && { help }),
    });
  });

  test('what looks at too much is refused before it is read', async () => {
    const few = new FlowGroups(view, 100);
    const asked = (text: Record<string, string[]>) => {
      const read = readQuery(groupQuery, text);
      if (!('query' in read)) throw new Error(JSON.stringify(read.problems));
      return few.ask(read.query);
    };
    expect(await asked({})).toMatchObject({ problem: { parameter: 'since', message: /too many flows/ } });
    expect(await asked({ since: [String(now + 1)] })).toMatchObject({ answer: { total: { flows: 0 } } });
  });

  test('one after the other, and not more than wait in line', async () => {
    const slow = new FlowGroups({
      ...view,
      store: {
        ...view.store,
        ask: (query) => {
          for (const until = performance.now() + 20; performance.now() < until; );
          return view.store.ask(query);
        },
      },
    });
    const read = readQuery(groupQuery, {});
    if (!('query' in read)) throw new Error('no query');
    const began = performance.now();
    const results = await Promise.all(Array.from({ length: 20 }, () => slow.ask(read.query)));
    expect(results.filter((one) => 'answer' in one)).toHaveLength(16);
    expect(results.filter((one) => 'busyForSeconds' in one)).toHaveLength(4);
    // Between two of them as long as one takes the agent has its turn.
    expect(performance.now() - began).toBeGreaterThan(15 * 2 * 20);
    expect(await slow.ask(read.query)).toHaveProperty('answer');
  });
});
