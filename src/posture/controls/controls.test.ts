import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { controlsOf, under } from './controls.fixture.ts';
import { dataObjectName } from './data-object.ts';

const shared = process.env.PICKET_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const document = `${shared}/seed/network-security.md`;

describe.skipIf(!existsSync(document))(`the example document (${document})`, () => {
  const text = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const controls = controlsOf(text, 'network-security.md');
  const line = (words: string) => text.slice(0, text.indexOf(words)).split('\n').length;

  test('the Falco configuration and the rules beside it', () => {
    const [config, ...others] = controls.falcoConfigs;
    expect(others).toEqual([]);
    expect(config!.key.name).toBe('falco.yaml');
    expect(config!.rulesFileKeys).toEqual(['rules_file']);
    expect(config!.rulesFiles.map(({ value, span }) => [value, under(text, span)])).toEqual([
      ['/etc/falco/falco_rules.yaml', '/etc/falco/falco_rules.yaml'],
      ['/etc/falco/k8s_audit_rules.yaml', '/etc/falco/k8s_audit_rules.yaml'],
    ]);
    expect(config!.document.value).toMatchObject({ outputs: { rate: 1, max_burst: 1000 } });
    expect(config!.document.keyAt(['outputs', 'rate']).start.line).toBe(line('rate: 1'));
    const [rules] = controls.falcoRules;
    expect(controls.falcoRules).toHaveLength(1);
    const [item] = rules!.items;
    expect(item).toMatchObject({ type: 'rule', name: { value: 'Suspicious Network Activity' } });
    expect(item!.priority!.value).toBe('WARNING');
    const at = item!.condition!.text.indexOf('netcat');
    expect(under(text, item!.condition!.at(at, at + 6))).toBe('netcat');
  });

  test('the annotations and settings of ingress-nginx', () => {
    expect(
      controls.nginxAnnotations.map(({ name, value, span, keySpan }) => [
        name,
        value,
        under(text, span),
        under(text, keySpan),
      ]),
    ).toEqual([
      ['rate-limit', '100', '"100"', 'nginx.ingress.kubernetes.io/rate-limit'],
      ['rate-limit-window', '1m', '"1m"', 'nginx.ingress.kubernetes.io/rate-limit-window'],
      ['limit-connections', '10', '"10"', 'nginx.ingress.kubernetes.io/limit-connections'],
    ]);
    const [config, ...others] = controls.nginxConfigs;
    expect(others).toEqual([]);
    expect(config).toMatchObject({ isDefault: false, readBy: [], object: { name: 'tls-config' } });
    expect(config!.settings).toHaveLength(7);
    const cache = config!.settings.find(({ name }) => name === 'ssl-session-cache')!;
    expect(under(text, cache.span)).toBe('"shared:SSL:10m"');
  });

  test('the firewall script', () => {
    const [script, ...others] = controls.scripts;
    expect(others).toEqual([]);
    expect(script).toMatchObject({ shell: 'sh', errexit: false, phase: 'run', wrappers: [] });
    expect(script!.container.image).toMatchObject({ repository: 'library/alpine', tag: 'latest' });
    expect(script!.container.pod).toMatchObject({ hostNetwork: true, hostPID: true, hostIPC: false });
    expect(script!.container.security.privileged).toBe(true);
    const at = script!.text.text.indexOf('iptables -A INPUT -j DROP');
    expect(script!.text.at(at, at + 8).start.line).toBe(line('iptables -A INPUT -j DROP'));
  });

  test('the WireGuard configuration, and where it is mounted', () => {
    const [config] = controls.wireguardConfigs;
    expect(config).toMatchObject({ interfaceName: 'wg0', text: { secret: true, encoding: 'base64' } });
    expect(config!.text.text).toContain('ListenPort = 51820');
    expect(controls.consumption.filesOf(config!.key)).toMatchObject([
      { path: '/config/wg0.conf', subPath: true, mode: 0o644, container: { name: 'wireguard' } },
    ]);
    const capabilities = config && controls.containers.find(({ name }) => name === 'wireguard');
    expect(capabilities!.security.addedCapabilities.map(({ value }) => value)).toEqual([
      'NET_ADMIN',
      'SYS_MODULE',
    ]);
  });

  test('the Prometheus job', () => {
    const [config] = controls.prometheusConfigs;
    const [job] = config!.jobs;
    expect(job).toMatchObject({
      name: { value: 'network-flows' },
      interval: { value: '30s' },
      metricsPath: { value: '/metrics' },
      hasTls: false,
      discovery: [],
    });
    expect(job!.targets.map(({ value, span }) => [value, under(text, span)])).toEqual([
      [{ text: 'flow-exporter:9090', host: 'flow-exporter', port: 9090 }, "'flow-exporter:9090'"],
    ]);
  });

  test('nobody uses the other three objects', () => {
    expect(controls.consumption.unused.map(dataObjectName)).toEqual([
      'ConfigMap security/falco-config',
      'ConfigMap ingress-nginx/tls-config',
      'ConfigMap monitoring/flow-monitoring',
    ]);
    expect(controls.consumption.missing).toEqual([]);
  });
});

test('hostile shapes are read as nothing', () => {
  for (const value of ['null', '5', '[]', '[[]]', '{a: 1}', 'x', '{__proto__: {a: 1}}']) {
    const text = `apiVersion: v1
kind: Pod
metadata: {name: p, annotations: ${value}}
spec:
  volumes: ${value}
  imagePullSecrets: ${value}
  securityContext: ${value}
  initContainers: ${value}
  containers: [${value}, {name: a, command: ${value}, args: ${value}, env: ${value}, envFrom: [${value}], lifecycle: ${value}, volumeMounts: [${value}], ports: ${value}, securityContext: {capabilities: {add: ${value}}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: ${value}
binaryData: ${value}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: d}
data:
  falco.yaml: '${value}'
  falco_rules.yaml: '- rule: ${value}'
  prometheus.yml: '{scrape_configs: [${value}, {static_configs: ${value}, kubernetes_sd_configs: ${value}}], alerting: ${value}}'
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i}
spec: {tls: ${value}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g}
spec: {listeners: ${value}}
`;
    const controls = controlsOf(text);
    for (const container of controls.containers) {
      const { security, ports, mounts, environment, argv, resources, probes, image } = container;
      expect([security, ports, mounts, environment, argv, resources, probes, image]).toBeDefined();
      expect(container.at('nothing', 3)).toBeDefined();
    }
    expect(controls.scripts).toEqual([]);
    expect(controls.consumption.files).toEqual([]);
    expect(controls.prometheusConfigs).toHaveLength(1);
    expect([controls.falcoConfigs, controls.falcoRules, controls.nginxFiles]).toBeDefined();
    expect([controls.nginxConfigs, controls.nginxAnnotations, controls.wireguardConfigs]).toEqual([
      [],
      [],
      [],
    ]);
  }
});
