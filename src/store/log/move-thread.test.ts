import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dimensions } from '../../flow/ask/dimension.ts';
import { evaluate } from '../../flow/ask/evaluate.ts';
import type { FlowQuery } from '../../flow/ask/query.ts';
import type { Flow } from '../../flow/flow.ts';
import { flowToJson } from '../../flow/json.ts';
import { openDatabase } from '../database.ts';
import { flowRecords } from '../record.ts';
import { openSqliteStore } from '../sqlite.ts';
import { flow, noon } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { Table } from '../table.ts';
import { FlowLog } from './flow-log.ts';
import type { MoveResult } from './move-thread/messages.ts';
import { MoveThread } from './move-thread.ts';
import { FlowMover } from './mover.ts';
import { segmentsFolder } from './segment-list.ts';
import { WriteTurn } from './write-turn.ts';

let directory: string;
let files = 0;
const fresh = (): string => join(directory, `store-${++files}.db`);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'picket-test-move-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ended = (n: number, change: Partial<Flow> = {}): Flow =>
  flow(n, {
    state: 'closed',
    closedAt: noon + n * 1000 + 5,
    sent: { packets: 1, bytes: n },
    received: { packets: 2, bytes: 2 * n },
    ...change,
  });
const top: FlowQuery = { by: [dimensions.get('src')!], order: 'bytes', top: 5 };
const json = (count: number) => Array.from({ length: count }, (_, i) => flowToJson(ended(i + 1)));
const segmentsOf = (path: string) =>
  existsSync(segmentsFolder(path))
    ? readdirSync(segmentsFolder(path)).filter((name) => name.endsWith('.flows'))
    : [];

/** Waits until `holds`, and fails after a time in which it would have come about on any machine. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 3_000) throw new Error('it never came about');
    await pause(10);
  }
}

/** Flushes until the buffered flows are written: the thread may have the turn. */
async function written(store: Store, count: number): Promise<void> {
  await until(() => {
    store.flush();
    return store.health().flows >= count;
  });
}

/** The numbers of all flows, the oldest first. */
function numbers(store: Store): number[] {
  const found: number[] = [];
  for (let before: number | undefined; ; ) {
    const page = store.flows({ limit: 5_000, ...(before === undefined ? {} : { before }) });
    if (page.length === 0) return found.reverse();
    found.push(...page.map(({ value }) => Number(value.id.slice('flow-'.length))));
    before = page.at(-1)!.row;
  }
}

test('while a thread moves and merges them, flows are read as if nothing happened', async () => {
  const path = fresh();
  const store = openSqliteStore(path, { thread: true, segmentRows: 50, mergedRows: 1_000 });
  for (let n = 1; n <= 3_000; n += 1) {
    store.putFlow(ended(n));
    if (n % 30 !== 0) continue;
    await written(store, n);
    expect(store.health().flows).toBe(n);
    expect(store.ask(top)).toEqual(evaluate(json(n), top));
    expect(store.flows({ limit: 40 }).map(({ value }) => value)).toEqual(
      Array.from({ length: Math.min(40, n) }, (_, i) => ended(n - i)),
    );
  }
  await until(() => segmentsOf(path).length > 0);
  await until(() => {
    store.flush();
    return segmentsOf(path).some((name) => Number.parseInt(name, 10) > 20);
  });
  expect(store.health()).toMatchObject({ state: 'ok', flows: 3_000, lost: 0 });
  await store.close();
  const again = openSqliteStore(path);
  expect(again.ask(top)).toEqual(evaluate(json(3_000), top));
  await again.close();
});

test('closed at any moment, the store has every flow once', async () => {
  const path = fresh();
  let count = 0;
  for (let round = 0; round < 12; round += 1) {
    const store = openSqliteStore(path, { thread: true, segmentRows: 100, mergedRows: 1_000 });
    for (let n = 0; n < 500; n += 1) store.putFlow(ended(++count));
    store.flush();
    await pause(round * 20);
    await store.close();
  }
  const store = openSqliteStore(path);
  expect(numbers(store)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(store.health()).toMatchObject({ state: 'ok', flows: count });
  await store.close();
});

test('killed at any moment, the store has every flow once', async () => {
  for (const atLeast of [500, 3_000, 9_000]) {
    const path = fresh();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'move-thread.fixture.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const closed = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
    const said = () => Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (said() >= atLeast) child.kill('SIGKILL');
    });
    expect(await closed).toBe('SIGKILL');
    const store = openSqliteStore(path);
    const found = numbers(store);
    expect(found.length).toBeGreaterThanOrEqual(said());
    expect(found).toEqual(Array.from({ length: found.length }, (_, i) => i + 1));
    await store.close();
  }
});

test('a flow that is told again while it is moved is kept as it was told last', () => {
  const path = fresh();
  const database = openDatabase(path);
  const table = new Table(database, flowRecords);
  const put = (one: Flow) => table.put(one, flowRecords.encode(one));
  for (let n = 1; n <= 20; n += 1) put(ended(n));
  const log = new FlowLog(database, table, path);
  let turns = 0;
  const mover = new FlowMover(database, log.list, {
    alone: (write) => {
      turns += 1;
      // Between reading and moving.
      if (turns === 1) put(ended(7, { sent: { packets: 9, bytes: 9_999 } }));
      return write();
    },
  });
  expect(mover.seal(15)).toBe(15);
  expect(turns).toBe(2);
  expect(segmentsOf(path)).toHaveLength(1);
  const flows = log.page({ limit: 100 });
  expect(flows.map(({ row }) => row)).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i));
  expect(flows.find(({ row }) => row === 7)?.value.sent?.bytes).toBe(9_999);
  database.close();
});

test('a thread that had nothing to do is gone, and there again for the next piece of work', async () => {
  const path = fresh();
  const database = openDatabase(path);
  const table = new Table(database, flowRecords);
  const results: MoveResult[] = [];
  const thread = new MoveThread({ path, mergedRows: 1_000 }, (result) => results.push(result), 20);
  for (let round = 1; round <= 3; round += 1) {
    for (let n = 1; n <= 10; n += 1) {
      const one = ended(round * 100 + n);
      table.put(one, flowRecords.encode(one));
    }
    thread.run({ type: 'seal', rows: 10 });
    expect(thread.busy).toBe(true);
    await until(() => results.length === round);
    expect(results.at(-1)).toEqual({ type: 'done', moved: 10, folded: 0 });
    await pause(100);
  }
  await thread.stop();
  expect(new FlowLog(database, table, path).page({ limit: 100 })).toHaveLength(30);
  database.close();
});

test('the log of the database stays small while the thread has nothing else to do', async () => {
  const path = fresh();
  const store = openSqliteStore(path, { thread: true });
  // Flows that do not end, told again and again.
  for (let round = 0; round < 60; round += 1) {
    for (let n = 1; n <= 500; n += 1) store.putFlow(flow(n, { state: 'established' }));
    await written(store, 500);
    await pause(10);
  }
  await until(() => {
    store.putFlow(flow(1, { state: 'established' }));
    store.flush();
    return statSync(`${path}-wal`).size <= 4 * 1024 * 1024;
  });
  await store.close();
});

test('retention waits for the thread, and is then done', async () => {
  const path = fresh();
  const store = openSqliteStore(path, { thread: true, segmentRows: 100, maxAge: 1_000 });
  for (let n = 1; n <= 1_000; n += 1) store.putFlow(ended(n));
  await written(store, 1_000);
  store.retain(noon + 900_000 + 1_000);
  await until(() => store.health().flows <= 101);
  expect(numbers(store).at(-1)).toBe(1_000);
  await store.close();
});

test('what stops the thread is said, and moving goes on once it can', async () => {
  const path = fresh();
  const store = openSqliteStore(path, { thread: true, segmentRows: 10 });
  writeFileSync(segmentsFolder(path), 'in the way');
  for (let n = 1; n <= 10; n += 1) store.putFlow(ended(n));
  store.flush();
  await until(() => store.health().state === 'failing');
  expect(store.health().error).toMatch(/EEXIST|ENOTDIR/);
  expect(store.flows({ limit: 20 })).toHaveLength(10);
  rmSync(segmentsFolder(path));
  await until(() => {
    store.flush();
    return store.health().state === 'ok' && segmentsOf(path).length === 1;
  });
  expect(store.flows({ limit: 20 })).toHaveLength(10);
  await store.close();
});

describe('the turn to write', () => {
  test('is had by one at a time', () => {
    const turn = new WriteTurn();
    const other = new WriteTurn(turn.shared);
    expect(turn.take(0)).toBe(true);
    expect(other.take(0)).toBe(false);
    expect(other.take(20)).toBe(false);
    turn.give();
    expect(other.take(0)).toBe(true);
  });

  test('once closed is had by nobody', () => {
    const turn = new WriteTurn();
    turn.close(0);
    expect(turn.take()).toBe(false);
    turn.give();
    expect(turn.take(0)).toBe(false);
  });
});
