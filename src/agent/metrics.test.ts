import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alert, flow, noon } from '../store/store.fixture.ts';
import { ask, freePort, type TestView, testView } from './http.fixture.ts';
import { serve } from './http.ts';

/** A view that has seen three connections and an alert with one repeat. */
function busyView(): TestView {
  const view = testView();
  view.health = [
    { id: 'store', state: 'ok', text: 'fine' },
    { id: 'events-lost', state: 'warning', text: '7 records lost' },
  ];
  view.counts.flow(flow(1), 'attempted');
  view.counts.flow(flow(1, { state: 'refused' }), 'decided');
  view.counts.flow(flow(2, { state: 'refused' }), 'decided');
  const { verdict: _, ...unjudged } = flow(3, { state: 'established' });
  view.counts.flow(unjudged, 'decided');
  view.counts.flow({ ...unjudged, state: 'closed' }, 'closed');
  view.counts.alert(alert(1), true);
  view.counts.alert(alert(1, { count: 2 }), false);
  view.incidents.alert(alert(1));
  view.incidents.tick(noon + 9_000);
  return view;
}

/** The samples of an exposition: series with its labels → value. */
function samples(exposition: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('metrics', () => {
  test('tell what the status tells', async () => {
    const view = busyView();
    const found = samples(await view.metrics());
    expect(Object.fromEntries(found)).toMatchObject({
      'picket_build_info{version="0.1.0"}': 1,
      'picket_health{id="store"}': 1,
      'picket_health{id="events-lost"}': 0,
      'picket_flows_total{state="refused",verdict="deny"}': 2,
      'picket_flows_total{state="established",verdict="unknown"}': 1,
      picket_flows_active: 11,
      picket_flow_table_evictions_total: 13,
      'picket_sensor_up{sensor="tracefs"}': 1,
      'picket_sensor_records_total{sensor="tracefs"}': 1000,
      'picket_sensor_records_lost_total{sensor="tracefs"}': 7,
      'picket_sensor_undecodable_total{sensor="tracefs"}': 2,
      'picket_alerts_total{detector="port-scan",severity="high"}': 1,
      'picket_detector_state_bytes{detector="port-scan"}': 4096,
      'picket_detector_evictions_total{detector="port-scan"}': 3,
      'picket_incidents_open{severity="high"}': 1,
      'picket_incidents_open{severity="low"}': 0,
      picket_incidents_total: 1,
      picket_incidents_merged_total: 0,
      picket_incidents_reopened_total: 0,
      picket_incidents_evicted_total: 0,
      picket_incidents_evicted_active_total: 0,
      picket_incident_alerts_dropped_total: 0,
      picket_incident_entities_dropped_total: 0,
      picket_incident_changes_lost_total: 0,
      picket_store_bytes: 0,
      picket_store_lost_total: 0,
      picket_stream_subscribers: 0,
      picket_stream_dropped_total: 0,
    });
  });

  test('tell what exceptions held back, those of a detector together', async () => {
    const view = testView();
    const exception = {
      detector: 'port-scan',
      filter: 'port=22',
      reason: 'known',
      until: 0,
      isExpired: false,
      place: 'picket.yaml:3',
      heldBack: 5,
    };
    view.exceptions = [exception, { ...exception, filter: 'port=23', isExpired: true, heldBack: 2 }];
    const found = samples(await view.metrics());
    expect(found.get('picket_findings_held_back_total{detector="port-scan"}')).toBe(7);
    expect(found.get('picket_exceptions_expired')).toBe(1);
  });

  test('are the same when asked for twice, and a condition that is gone leaves no series behind', async () => {
    const view = busyView();
    const first = samples(await view.metrics());
    expect(samples(await view.metrics()).get('picket_sensor_records_total{sensor="tracefs"}')).toBe(1000);
    view.health = [];
    const second = samples(await view.metrics());
    expect([...first.keys()].filter((series) => !second.has(series))).toEqual([
      'picket_health{id="store"}',
      'picket_health{id="events-lost"}',
    ]);
  });

  test('tell the process as it is', async () => {
    const found = samples(await testView().metrics());
    const { user, system } = process.cpuUsage();
    expect(found.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(found.get('process_cpu_seconds_total')).toBeLessThanOrEqual((user + system) / 1e6);
    const rss = process.memoryUsage.rss();
    expect(Math.abs((found.get('process_resident_memory_bytes') ?? 0) - rss)).toBeLessThan(rss / 4);
    const started = found.get('process_start_time_seconds') ?? 0;
    expect(Math.abs(Date.now() / 1000 - process.uptime() - started)).toBeLessThan(2);
    expect(found.get('process_open_fds')).toBeGreaterThan(3);
  });

  test('carry no address', async () => {
    expect(await busyView().metrics()).not.toMatch(/\d+\.\d+\.\d+\.\d+|2001:db8/);
  });
});

const packaged = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!packaged('promtool'))('promtool (needs the Debian package prometheus)', () => {
  test('finds nothing to complain about', async () => {
    const found = execFileSync('promtool', ['check', 'metrics'], {
      input: await busyView().metrics(),
      encoding: 'utf8',
    });
    expect(found).toBe('');
  });

  test('would complain about a name against the conventions', () => {
    const input = '# HELP picket_flows Flows.\n# TYPE picket_flows counter\npicket_flows 1\n';
    expect(() => execFileSync('promtool', ['check', 'metrics'], { input, stdio: 'pipe' })).toThrow(/_total/);
  });
});

describe.skipIf(!packaged('prometheus'))('Prometheus (needs the Debian package prometheus)', () => {
  test('scrapes the agent', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'picket-test-prometheus-'));
    const service = await serve({
      view: busyView(),
      consoleDir: '/nonexistent',
      listen: [{ host: '127.0.0.1', port: 0, console: false }],
    });
    const port = await freePort();
    const target = new URL(service.urls[0] ?? '').host;
    const configuration = join(directory, 'prometheus.yml');
    writeFileSync(
      configuration,
      `global: { scrape_interval: 200ms }\nscrape_configs: [{ job_name: picket, static_configs: [{ targets: ['${target}'] }] }]\n`,
    );
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${configuration}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const exited = new Promise((resolve) => prometheus.once('exit', resolve));
    const value = async (query: string): Promise<string | undefined> => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      const { body } = await ask(url).catch(() => ({ body: '{}' }));
      if (!body.startsWith('{')) return undefined;
      return JSON.parse(body).data?.result?.[0]?.value?.[1];
    };
    try {
      await expect.poll(() => value('up{job="picket"}'), { timeout: 15_000, interval: 100 }).toBe('1');
      expect(await value('sum(picket_flows_total)')).toBe('3');
      expect(await value('picket_sensor_records_lost_total{sensor="tracefs"}')).toBe('7');
      expect(await value('process_resident_memory_bytes{job="picket"} > 1e6')).toBeDefined();
    } finally {
      prometheus.kill('SIGKILL');
      await exited;
      await service.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
