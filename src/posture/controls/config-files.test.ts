import { describe, expect, test } from 'vitest';
import { controlsOf, under, workloadYaml } from './controls.fixture.ts';

const configMap = (key: string, content: string, name = 'c', namespace = 'shop') =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata:\n  ${key}: |\n${content
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;

describe('Falco', () => {
  test('a configuration by its name, or by two keys that are its own', () => {
    const configs = (key: string, content: string) => controlsOf(configMap(key, content)).falcoConfigs.length;
    expect(configs('falco.yaml', 'json_output: true')).toBe(1);
    expect(configs('falco_config.yaml', '{}')).toBe(1);
    expect(configs('my.yaml', 'rules_files: [a]\njson_output: true')).toBe(1);
    expect(configs('my.yaml', 'json_output: true')).toBe(0);
    expect(configs('my.yaml', 'priority: debug\nplugins: []')).toBe(0);
    expect(configs('values.txt', 'rules_files: [a]\njson_output: true')).toBe(0);
  });

  test('both spellings, and a single text in place of a list', () => {
    const text = configMap('falco.yaml', 'rules_file: a.yaml\nrules_files: [b.yaml]\nload_plugins: [json]');
    const [config] = controlsOf(text).falcoConfigs;
    expect(config!.rulesFileKeys).toEqual(['rules_file', 'rules_files']);
    expect(
      config!.rulesFiles.map(({ value, span, keySpan }) => [value, under(text, span), under(text, keySpan)]),
    ).toEqual([
      ['a.yaml', 'a.yaml', 'rules_file'],
      ['b.yaml', 'b.yaml', 'b.yaml'],
    ]);
    expect(config!.loadedPlugins.map(({ value }) => value)).toEqual(['json']);
  });

  test('rules, macros and lists over several documents', () => {
    const content = `- required_engine_version: 0.57.0
- list: ports
  items: [22, 80, http]
- macro: remote
  condition: fd.sport in (ports)
---
- rule: A
  desc: d
  condition: remote and
    evt.type = connect
  output: "%fd.name \\"x\\""
  priority: notice
  tags: [network]
  enabled: false
- rule: B
  condition: and x
  append: true`;
    const text = configMap('rules.yaml', content);
    const [file, ...others] = controlsOf(text).falcoRules;
    expect(others).toEqual([]);
    expect(file!.documents).toHaveLength(2);
    expect(
      file!.items.map(({ type, name, enabled, changesEarlier }) => [
        type,
        name.value,
        enabled,
        changesEarlier,
      ]),
    ).toEqual([
      ['list', 'ports', true, false],
      ['macro', 'remote', true, false],
      ['rule', 'A', false, false],
      ['rule', 'B', true, true],
    ]);
    const [list, macro, rule] = file!.items;
    expect(list!.values.map(({ value, span }) => [value, under(text, span)])).toEqual([
      ['22', '22'],
      ['80', '80'],
      ['http', 'http'],
    ]);
    expect(macro!.condition!.text).toBe('fd.sport in (ports)');
    const condition = rule!.condition!;
    const at = condition.text.indexOf('evt.type');
    expect(under(text, condition.at(at, at + 8))).toBe('evt.type');
    const output = rule!.output!;
    expect(under(text, output.at(output.text.indexOf('x'), output.text.length))).toBe('x\\"');
    expect(rule!.tags.map(({ value }) => value)).toEqual(['network']);
  });

  test('a rules file that does not parse is there with what is wrong', () => {
    const [file] = controlsOf(configMap('falco_rules.yaml', '- rule: [')).falcoRules;
    expect(file!.items).toEqual([]);
    expect(file!.documents[0]!.diagnostics.map(({ code }) => code)).toContain('PKT0005');
  });
});

describe('ingress-nginx', () => {
  const settings = (data: string, name = 'c', namespace = 'shop') =>
    `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {${data}}\n`;
  const found = (text: string) => controlsOf(text).nginxConfigs;

  test('by its name, by two keys, or by the flag of a controller', () => {
    expect(found(settings('x: y', 'ingress-nginx-controller', 'ingress-nginx'))).toMatchObject([
      { isDefault: true },
    ]);
    expect(found(settings('ssl-protocols: TLSv1.3, hsts: "true"'))).toMatchObject([
      { isDefault: false, readBy: [] },
    ]);
    expect(found(settings('ssl-protocols: TLSv1.3, enable-opentracing: "true"'))).toHaveLength(1);
    expect(found(settings('hsts: "true"'))).toEqual([]);
    expect(found(settings('hsts: "true", plugins: x, a: b, c: d, e: f'))).toEqual([]);
    const container =
      'image: registry.k8s.io/ingress-nginx/controller:v1.15.1\nargs: [/nginx-ingress-controller, --configmap=$(POD_NAMESPACE)/c]';
    const [config] = found(settings('x: y') + workloadYaml(container));
    expect(config!.readBy.map(({ name }) => name)).toEqual(['main']);
    expect(found(settings('x: y') + workloadYaml('image: other\nargs: [--configmap=shop/c]'))).toEqual([]);
  });

  test('annotations of Ingresses alone', () => {
    const ingress = (apiVersion: string, kind: string) =>
      `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: i\n  annotations: {nginx.ingress.kubernetes.io/limit-rps: "5", other: x}\n`;
    const names = (text: string) => controlsOf(text).nginxAnnotations.map(({ name, value }) => [name, value]);
    expect(names(ingress('networking.k8s.io/v1', 'Ingress'))).toEqual([['limit-rps', '5']]);
    expect(names(ingress('v1', 'Service'))).toEqual([]);
  });

  test('whole configurations of nginx', () => {
    const names = (key: string, content: string) =>
      controlsOf(configMap(key, content)).nginxFiles.map((file) => file.key.name);
    expect(names('nginx.conf', 'worker_processes 1;')).toEqual(['nginx.conf']);
    expect(names('default.conf', 'server {\n  listen 80;\n}')).toEqual(['default.conf']);
    expect(names('site.conf.template', 'upstream api { server a; }')).toEqual(['site.conf.template']);
    expect(names('wg0.conf', '[Interface]\nAddress = 10.0.0.1/24')).toEqual([]);
  });
});

test('Prometheus: targets, discovery, what global gives', () => {
  const content = `global: {scrape_interval: 15s}
rule_files: [/etc/rules/*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [a]}]}]}
scrape_configs:
- job_name: a
  scheme: https
  tls_config: {ca_file: x}
  basic_auth: {username: u}
  static_configs:
  - targets: ["[2001:db8::1]:9100", host, host:70000000]
  - targets: ["10.0.0.1:9100"]
- kubernetes_sd_configs: [{role: pod}, {}]
  scrape_interval: 5s`;
  const text = configMap('prometheus.yaml', content);
  const [config] = controlsOf(text).prometheusConfigs;
  expect(config).toMatchObject({ hasAlertmanagers: true, ruleFiles: [{ value: '/etc/rules/*.yml' }] });
  const [first, second] = config!.jobs;
  expect(first).toMatchObject({ hasTls: true, hasAuthentication: true, interval: { value: '15s' } });
  expect(under(text, first!.interval!.span)).toBe('15s');
  expect(first!.targets.map(({ value: { host, port } }) => [host, port])).toEqual([
    ['2001:db8::1', 9100],
    ['host', undefined],
    ['host:70000000', undefined],
    ['10.0.0.1', 9100],
  ]);
  expect(second).toMatchObject({ name: undefined, hasTls: false, interval: { value: '5s' } });
  expect(second!.discovery.map(({ value }) => value)).toEqual([
    { kind: 'kubernetes', role: 'pod' },
    { kind: 'kubernetes', role: undefined },
  ]);
  expect(controlsOf(configMap('other.yml', 'scrape_configs: []')).prometheusConfigs).toHaveLength(1);
  expect(controlsOf(configMap('other.yml', 'a: 1')).prometheusConfigs).toEqual([]);
});

test('WireGuard: in ConfigMaps and in stringData, by section', () => {
  const names = (text: string) =>
    controlsOf(text).wireguardConfigs.map(({ interfaceName, text: { secret } }) => [interfaceName, secret]);
  expect(names(configMap('site.conf', '# tunnel\n[interface]\nAddress = 10.0.0.1/24'))).toEqual([
    ['site', false],
  ]);
  const secret =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  wg1.conf: |\n    [Interface]\n    PrivateKey = x\n';
  expect(names(secret)).toEqual([['wg1', true]]);
  expect(names(configMap('wg0.conf', '[Peer]\nPublicKey = x'))).toEqual([]);
});
