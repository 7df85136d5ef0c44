import { spawnSync } from 'node:child_process';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { OutputState } from '../output/output.ts';
import { outputSeries } from './output-series.ts';

const file: OutputState = {
  kind: 'file',
  target: '/var/log/alerts',
  delivered: 7,
  retries: 0,
  waiting: 0,
  waitingBytes: 0,
  dropped: 0,
  deadLettered: 0,
  diskErrors: 0,
};
const http: OutputState = {
  ...file,
  kind: 'http',
  delivered: 1,
  retries: 5,
  waiting: 3,
  waitingBytes: 900,
  dropped: 4,
  deadLettered: 2,
  diskErrors: 6,
  downSince: 10_000,
};
const lines = async (registry: Registry) =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('one series for each count, by kind of output', async () => {
  const registry = new Registry();
  const take = outputSeries(registry);
  take({ outputs: [file, http], heldBack: 8, now: 12_500 });
  expect(await lines(registry)).toEqual([
    'picket_output_delivered_total{output="file"} 7',
    'picket_output_delivered_total{output="http"} 1',
    'picket_output_retries_total{output="file"} 0',
    'picket_output_retries_total{output="http"} 5',
    'picket_output_waiting{output="file"} 0',
    'picket_output_waiting{output="http"} 3',
    'picket_output_waiting_bytes{output="file"} 0',
    'picket_output_waiting_bytes{output="http"} 900',
    'picket_output_dropped_total{output="file"} 0',
    'picket_output_dropped_total{output="http"} 4',
    'picket_output_dead_letters_total{output="file"} 0',
    'picket_output_dead_letters_total{output="http"} 2',
    'picket_output_disk_errors_total{output="file"} 0',
    'picket_output_disk_errors_total{output="http"} 6',
    'picket_output_down_seconds{output="file"} 0',
    'picket_output_down_seconds{output="http"} 2.5',
    'picket_output_held_back_total 8',
  ]);
});

test('what is gone leaves no series behind, and a clock that goes back no negative time', async () => {
  const registry = new Registry();
  const take = outputSeries(registry);
  take({ outputs: [file, http], heldBack: 0, now: 20_000 });
  take({ outputs: [http], heldBack: 0, now: 5_000 });
  expect((await lines(registry)).filter((line) => line.includes('down') || line.includes('file'))).toEqual([
    'picket_output_down_seconds{output="http"} 0',
  ]);
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

test.skipIf(!promtool)('promtool has nothing to say (needs the Debian package prometheus)', async () => {
  const registry = new Registry();
  outputSeries(registry)({ outputs: [http], heldBack: 0, now: 20_000 });
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await registry.metrics() });
  expect([status, String(stderr)]).toEqual([0, '']);
});
