import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cannotWatch, command, freePort, Guard, has, temporaryFolder, until } from '../harness.ts';

const skip = cannotWatch ?? (has('prometheus') && has('promtool') ? undefined : 'needs Debian’s prometheus');

const examples = new URL('../../examples', import.meta.url).pathname;

/** What is asked of a dashboard's panels. */
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** Panels of which a site that only watches its sockets has nothing to show. */
const empty = /interface|Traffic|talks|Alerts by|forbidden/;

/** Every query of the example dashboard is one that Prometheus takes, over metrics that exist. */
async function asDashboard(
  exposition: string,
  query: (expression: string) => Promise<readonly unknown[]>,
): Promise<void> {
  const { panels } = JSON.parse(readFileSync(`${examples}/grafana/picket-flows.json`, 'utf8')) as Dashboard;
  const rules = readFileSync(`${examples}/prometheus/picket.rules.yaml`, 'utf8');
  const known = new Set(
    [...exposition.matchAll(/^# TYPE (\S+)/gm), ...rules.matchAll(/record: (\S+)/g)].map(([, name]) => name),
  );
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      for (const [name] of expr.matchAll(/picket[\w:]+/g)) expect(known, `${title}: ${expr}`).toContain(name);
      const result = await query(expr.replaceAll('$job', 'picket').replaceAll('$site', '.+'));
      expect(result, `${title}: ${expr}`).toBeDefined();
      if (!empty.test(title) && targets[0]?.expr === expr) expect(result.length, title).toBeGreaterThan(0);
    }
  }
}

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value: readonly [number, string];
    }[];
  };
}

test.skipIf(skip)(`a real Prometheus scrapes it${skip ? `: ${skip}` : ''}`, { timeout: 60_000 }, async () => {
  using folder = temporaryFolder();
  await using guard = await Guard.start(['--demo']);
  const port = await freePort();
  const config = join(folder.path, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: [${examples}/prometheus/picket.rules.yaml]\nscrape_configs:\n- job_name: picket\n  static_configs:\n  - targets: ['${new URL(guard.metricsUrl).host}']\n`,
  );
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder.path}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((done) => prometheus.on('close', done));
  try {
    const query = async (expression: string): Promise<Answer['data']['result']> => {
      const response = await fetch(
        `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`,
      );
      return ((await response.json()) as Answer).data.result;
    };
    const up = await until(
      'up == 1',
      async () => {
        const [sample] = await query('up{job="picket"}').catch(() => []);
        return sample?.value[1] === '1' ? sample : undefined;
      },
      20_000,
    );
    expect(up.value[1]).toBe('1');
    await until(
      'flows are counted',
      async () => {
        const sum = await query('sum(picket_flows_total)');
        return Number(sum[0]?.value[1] ?? 0) > 0 ? true : undefined;
      },
      20_000,
    );
    await until(
      'the recording rules have values',
      async () => ((await query('picket:flow_records:rate5m')).length > 0 ? true : undefined),
      20_000,
    );
    await asDashboard(await (await fetch(`${guard.metricsUrl}/metrics`)).text(), query);
    const series = await query('{job="picket",__name__=~"picket_.*"}');
    expect(series.length).toBeGreaterThan(10);
    const values = series.flatMap(({ metric }) =>
      Object.entries(metric)
        .filter(([name]) => name !== 'instance')
        .map(([, value]) => value),
    );
    for (const value of values) expect(value).not.toMatch(/\d+\.\d+\.\d+\.\d+|[0-9a-f]*::[0-9a-f]*/);
  } finally {
    prometheus.kill('SIGTERM');
    await ended;
  }
  const text = await (await fetch(`${guard.metricsUrl}/metrics`)).text();
  expect(command('promtool', ['check', 'metrics'], { input: text })).toMatchObject({ code: 0, err: '' });
});

test.skipIf(!has('promtool'))('the rules of the example are sound and fire when they should', () => {
  const folder = `${examples}/prometheus`;
  expect(command('promtool', ['check', 'rules', `${folder}/picket.rules.yaml`])).toMatchObject({ code: 0 });
  expect(command('promtool', ['test', 'rules', `${folder}/picket.rules-test.yaml`])).toMatchObject({
    code: 0,
  });
});
