import { expect, test } from 'vitest';
import { findings } from '../checks.fixture.ts';
import { falcoPods, falcoYaml, ruleText } from '../falco/falco-checks.fixture.ts';
import { controlUnread } from './control-unread.ts';

const config = falcoYaml('json_output: true', { 'rules.yaml': ruleText('evt.type=open') });
const data = (name: string, content: string, kind = 'ConfigMap') =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: c, namespace: shop}\n${kind === 'Secret' ? 'stringData' : 'data'}:\n  ${name}: |\n    ${content}\n`;

test('a configuration of Falco', () => {
  expect(findings(controlUnread, config)).toEqual([
    {
      at: 'falco-config',
      message:
        'no workload here mounts `falco.yaml` and `rules.yaml` of ConfigMap security/falco-config: a Falco that its chart installs reads its own',
      help: 'mount it where Falco runs (`configMap: {name: falco-config}`, in namespace security), at a directory of its own such as /etc/edge-falco, and start it with `-c /etc/edge-falco/falco.yaml`, or put the settings where that Falco reads them',
    },
  ]);
  expect(findings(controlUnread, config + falcoPods())).toEqual([]);
});

test.each([
  ['Prometheus', data('prometheus.yml', 'scrape_configs: []')],
  ['nginx', data('nginx.conf', 'http { }')],
  ['WireGuard', data('wg0.conf', '[Interface]', 'Secret')],
])('a configuration of %s', (product, text) => {
  expect(findings(controlUnread, text)[0]?.help).toContain(`mount it where ${product} runs`);
});

test('rules of Falco alone are started with no configuration', () => {
  const [found] = findings(
    controlUnread,
    data('rules.yaml', ruleText('evt.type=open').replaceAll('\n', '\n    ')),
  );
  expect(found?.help).toMatch(/in namespace shop\), or put/);
});

test('a volume that leaves the key out', () => {
  const pods = falcoPods().replace(
    'name: falco-config}',
    'name: falco-config, items: [{key: falco.yaml, path: a}]}',
  );
  expect(findings(controlUnread, config + pods)).toMatchObject([
    { message: expect.stringContaining('mounts `rules.yaml` of ConfigMap security/falco-config') },
  ]);
});

test('a volume that nearly names it', () => {
  const pods = falcoPods().replace('name: falco-config}', 'name: falco-conf}');
  expect(findings(controlUnread, config + pods)).toMatchObject([
    { help: 'name this object there, in its namespace' },
  ]);
});

test.each([
  [
    'it is mounted elsewhere as one file',
    config +
      falcoPods('mountPath: /a.yaml, subPath: falco.yaml') +
      falcoPods('mountPath: /b.yaml, subPath: rules.yaml').replace('name: falco,', 'name: other,'),
  ],
  [
    'a resource of another kind names it',
    `${config}---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: falco, namespace: security}\nspec: {valuesFrom: [{kind: ConfigMap, name: falco-config}]}\n`,
  ],
  ['it is no control', data('app.yaml', 'color: blue')],
])('nothing to say: %s', (_, text) => expect(findings(controlUnread, text)).toEqual([]));
