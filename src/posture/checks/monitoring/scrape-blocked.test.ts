import { expect, test } from 'vitest';
import { namespaceYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';
import { scrapeBlocked } from './scrape-blocked.ts';

const scrape = prometheusYaml(targetsText('exporter:9100'));
const policy = (from: string, name = 'p') =>
  policyYaml(name, `  podSelector: {}\n  ingress:\n  - from:\n    - ${from}`);
const web = policy('podSelector: {matchLabels: {app: web}}');
const byLabel = (labels: string) => policy(`namespaceSelector: {matchLabels: {${labels}}}`);

test('others may come in, and the monitoring may not', () => {
  const text = scrape + web;
  expect(findings(scrapeBlocked, text)).toMatchObject([
    {
      at: 'ingress',
      message:
        'if Prometheus is to scrape these pods, it cannot: no rule admits a pod of namespace monitoring',
    },
  ]);
  expect(findings(scrapeBlocked, fixed(scrapeBlocked, text))).toEqual([]);
});

test('a job looks for these pods', () => {
  const text = prometheusYaml('kubernetes_sd_configs: [{role: pod, namespaces: {names: [shop]}}]') + web;
  expect(findings(scrapeBlocked, text)[0]?.message).toContain('Prometheus scrapes these pods in vain');
});

test('a label by which nobody calls this namespace', () => {
  expect(findings(scrapeBlocked, scrape + byLabel('name: ingress-nginx'))).toHaveLength(1);
  expect(findings(scrapeBlocked, scrape + byLabel('kubernetes.io/metadata.name: web'))).toHaveLength(1);
});

test('policies of one namespace are told once', () => {
  const second = policy('podSelector: {}', 'q').replace(
    'podSelector: {}\n',
    'podSelector: {matchLabels: {app: q}}\n',
  );
  expect(findings(scrapeBlocked, scrape + web + second)).toMatchObject([
    { message: expect.stringContaining(', here and in 1 other policy') },
  ]);
});

test.each([
  ['no Prometheus', web],
  ['by name of the namespace', scrape + byLabel('kubernetes.io/metadata.name: monitoring')],
  ['by the name that people write', scrape + byLabel('name: monitoring')],
  ['by a label that nobody knows of', scrape + byLabel('team: platform')],
  ['by a label of it', scrape + namespaceYaml('monitoring', 'name: watch') + byLabel('name: watch')],
  ['everyone', scrape + policyYaml('p', '  podSelector: {}\n  ingress:\n  - ports: [{port: 443}]')],
  ['an address range', scrape + policy('ipBlock: {cidr: 10.0.0.0/8}')],
  ['a second policy admits it', scrape + web + policy('namespaceSelector: {}', 'q')],
  [
    'a second Prometheus is admitted',
    scrape +
      scrape.replace('namespace: monitoring', 'namespace: metrics') +
      byLabel('kubernetes.io/metadata.name: metrics'),
  ],
  ['nobody may come in', scrape + policyYaml('p', '  podSelector: {}')],
])('nothing to say: %s', (_, text) => expect(findings(scrapeBlocked, text)).toEqual([]));
