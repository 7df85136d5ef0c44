import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incident } from '../incident/incident.fixture.ts';
import { bytesOnDisk } from './database.ts';
import { openSqliteReader } from './reader.ts';
import { flowRecords } from './record.ts';
import { migrate } from './schema.ts';
import { openSqliteStore } from './sqlite.ts';
import { describeStore } from './store.conformance.ts';
import { alert, flow, noon } from './store.fixture.ts';

let directory: string;
let files = 0;
const fresh = (): string => join(directory, `store-${++files}.db`);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'picket-test-store-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeStore('sqlite', () => openSqliteStore(fresh()));
// All that ended goes to segments at once: nothing of what a store does may show where a flow is.
describeStore('sqlite with small segments', () => openSqliteStore(fresh(), { segmentRows: 5 }));

describe('sqlite store', () => {
  test('its files are closed to others than owner and group, whatever the folder allows', () => {
    const path = fresh();
    const store = openSqliteStore(path);
    store.putFlow(flow(1));
    store.flush();
    const written = readdirSync(directory).filter((name) => join(directory, name).startsWith(path));
    expect(written.length).toBeGreaterThan(1);
    for (const name of written) expect(statSync(join(directory, name)).mode & 0o007, name).toBe(0);
    store.close();
  });

  test('keeps its rows over a restart', () => {
    const path = fresh();
    const first = openSqliteStore(path);
    for (let n = 1; n <= 100; n += 1) first.putFlow(flow(n));
    first.putAlert(alert(1));
    first.close();
    const second = openSqliteStore(path);
    expect(second.health()).toMatchObject({ state: 'ok', flows: 100, alerts: 1 });
    second.putFlow(flow(101));
    second.flush();
    expect(second.flows({ limit: 2 }).map((row) => row.row)).toEqual([101, 100]);
    second.close();
  });

  test('makes its directory, readable by owner and group only', () => {
    const path = join(directory, 'var', 'lib', 'picket.db');
    openSqliteStore(path).close();
    expect(statSync(join(directory, 'var', 'lib')).mode & 0o777).toBe(0o750);
  });

  test('says which directory it cannot write to', () => {
    writeFileSync(join(directory, 'a-file'), '');
    expect(() => openSqliteStore(join(directory, 'a-file', 'picket.db'))).toThrow(
      /store's directory .*a-file/,
    );
  });

  test('a reader sees what is written while the writer has it open, and cannot write', () => {
    const path = fresh();
    const store = openSqliteStore(path);
    store.putFlow(flow(1));
    store.flush();
    const reader = openSqliteReader(path);
    expect(reader.flows({ limit: 10 }).map((row) => row.value)).toEqual([flow(1)]);
    store.putFlow(flow(2));
    store.putAlert(alert(1));
    store.flush();
    expect(reader.health()).toMatchObject({ flows: 2, alerts: 1 });
    expect(reader.alerts({ limit: 10 })).toHaveLength(1);
    reader.close();
    store.close();
    expect(() => openSqliteReader(join(directory, 'nothing.db'))).toThrow(
      /there is no store at .*nothing\.db/,
    );
  });

  test.each([1, 2])(
    'a database of version %i can be read, and those of its flows move that ended',
    (version) => {
      const path = fresh();
      const database = new DatabaseSync(path);
      migrate(database, version);
      const flows = [
        flow(1, { closedAt: noon + 2_000 }),
        flow(2),
        flow(3, { closedAt: noon + 4_000, awaitsCounts: true }),
        flow(4, { endReason: 'idle' }),
      ];
      const insert = database.prepare('INSERT INTO flows (row, id, at, data) VALUES (?, ?, ?, ?)');
      for (const [index, one] of flows.entries())
        insert.run(index + 1, flowRecords.key(one), one.openedAt, flowRecords.encode(one));
      database.close();
      // Before anybody brought it to its new shape.
      const reader = openSqliteReader(path);
      expect(reader.flows({ limit: 9 }).map(({ value }) => value)).toEqual(flows.toReversed());
      expect(reader.health()).toMatchObject({ flows: 4 });
      reader.close();
      const store = openSqliteStore(path, { segmentRows: 2 });
      store.putFlow(flow(5));
      store.flush();
      expect(store.flows({ limit: 9 }).map(({ value }) => value)).toEqual([flow(5), ...flows.toReversed()]);
      store.close();
      const left = new DatabaseSync(path);
      expect(left.prepare('SELECT id FROM flows ORDER BY row').all()).toEqual(
        ['flow-2', 'flow-3', 'flow-5'].map((id) => ({ id })),
      );
      left.close();
    },
  );

  test('a database of a newer version is left alone', () => {
    const path = fresh();
    openSqliteStore(path).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => openSqliteStore(path)).toThrow(/newer Picket \(schema 99; this one knows up to 4\)/);
    expect(() => openSqliteReader(path)).toThrow(/newer Picket/);
  });

  test('a file that is no database is moved aside, and the last three such files are kept', () => {
    const path = fresh();
    for (let n = 1; n <= 5; n += 1) {
      writeFileSync(path, `this is no database, number ${n}. `.repeat(500));
      const moved: string[] = [];
      const store = openSqliteStore(path, { onCorrupt: (movedTo) => moved.push(movedTo) });
      expect(moved).toEqual([`${path}.corrupt-${n}`]);
      store.putFlow(flow(n));
      store.flush();
      // The damage stays to be seen until the first write into the fresh file.
      expect(store.health()).toMatchObject({ state: 'ok', flows: 1 });
      store.close();
    }
    const left = readdirSync(directory).filter((name) =>
      join(directory, name).startsWith(`${path}.corrupt-`),
    );
    expect(left.map((name) => name.split('-').at(-1)).sort()).toEqual(['3', '4', '5']);
  });

  test('a database damaged under a running store is moved aside, and what was waiting is written to the fresh one', () => {
    const path = fresh();
    const first = openSqliteStore(path);
    for (let n = 1; n <= 5000; n += 1) first.putFlow(flow(n));
    first.close();
    const moved: string[] = [];
    truncateSync(path, 4096 * 3);
    const store = openSqliteStore(path, { onCorrupt: (movedTo) => moved.push(movedTo) });
    store.putFlow(flow(5001));
    store.putFlow(flow(17, { state: 'closed' }));
    for (let tries = 0; tries < 3 && (tries === 0 || store.health().state === 'failing'); tries += 1)
      store.flush();
    expect(moved).toHaveLength(1);
    expect(store.health()).toMatchObject({ state: 'ok', lost: 0, flows: 2 });
    store.close();
  });

  test('a database removed under a running store is made anew', () => {
    const path = fresh();
    const store = openSqliteStore(path);
    store.putFlow(flow(1));
    store.flush();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    store.putFlow(flow(2));
    store.flush();
    const reader = openSqliteReader(path);
    expect(reader.flows({ limit: 10 }).map((row) => row.value.id)).toEqual(['flow-2']);
    reader.close();
    store.close();
  });

  test('a record that cannot be written as JSON is lost alone', () => {
    const store = openSqliteStore(fresh());
    const impossible = flow(2, { id: 'impossible' });
    const loop: Record<string, unknown> = { kind: 'host', name: 'x' };
    loop.self = loop;
    Object.assign(impossible, { source: { ...impossible.source, identity: loop } });
    store.putFlow(flow(1));
    store.putFlow(impossible);
    store.putFlow(flow(3));
    store.flush();
    expect(store.health()).toMatchObject({ state: 'ok', lost: 1, flows: 2 });
    store.close();
  });

  test('retention by size: oldest flows go, the file shrinks, alerts stay', () => {
    const path = fresh();
    const maxBytes = 8 * 1024 * 1024;
    const store = openSqliteStore(path, { maxBytes });
    for (let n = 1; n <= 20; n += 1) store.putAlert(alert(n));
    for (let n = 1; n <= 20_000; n += 1) store.putFlow(flow(n));
    store.flush();
    expect(bytesOnDisk(path)).toBeGreaterThan(maxBytes);
    const deleted = store.retain(noon);
    expect(deleted).toBeGreaterThan(0);
    expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
    expect(bytesOnDisk(path)).toBeGreaterThan(maxBytes / 2);
    const { flows, alerts, bytes } = store.health();
    expect({ flows, alerts }).toEqual({ flows: 20_000 - deleted, alerts: 20 });
    expect(bytes).toBe(bytesOnDisk(path));
    expect(store.flows({ limit: 1 })[0]?.value.id).toBe('flow-20000');
    store.close();
  });

  test('retention by size: alerts alone cannot fill the store', () => {
    const path = fresh();
    const maxBytes = 4 * 1024 * 1024;
    const store = openSqliteStore(path, { maxBytes });
    for (let n = 1; n <= 100; n += 1) store.putFlow(flow(n));
    for (let n = 1; n <= 9_000; n += 1) store.putAlert(alert(n));
    store.flush();
    store.retain(noon);
    expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
    expect(store.health()).toMatchObject({ state: 'ok', flows: 100 });
    expect(store.alerts({ limit: 1 })[0]?.value.id).toBe('alert-9000');
    store.close();
  });

  test('retention by size: incidents alone cannot fill the store', () => {
    const path = fresh();
    const maxBytes = 4 * 1024 * 1024;
    const store = openSqliteStore(path, { maxBytes });
    const story = 'x'.repeat(10_000);
    for (let n = 1; n <= 600; n += 1) {
      store.putIncident(incident(n, { story }));
      store.flush();
    }
    store.retain(noon);
    expect(bytesOnDisk(path)).toBeLessThanOrEqual(maxBytes);
    expect(store.incidents({ limit: 1 })[0]?.value.id).toBe('incident-600');
    expect(store.health().incidents).toBeLessThanOrEqual(40);
    store.close();
  });

  test('incidents that a disk does not take are bounded, and counted as lost', () => {
    const path = fresh();
    const store = openSqliteStore(path);
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    for (let n = 1; n <= 1_200; n += 1) store.putIncident(incident(n));
    expect(store.health()).toMatchObject({ state: 'failing', lost: 200 });
    blocker.exec('COMMIT');
    blocker.close();
    store.flush();
    expect(store.health()).toMatchObject({ state: 'ok', incidents: 1_000 });
    store.close();
  });

  test('200,000 flows', () => {
    const store = openSqliteStore(fresh());
    const started = performance.now();
    for (let n = 1; n <= 200_000; n += 1) store.putFlow(flow(n));
    store.flush();
    const inserted = performance.now();
    expect(store.health()).toMatchObject({ state: 'ok', lost: 0, flows: 200_000 });
    store.flows({ limit: 200 });
    const paged = performance.now();
    expect(store.flows({ since: noon + 1000, limit: 200 })).toHaveLength(200);
    const ranged = performance.now();
    const rate = Math.round(200_000 / ((inserted - started) / 1000));
    process.stdout.write(
      `store: ${rate} flows/s written, ${store.health().bytes} bytes; newest 200: ${(paged - inserted).toFixed(1)} ms, ` +
        `newest 200 of a range over all: ${(ranged - paged).toFixed(1)} ms\n`,
    );
    expect(rate).toBeGreaterThan(5_000);
    store.close();
  });
});
