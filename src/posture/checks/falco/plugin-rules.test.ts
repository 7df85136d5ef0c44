import { expect, test } from 'vitest';
import { findings, fixed } from '../checks.fixture.ts';
import { falcoPods, falcoYaml } from './falco-checks.fixture.ts';
import { pluginRules } from './plugin-rules.ts';

const list = 'rules_files:\n  - /etc/falco/falco_rules.yaml\n  - /etc/falco/k8s_audit_rules.yaml\n';

test('rules of the audit log without their plugin', () => {
  const text = falcoYaml(list);
  expect(findings(pluginRules, text)).toMatchObject([
    {
      at: '/etc/falco/k8s_audit_rules.yaml',
      message:
        'k8s_audit_rules.yaml watches nothing: its plugin `k8saudit` is not loaded; Falco does not ship the file, and skips a missing one silently',
    },
  ]);
  expect(fixed(pluginRules, text)).toBe(falcoYaml('rules_files:\n  - /etc/falco/falco_rules.yaml\n'));
});

test('as the help says', () => {
  expect(findings(pluginRules, falcoYaml(`${list}load_plugins: [k8saudit, json]`))).toEqual([]);
  expect(findings(pluginRules, falcoYaml(`${list}load_plugins: [json]`))).toHaveLength(1);
});

test('another file may load the plugin', () => {
  const text = falcoYaml(`config_files: [/etc/falco/config.d]\n${list}`);
  expect(findings(pluginRules, text)[0]?.message).toContain('unless a file of `config_files` loads it');
});

test('the file is mounted', () => {
  const config = list.replaceAll('/etc/falco/', '/etc/edge-falco/');
  const text = falcoYaml(config, { 'k8s_audit_rules.yaml': '- list: a\n  items: []' }) + falcoPods();
  expect(findings(pluginRules, text)).toMatchObject([
    { message: 'k8s_audit_rules.yaml watches nothing: its plugin `k8saudit` is not loaded' },
  ]);
});
