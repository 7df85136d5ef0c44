import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from './sqlite.ts';
import { flow, noon } from './store.fixture.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'picket-test-faults-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `use` with a file system of its own of `megabytes`, and takes it away again whatever happens. */
function withSmallDisk(megabytes: number, use: (mountPoint: string) => void): void {
  const mountPoint = join(directory, 'disk');
  mkdirSync(mountPoint);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', mountPoint]);
  try {
    use(mountPoint);
  } finally {
    execFileSync('umount', [mountPoint]);
    rmSync(mountPoint, { recursive: true });
  }
}

/** Takes all room that is left on the file system of `mountPoint`; returns what gives it back. */
function fillUp(mountPoint: string): () => void {
  const file = openSync(join(mountPoint, 'ballast'), 'a');
  const block = Buffer.alloc(4096);
  const { bsize, bavail } = statfsSync(mountPoint);
  for (let left = bsize * bavail; left > 0; left -= block.length) writeSync(file, block);
  expect(() => writeSync(file, block)).toThrow(/ENOSPC/);
  expect(fstatSync(file).size).toBeGreaterThan(0);
  return () => {
    ftruncateSync(file, 0);
    closeSync(file);
  };
}

// Mounting needs root (CAP_SYS_ADMIN).
describe.skipIf(process.getuid?.() !== 0)('a full disk (needs root to mount a small one)', () => {
  test('what does not fit in the buffer is counted exactly, the rest is written when there is room again', () => {
    withSmallDisk(8, (disk) => {
      const store = openSqliteStore(join(disk, 'picket.db'), { maxPending: 1000 });
      for (let n = 1; n <= 2000; n += 1) store.putFlow(flow(n));
      store.flush();
      const empty = fillUp(disk);
      for (let n = 2001; n <= 12_000; n += 1) {
        store.putFlow(flow(n));
        if (n % 100 === 0) store.flush();
      }
      const failing = store.health();
      expect(failing).toMatchObject({ state: 'failing', error: expect.stringMatching(/disk/) });
      // Some fit into the log that was there; the newest thousand wait; all others are lost.
      expect(failing.lost).toBeGreaterThan(0);
      expect(failing.lost).toBe(12_000 - failing.flows - 1000);
      // Reading still works, and does not hide that writing fails.
      expect(store.flows({ limit: 5 })).toHaveLength(5);
      store.flush();
      expect(store.health()).toEqual(failing);

      empty();
      store.flush();
      const healed = store.health();
      expect(healed).toMatchObject({ state: 'ok', lost: failing.lost, flows: failing.flows + 1000 });
      expect(healed.error).toBeUndefined();
      expect(store.flows({ limit: 1000 }).map((row) => row.value.id)).toEqual(
        Array.from({ length: 1000 }, (_, i) => `flow-${12_000 - i}`),
      );
      store.close();
      expect(intactRows(join(disk, 'picket.db'))).toHaveLength(healed.flows);
    });
  });

  test('a store opened on a full disk fails in words and works once there is room', () => {
    withSmallDisk(4, (disk) => {
      const empty = fillUp(disk);
      const store = openSqliteStore(join(disk, 'picket.db'));
      store.putFlow(flow(1));
      store.flush();
      expect(store.health()).toMatchObject({ state: 'failing', lost: 0, flows: 0 });
      expect(store.flows({ limit: 10 })).toEqual([]);
      expect(store.retain(noon)).toBe(0);
      empty();
      store.flush();
      expect(store.health()).toMatchObject({ state: 'ok', lost: 0, flows: 1 });
      store.close();
    });
  });
});

describe('a killed writer', () => {
  test('leaves an intact store that lacks at most what was not flushed', async () => {
    for (const round of [1, 2, 3]) {
      const path = join(directory, `killed-${round}.db`);
      const flushed = await killedWhileWriting(path, 2000 * round);
      const store = openSqliteStore(path);
      const { flows, state } = store.health();
      expect(state).toBe('ok');
      expect(flows).toBeGreaterThanOrEqual(flushed);
      expect(flows % 500).toBe(0);
      store.putFlow(flow(flows + 1));
      store.close();
      expect(intactRows(path)).toEqual(Array.from({ length: flows + 1 }, (_, i) => i + 1));
    }
  });
});

/** Starts a process that writes into `path` and kills it with SIGKILL once it has said `atLeast`; returns the last number it said. */
async function killedWhileWriting(path: string, atLeast: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.fixture.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const closed = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, signal) => resolve(signal)),
  );
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (lastNumber(output) >= atLeast) child.kill('SIGKILL');
  });
  expect(await closed).toBe('SIGKILL');
  return lastNumber(output);
}

/** The last number that stands on a whole line of `output`. */
function lastNumber(output: string): number {
  return Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
}

/** Checks with a connection of its own that the database is sound; returns the numbers of its flows in row order. */
function intactRows(path: string): number[] {
  const database = new DatabaseSync(path);
  try {
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const rows = database.prepare('SELECT id FROM flows ORDER BY row').all();
    return rows.map((row) => Number(String(row.id).slice('flow-'.length)));
  } finally {
    database.close();
  }
}
