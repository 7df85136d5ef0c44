import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { prometheusYaml, targetsText } from './monitoring-checks.fixture.ts';
import { nobodyTold } from './nobody-told.ts';

const job = targetsText('exporter:9100');
const rules = 'rule_files: [/etc/prometheus/alerts.yml]\n';
const receiver = 'alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}\n';

test.each([
  ['', 'prometheus.yml', 'there are no `rule_files` and no `alertmanagers`'],
  [receiver, 'alerting', 'there are no `rule_files`'],
  [rules, 'rule_files', 'alerts of these rules go to nobody'],
])('with %s', (top, at, message) => {
  expect(findings(nobodyTold, prometheusYaml(job, top))).toMatchObject([
    { at, message: expect.stringContaining(message) },
  ]);
});

test.each([
  ['both', prometheusYaml(job, rules + receiver)],
  ['the series go elsewhere', prometheusYaml(job, 'remote_write: [{url: "https://metrics.example.com"}]')],
])('nothing to say: %s', (_, text) => expect(findings(nobodyTold, text)).toEqual([]));
