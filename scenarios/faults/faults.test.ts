import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Status } from '../../src/agent/status.ts';
import { startToggler } from '../../src/sensor/toggle.fixture.ts';
import {
  cannotWatch,
  freePort,
  Guard,
  leftBehind,
  sleep,
  slowness,
  temporaryFolder,
  until,
} from '../harness.ts';

const because = cannotWatch ? `: ${cannotWatch}` : '';

/** Opens and closes connections on loopback, eight at a time with a pause after each, until disposed. */
async function load(pauseMs = 0): Promise<{ port: number } & Disposable> {
  const port = await freePort();
  const script = `const net = require('node:net'); net.createServer((s) => s.on('error', () => {}).resume().on('end', () => s.end())).listen(${port}, '127.0.0.1', () => {
    const next = () => { const s = net.connect(${port}, '127.0.0.1', () => s.destroy()); s.on('error', () => {}).on('close', () => setTimeout(next, ${pauseMs})); };
    for (let i = 0; i < 8; i++) next(); console.log('ready'); }); process.stdin.resume().on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((ready) => child.stdout.once('data', ready));
  return { port, [Symbol.dispose]: () => void child.kill('SIGTERM') };
}

const status = (guard: Guard) => guard.get<Status>('/api/v1/status');

test.skipIf(cannotWatch)(
  `kill -9 under load: the store is intact, the old instance is swept${because}`,
  { timeout: 60_000 },
  async () => {
    using folder = temporaryFolder();
    using _load = await load();
    const first = await Guard.start(['--state', folder.path]);
    const { pid } = first.child;
    await until('flows are stored', async () => ((await status(first)).store.flows > 500 ? true : undefined));
    first.child.kill('SIGKILL');
    await first.ended;
    expect(leftBehind(pid!).length).toBeGreaterThan(0);

    await using second = await Guard.start(['--state', folder.path]);
    expect(leftBehind(pid!)).toEqual([]);
    expect(leftBehind(second.child.pid!)).toHaveLength(1);
    const { store } = await status(second);
    expect(store).toMatchObject({ state: 'ok', lost: 0 });
    expect(store.flows).toBeGreaterThan(500);
    await second.stop();
    const database = new DatabaseSync(join(folder.path, 'picket.db'), { readOnly: true });
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
    expect(readdirSync(folder.path).filter((name) => name.includes('corrupt'))).toEqual([]);
  },
);

test.skipIf(cannotWatch)(
  `a full disk: detection goes on, the loss is counted and shown, and it recovers${because}`,
  { timeout: 90_000 },
  async () => {
    using folder = temporaryFolder();
    const disk = join(folder.path, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'picket-test', disk]);
    try {
      using flood = await load(20);
      await using guard = await Guard.start(['--state', disk]);
      await until('flows are stored', async () => ((await status(guard)).store.flows > 0 ? true : undefined));
      const ballast = join(disk, 'ballast');
      try {
        writeFileSync(ballast, Buffer.alloc(64 * 1024 * 1024));
      } catch {
        // Written until there was no room left: that is what it is for.
      }
      expect(statSync(ballast).size).toBeGreaterThan(0);
      const failing = await until(
        'the store is said to fail',
        async () => {
          const now = await status(guard);
          return now.store.state === 'failing' && now.store.lost > 0 ? now : undefined;
        },
        30_000,
      );
      expect(failing.health.find(({ id }) => id === 'store')).toMatchObject({ state: 'failing' });
      expect(await (await fetch(`${guard.url}/metrics`)).text()).toMatch(/^picket_store_lost_total [1-9]/m);
      const { flows } = failing;
      await until('connections are still judged', async () =>
        (await status(guard)).flows.total > flows.total ? true : undefined,
      );
      expect(flood.port).toBeGreaterThan(0);
      rmSync(ballast);
      await until(
        'the store recovers',
        async () => ((await status(guard)).store.state === 'ok' ? true : undefined),
        30_000,
      );
      await guard.stop();
    } finally {
      execFileSync('umount', [disk]);
    }
  },
);

test.skipIf(cannotWatch)(
  `a stalled reader of the stream costs bounded memory${because}`,
  { timeout: 90_000 },
  async () => {
    using _load = await load();
    await using guard = await Guard.start(['--no-store']);
    await sleep(3_000);
    const before = guard.rss;
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(Number(new URL(guard.url).port), '127.0.0.1', () => {
        socket.write(`GET /api/v1/stream HTTP/1.1\r\nHost: ${new URL(guard.url).host}\r\n\r\n`);
        socket.pause();
      });
      return socket.on('error', () => {});
    });
    try {
      await until('they are subscribed', async () =>
        (await status(guard)).stream.subscribers === 10 ? true : undefined,
      );
      await sleep(12_000);
      const grown = guard.rss - before;
      console.info(`10 stalled readers for 12 s under load: ${(grown / 1e6).toFixed(1)} MB more`);
      expect(grown).toBeLessThan(48e6);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  },
);

test.skipIf(cannotWatch)(`SIGTERM leaves nothing behind${because}`, { timeout: 30_000 }, async () => {
  await using guard = await Guard.start(['--no-store']);
  const { pid } = guard.child;
  expect(leftBehind(pid!).length).toBe(1);
  guard.child.kill('SIGTERM');
  expect(await guard.ended).toBe(0);
  expect(leftBehind(pid!)).toEqual([]);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain('picket-test');
});

test.skipIf(cannotWatch)(
  `2,000,000 kernel records at 300,000 a second and more pass the whole agent, or their loss is shown exactly${because}`,
  { timeout: 60_000 },
  async () => {
    const made = 2_000_000;
    await using guard = await Guard.start(['--no-store']);
    const toggler = await startToggler();
    try {
      const counters = async () => (await status(guard)).sensors[0]!.counters;
      const before = await counters();
      const begun = performance.now();
      await toggler.toggle(made / 2);
      const rate = made / ((performance.now() - begun) / 1_000);
      const after = await until('everything is accounted for', async () => {
        const now = await counters();
        return now.records + now.lost - before.records - before.lost >= made ? now : undefined;
      });
      const lost = after.lost - before.lost;
      const seen = after.records - before.records;
      console.info(`${made} records made at ${Math.round(rate)} a second: ${seen} decoded, ${lost} lost`);
      expect(rate).toBeGreaterThan(300_000 / slowness());
      // Nothing twice: what is more than was made is the machine's own (this test's requests among it).
      expect(seen + lost - made).toBeLessThan(2_000);
    } finally {
      toggler.stop();
    }
  },
);
