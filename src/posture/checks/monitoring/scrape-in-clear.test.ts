import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { exporterYaml, prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';
import { scrapeInClear } from './scrape-in-clear.ts';

const targets = targetsText('exporter:9100');
const scrape = prometheusYaml(targets);
const exporter = exporterYaml('Deployment');
const policy =
  '---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: monitoring}\nspec: {podSelector: {}}\n';

test('neither TLS nor authentication', () => {
  expect(findings(scrapeInClear, scrape + exporter)).toMatchObject([
    {
      at: "'exporter:9100'",
      message:
        'metrics of exporter:9100 go in clear text to whoever asks, unless a policy or the mesh is in the way: no TLS, no authentication',
      help: 'write `scheme: https`, `tls_config` and `authorization`, or admit Prometheus alone by a NetworkPolicy',
    },
  ]);
});

test('a policy counts for pods that are declared', () => {
  const [found] = findings(scrapeInClear, scrape + policy);
  expect(found?.help).toMatch(/or declare the exporter and its Service and admit Prometheus alone/);
});

test('targets of one job are told once', () => {
  const text = prometheusYaml(targetsText('a:1', 'b:1'));
  expect(findings(scrapeInClear, text)).toMatchObject([{ message: expect.stringContaining('of 2 targets') }]);
});

test('a password over plain HTTP', () => {
  const text = prometheusYaml(`${targets}basic_auth: {username: a, password_file: /b}`);
  expect(findings(scrapeInClear, text)[0]?.message).toContain('the credentials for exporter:9100');
});

test.each([
  ['TLS', prometheusYaml(`${targets}scheme: https\n`)],
  ['a policy isolates the pods', scrape + exporter + policy],
  ['the pods are in the mesh', scrape + exporterYaml('Deployment', '', 'sidecar.istio.io/status: "{}"')],
  ['this machine', prometheusYaml(targetsText('localhost:9090'))],
])('nothing to say: %s', (_, text) => expect(findings(scrapeInClear, text)).toEqual([]));
