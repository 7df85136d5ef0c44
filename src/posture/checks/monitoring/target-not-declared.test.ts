import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { exporterYaml, prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';
import { targetNotDeclared } from './target-not-declared.ts';

const scrape = (...targets: readonly string[]) => prometheusYaml(targetsText(...targets));
const exporter = exporterYaml('Deployment');

test('a Service that is not there', () => {
  expect(findings(targetNotDeclared, scrape('exporter:9100'))).toMatchObject([
    {
      at: "'exporter:9100'",
      message:
        'Service monitoring/exporter is not declared: every scrape fails unless something else makes it',
    },
  ]);
  expect(findings(targetNotDeclared, scrape('exporter:9100') + exporter)).toEqual([]);
});

test('the port of Prometheus itself', () => {
  expect(findings(targetNotDeclared, scrape('exporter:9090'))[0]?.message).toContain(
    ', and 9090 is the port of Prometheus itself',
  );
  expect(findings(targetNotDeclared, scrape('prometheus:9090'))[0]?.message).not.toContain('itself');
});

test('a name that is nearly right', () => {
  const text = scrape('exprter.monitoring.svc:9100') + exporter;
  expect(findings(targetNotDeclared, text)).toMatchObject([{ help: 'write `exporter`' }]);
  expect(findings(targetNotDeclared, fixed(targetNotDeclared, text))).toEqual([]);
});

test('a port that the Service has not', () => {
  expect(findings(targetNotDeclared, scrape('exporter:9200') + exporter)).toMatchObject([
    {
      message: 'Service monitoring/exporter has no port 9200: every scrape fails',
      help: 'write `exporter:9100`',
    },
  ]);
});

test.each([
  ['other machines', scrape('192.0.2.1:9100', 'localhost:9090', 'metrics.example.com:443')],
  ['two parts that are no known namespace', scrape('edge.lan:9100')],
  ['discovery', prometheusYaml('kubernetes_sd_configs: [{role: pod}]')],
  [
    'a Service by its longer names',
    scrape('exporter.monitoring:9100', 'exporter.monitoring.svc.cluster.local:9100') + exporter,
  ],
])('nothing to say: %s', (_, text) => expect(findings(targetNotDeclared, text)).toEqual([]));
