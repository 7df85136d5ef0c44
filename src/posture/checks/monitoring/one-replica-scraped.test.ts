import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { exporterYaml, prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';
import { oneReplicaScraped } from './one-replica-scraped.ts';

const scrape = prometheusYaml(targetsText('exporter:9100'));

test.each([
  ['a DaemonSet', exporterYaml('DaemonSet'), 'DaemonSet monitoring/exporter'],
  ['replicas', exporterYaml('Deployment', 'replicas: 3'), 'Deployment monitoring/exporter'],
])('%s behind one target', (_, exporter, name) => {
  expect(findings(oneReplicaScraped, scrape + exporter)).toMatchObject([
    {
      at: "'exporter:9100'",
      message: `each scrape reaches one of the pods of ${name} at random: their series become one`,
    },
  ]);
});

test('a Service of which nothing is known', () => {
  expect(findings(oneReplicaScraped, scrape)[0]?.message).toContain('if several pods stand behind exporter');
});

test.each([
  ['one pod', scrape + exporterYaml('Deployment')],
  ['discovery', prometheusYaml('kubernetes_sd_configs: [{role: pod}]') + exporterYaml('DaemonSet')],
])('nothing to say: %s', (_, text) => expect(findings(oneReplicaScraped, text)).toEqual([]));
