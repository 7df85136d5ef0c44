import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dimensions } from '../../flow/ask/dimension.ts';
import { evaluate } from '../../flow/ask/evaluate.ts';
import type { FlowQuery } from '../../flow/ask/query.ts';
import { parseFlowFilter } from '../../flow/filter.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowToJson } from '../../flow/json.ts';
import { openSqliteReader } from '../reader.ts';
import { openSqliteStore } from '../sqlite.ts';
import { flow, noon } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { segmentsFolder } from './segment-list.ts';

let directory: string;
let files = 0;
const fresh = (): string => join(directory, `store-${++files}.db`);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'picket-test-log-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The `n`-th flow of a series, which ended unless `n` is a multiple of 10. */
function ended(n: number, change: Partial<Flow> = {}): Flow {
  const openedAt = noon + n * 1000;
  return flow(n, {
    openedAt,
    ...(n % 10 === 0 ? { state: 'established' } : { state: 'closed', closedAt: openedAt + (n % 7) * 20_000 }),
    sent: { packets: 1 + (n % 5), bytes: 100 + n },
    received: { packets: n % 3, bytes: 7 * n },
    ...change,
  });
}

function filled(path: string, count: number, options: Parameters<typeof openSqliteStore>[1] = {}): Store {
  const store = openSqliteStore(path, { segmentRows: 50, mergedRows: 0, ...options });
  for (let n = 1; n <= count; n += 1) {
    store.putFlow(ended(n));
    if (n % 40 === 0) store.flush();
  }
  store.flush();
  return store;
}

const by = (...names: string[]) => names.map((name) => dimensions.get(name)!);
const treeOf = (text: string) => {
  const filter = parseFlowFilter(text);
  if (!filter.ok) throw new Error(text);
  return filter.tree;
};
const segmentsOf = (path: string) =>
  readdirSync(segmentsFolder(path)).filter((name) => name.endsWith('.flows'));
const all = (count: number) => Array.from({ length: count }, (_, i) => flowToJson(ended(i + 1)));
const top: FlowQuery = { by: by('src'), order: 'bytes', top: 5 };

test('flows that ended move to segments, and are read with the others as if nothing had moved', () => {
  const path = fresh();
  const store = filled(path, 1_000);
  expect(segmentsOf(path).length).toBeGreaterThan(10);
  expect(store.health()).toMatchObject({ state: 'ok', flows: 1_000, lost: 0 });
  const seen: Flow[] = [];
  for (let before: number | undefined; ; ) {
    const page = store.flows({ limit: 73, ...(before === undefined ? {} : { before }) });
    if (page.length === 0) break;
    seen.push(...page.map(({ value }) => value));
    before = page.at(-1)?.row;
  }
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => ended(1_000 - i)));
  expect(
    store.flows({ since: noon + 100_000, until: noon + 103_000, limit: 9 }).map(({ value }) => value.id),
  ).toEqual(['flow-102', 'flow-101', 'flow-100']);
  const filter = treeOf('bytes>7000 state=closed');
  expect(store.flows({ limit: 3, filter }).map(({ value }) => value.id)).toEqual([
    'flow-999',
    'flow-998',
    'flow-997',
  ]);
  expect(store.ask(top)).toEqual(evaluate(all(1_000), top));
  const reader = openSqliteReader(path);
  expect(reader.ask({ ...top, filter })).toEqual(evaluate(all(1_000), { ...top, filter }));
  expect(reader.health()).toMatchObject({ flows: 1_000 });
  reader.close();
  store.close();
  const again = openSqliteStore(path);
  again.putFlow(ended(1_001));
  again.flush();
  expect(again.flows({ limit: 2 }).map(({ row, value }) => [row, value.id])).toEqual([
    [1_001, 'flow-1001'],
    [1_000, 'flow-1000'],
  ]);
  again.close();
});

test('small segments and sums are merged, and nothing of an answer changes by it', () => {
  const path = fresh();
  const store = filled(path, 2_000, { mergedRows: 500 });
  expect(segmentsOf(path).length).toBeLessThan(25);
  const series: FlowQuery = { by: by('dst', 'port'), order: 'bytes', top: 7, bucket: 60_000 };
  expect(store.ask(series)).toEqual(evaluate(all(2_000), series));
  expect(store.ask({ ...series, from: 'minutes' })).toEqual({
    ...evaluate(all(2_000), series),
    from: 'minutes',
  });
  expect(store.flows({ limit: 3_000 }).map(({ value }) => value)).toEqual(
    Array.from({ length: 2_000 }, (_, i) => ended(2_000 - i)),
  );
  store.close();
  const again = openSqliteStore(path, { mergedRows: 500 });
  expect(again.health().flows).toBe(2_000);
  expect(again.ask(top)).toEqual(evaluate(all(2_000), top));
  again.close();
});

test('segments are closed to others than owner and group', () => {
  const path = fresh();
  filled(path, 100).close();
  for (const name of segmentsOf(path))
    expect(statSync(join(segmentsFolder(path), name)).mode & 0o007).toBe(0);
});

describe('what a killed or damaged store leaves', () => {
  test('a segment whose flows are still in the table goes', () => {
    const path = fresh();
    const copy = join(directory, 'copy.db');
    const store = filled(path, 49);
    store.close();
    copyFileSync(path, copy);
    const sealed = openSqliteStore(path, { segmentRows: 10 });
    sealed.putFlow(ended(51));
    sealed.flush();
    sealed.close();
    expect(segmentsOf(path)).toHaveLength(1);
    // As if it had been killed between the file and the table.
    copyFileSync(copy, path);
    writeFileSync(join(segmentsFolder(path), '7.flows.tmp'), 'half of a');
    const again = openSqliteStore(path);
    expect(readdirSync(segmentsFolder(path))).toEqual([]);
    expect(again.ask(top)).toEqual(evaluate(all(49), top));
    again.close();
  });

  test('segments that were merged are not taken for others, with their database or without', () => {
    const path = fresh();
    const store = filled(path, 500);
    store.close();
    const saved = segmentsOf(path).map(
      (name) => [name, readFileSync(join(segmentsFolder(path), name))] as const,
    );
    const merging = openSqliteStore(path, { mergedRows: 1_000 });
    merging.putFlow(flow(1_000));
    for (let n = 0; n < 9; n += 1) {
      merging.putFlow(flow(1_001 + n));
      merging.flush();
    }
    merging.close();
    expect(segmentsOf(path).length).toBeGreaterThan(saved.length);
    // The next writer deletes what was merged; what comes back of it, as after a crash, goes again.
    openSqliteStore(path).close();
    expect(segmentsOf(path)).toHaveLength(1);
    const [merged = ''] = segmentsOf(path);
    const whole = readFileSync(join(segmentsFolder(path), merged));
    const putBack = () => {
      for (const [name, bytes] of saved) writeFileSync(join(segmentsFolder(path), name), bytes);
    };
    putBack();
    const again = openSqliteStore(path);
    expect(segmentsOf(path)).toEqual([merged]);
    expect(again.health().flows).toBe(510);
    again.close();
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    putBack();
    const anew = openSqliteStore(path);
    expect(segmentsOf(path)).toEqual([merged]);
    expect(readFileSync(join(segmentsFolder(path), merged))).toEqual(whole);
    expect(anew.health().flows).toBe(saved.length * 50);
    anew.close();
  });

  test('segments outlive their database', () => {
    const path = fresh();
    filled(path, 200).close();
    const count = segmentsOf(path).length;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    const store = openSqliteStore(path);
    expect(segmentsOf(path)).toHaveLength(count);
    expect(store.health().flows).toBe(count * 50);
    const newest = store.flows({ limit: 1 })[0]!.row;
    store.putFlow(ended(500));
    store.flush();
    expect(store.flows({ limit: 1 })[0]!.row).toBe(newest + 1);
    store.close();
  });

  test('a damaged segment is missing from the answer, which says so', () => {
    const path = fresh();
    const store = filled(path, 500);
    const [first = ''] = segmentsOf(path);
    const file = join(segmentsFolder(path), first);
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length * 0.6)]! ^= 0xff;
    for (let at = 8_000; at < bytes.length; at += 100) bytes[at]! ^= 0xff;
    writeFileSync(file, bytes);
    const answer = store.ask({ by: by('src', 'dst-address', 'state'), order: 'bytes', top: 1_000 });
    expect(answer).toMatchObject({ damaged: 1, total: { flows: 450 } });
    expect(store.health().state).toBe('ok');
    expect(store.flows({ limit: 1_000 })).toHaveLength(450);
    store.close();
    // A file that is nothing at all, in a database that was started afresh.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    writeFileSync(file, 'nothing');
    openSqliteStore(path).close();
    expect(readdirSync(segmentsFolder(path))).toContain(`${first}.damaged`);
  });
});

describe('retention', () => {
  test('by age: whole segments go, the sums stay and answer for them', () => {
    const path = fresh();
    const maxAge = 3_600_000;
    const store = filled(path, 2_000, { maxAge, segmentRows: 200 });
    const query: FlowQuery = { by: by('src', 'port', 'verdict'), order: 'bytes', top: 500 };
    const before = store.ask(query);
    const deleted = store.retain(noon + 1_000_000 + maxAge);
    expect(deleted).toBeGreaterThan(700);
    expect(store.health().flows).toBe(2_000 - deleted);
    const after = store.ask(query);
    // What had not ended is in no sum, and gone with its row.
    const open = all(999).filter(({ closedAt }) => closedAt === undefined).length;
    expect(after).toMatchObject({
      from: 'minutes',
      total: { flows: before.total.flows - open },
      ungrouped: 0,
    });
    // Flows of a time that is still there are read as they are; a filter that sums cannot answer, too.
    expect(store.ask({ ...query, since: noon + 1_200_000 }).from).toBe('flows');
    expect(store.ask({ ...query, filter: treeOf('bytes>1k') }).from).toBe('flows');
    store.close();
  });

  test('by size: the oldest segments go first', () => {
    const path = fresh();
    const first = openSqliteStore(path, { segmentRows: 1_000, mergedRows: 0 });
    const { source, destination } = flow(1);
    for (let n = 1; n <= 20_000; n += 1) {
      first.putFlow(ended(n, { source, destination, closedAt: noon + n * 1000 }));
      if (n % 1_000 === 0) first.flush();
    }
    first.putFlow(flow(20_001));
    first.close();
    const sealed = segmentsOf(path).reduce(
      (sum, name) => sum + statSync(join(segmentsFolder(path), name)).size,
      0,
    );
    const maxBytes = sealed;
    const smaller = openSqliteStore(path, { maxBytes });
    expect(smaller.retain(noon)).toBeGreaterThan(1_000);
    expect(smaller.health().bytes).toBeLessThanOrEqual(maxBytes);
    expect(smaller.flows({ limit: 1 })[0]?.value.id).toBe('flow-20001');
    expect(smaller.flows({ limit: 10_000 }).length).toBeGreaterThan(5_000);
    smaller.close();
  });

  test('sums go by their own age', () => {
    const path = fresh();
    const store = filled(path, 600, { maxAge: 1_000, maxSumAge: { minutes: 300_000, hours: 1e12 } });
    store.retain(noon + 605_000);
    const total: FlowQuery = { by: [], order: 'bytes', top: 1 };
    // Minutes do not reach back to the beginning any more.
    expect(store.ask(total)).toMatchObject({ from: 'hours', total: { flows: 500 } });
    expect(store.ask({ ...total, from: 'minutes' }).total.flows).toBeLessThan(310);
    store.close();
  });
});

describe('sums by minute and hour', () => {
  // All of them ended, so that all are in sums.
  const flows = Array.from({ length: 1_000 }, (_, i) =>
    ended(i + 1, { closedAt: noon + (i + 1) * 1000 + (i % 7) * 20_000 }),
  );
  const json = flows.map(flowToJson);
  const summed = (): Store => {
    const store = openSqliteStore(fresh(), { segmentRows: 100 });
    for (const [index, one] of flows.entries()) {
      store.putFlow(one);
      if (index % 50 === 49) store.flush();
    }
    return store;
  };

  test.each(['minutes', 'hours'] as const)('%s give what flows give, over all', (from) => {
    const store = summed();
    for (const names of [[], ['src'], ['dst', 'port', 'proto'], ['dst-ns', 'verdict'], ['hour']]) {
      for (const filter of [
        '',
        'port=443 verdict=deny',
        'dst=shop/*',
        'ns=nowhere or workload=shop/frontend',
      ]) {
        const query: FlowQuery = {
          by: by(...names),
          order: 'bytes',
          top: 40,
          distinct: ['sources'],
          filter: treeOf(filter),
        };
        expect(store.ask({ ...query, from })).toEqual({ ...evaluate(json, query), from });
      }
    }
    store.close();
  });

  test('traffic over time is the same, for flows that cross buckets too', () => {
    const store = summed();
    const query: FlowQuery = { by: by('dst'), order: 'bytes', top: 5, bucket: 60_000 };
    expect(store.ask({ ...query, from: 'minutes' }).groups).toEqual(evaluate(json, query).groups);
    store.close();
  });

  test('a time that begins within a bucket is told from its beginning', () => {
    const store = summed();
    const query: FlowQuery = { by: by('verdict'), order: 'flows', top: 5 };
    const sums = store.ask({ ...query, since: noon + 90_000, until: noon + 240_000, from: 'minutes' });
    const exact = evaluate(json, { ...query, since: noon + 60_000, until: noon + 240_000 });
    expect(sums.total.flows).toBe(exact.total.flows);
    store.close();
  });

  test('a bucket has a row for all others beyond its largest, which is counted', () => {
    const store = openSqliteStore(fresh(), { segmentRows: 2_000 });
    for (let n = 1; n <= 2_000; n += 1)
      store.putFlow(
        ended(n, { openedAt: noon, closedAt: noon + 5, destination: { ...flow(n).destination, port: n } }),
      );
    store.flush();
    const { total, ungrouped, groups } = store.ask({
      by: by('port'),
      order: 'bytes',
      top: 2,
      from: 'minutes',
    });
    expect({ flows: total.flows, ungrouped }).toEqual({ flows: 2_000, ungrouped: 1_000 });
    expect(groups[0]?.key).toEqual(['2000']);
    expect(store.health().folded).toBe(1_000);
    store.close();
  });

  test('a flow that claims to have lasted for decades does not fill the store', () => {
    const store = openSqliteStore(fresh(), { segmentRows: 200 });
    for (let n = 1; n <= 200; n += 1)
      store.putFlow(ended(n, { openedAt: 0, closedAt: noon, sent: { packets: 1e6, bytes: 1e9 } }));
    const started = performance.now();
    store.flush();
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(store.ask({ by: [], order: 'sent', top: 1, from: 'hours' }).total.sent).toBe(200e9);
    store.close();
  });
});
