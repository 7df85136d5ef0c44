import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { SensorCounters } from '../flow/kernel-batch.ts';
import { Collector } from './collector.fixture.ts';
import type { RunningSensor } from './sensor.ts';
import { recordOnly, startToggler } from './toggle.fixture.ts';
import { sweepInstances } from './tracefs/instance.ts';
import { openTracefs } from './tracefs/mount.ts';
import { startTracefs, tracefs } from './tracefs.ts';

const usable = process.getuid?.() === 0 && (await tracefs.probe()).state !== 'unavailable';
const program = fileURLToPath(new URL('./lifecycle.fixture.ts', import.meta.url));

/** Runs `work` with the path of the machine's tracing instances. */
function withInstances<T>(work: (root: string, names: readonly string[]) => T): T {
  const opened = openTracefs();
  try {
    return work(opened.root, readdirSync(join(opened.root, 'instances')));
  } finally {
    opened.release();
  }
}

const instancesOf = (pid: number): string[] =>
  withInstances((_, names) => names.filter((name) => name.startsWith(`picket-${pid}-`)));

/** Starts the program; resolves when its sensor runs. */
async function start(way: string) {
  const child = spawn(process.execPath, [program, way], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { child, pid: child.pid!, ended, errors: () => errors };
}

describe.skipIf(!usable)('the instance is gone (needs root and tracefs)', () => {
  test.each([
    ['an uncaught error', 'throw', 1],
    ['an unhandled rejection', 'reject', 1],
    ['process.exit', 'exit', 3],
  ])('after %s', async (_, way, code) => {
    const { pid, ended, errors } = await start(way);
    expect(await ended, errors()).toBe(code);
    expect(instancesOf(pid)).toEqual([]);
  });

  test('after SIGTERM, when its handler stops the sensor: nothing else keeps the process alive', async () => {
    const { child, pid, ended, errors } = await start('stop');
    expect(instancesOf(pid)).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await ended, errors()).toBe(0);
    expect(instancesOf(pid)).toEqual([]);
  });

  test('after kill -9 at the next start; an instance in use stays', async () => {
    const [killed, living] = [await start('hang'), await start('hang')];
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(instancesOf(killed.pid)).toHaveLength(1);
    const sensor = startTracefs(new Collector(), { bufferKbPerCpu: 64 });
    try {
      expect(instancesOf(killed.pid)).toEqual([]);
      expect(instancesOf(living.pid)).toHaveLength(1);
      expect(withInstances((root) => sweepInstances(root))).toEqual([]);
    } finally {
      await sensor.stop();
      living.child.kill('SIGTERM');
      await living.ended;
    }
    expect(instancesOf(living.pid)).toEqual([]);
  });
});

/** Returns the counters once they have stood still for a while. */
async function settled(sensor: RunningSensor): Promise<SensorCounters> {
  let last = await sensor.counters();
  for (let quiet = 0; quiet < 5; ) {
    await sleep(40);
    const now = await sensor.counters();
    quiet = now.records === last.records && now.lost === last.lost ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

describe.skipIf(!usable)('loss (needs root and tracefs)', () => {
  test('records made = records handed on + records lost, exactly, while the consumer stalls', async () => {
    const turns = 60_000;
    const seen = new Collector();
    seen.keep = false;
    const toggler = await startToggler();
    const sensor = startTracefs(seen, { bufferKbPerCpu: 256 });
    try {
      await seen.until('the snapshot', () => seen.snapshots.length === 1);
      recordOnly([toggler]);
      const before = await settled(sensor);
      let release = (): void => {};
      seen.hold = new Promise((resolve) => (release = resolve));
      await toggler.toggle(turns);
      await sleep(100);
      const stalled = await sensor.counters();
      expect(stalled.lost - before.lost).toBeGreaterThan(turns);
      seen.hold = undefined;
      release();
      const after = await settled(sensor);
      expect(after.records + after.lost - before.records - before.lost).toBe(2 * turns);
      expect(after.undecodable).toBe(0);
      expect(seen.count).toBe(after.records);
      // The batches themselves tell of the loss too, not only when asked.
      expect(seen.counters.lost).toBe(after.lost);
    } finally {
      toggler.stop();
      await sensor.stop();
    }
  });

  test('a consumer that throws ends the sensor with its error, and nothing is left', async () => {
    const seen = new Collector();
    const sensor = startTracefs(
      {
        snapshot() {},
        batch: () => Promise.reject(new Error('consumer broke')),
        failed: (error) => seen.failed(error),
      },
      { bufferKbPerCpu: 64 },
    );
    const toggler = await startToggler();
    try {
      await toggler.toggle(10);
      await seen.until('the failure', () => seen.failures.length > 0);
      expect(seen.failures[0]!.message).toBe('consumer broke');
      expect(instancesOf(process.pid)).toEqual([]);
    } finally {
      toggler.stop();
      await sensor.stop();
    }
  });
});
