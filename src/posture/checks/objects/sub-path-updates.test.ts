import { expect, test } from 'vitest';
import { workloadYaml } from '../../controls/controls.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { subPathUpdates } from './sub-path-updates.ts';

const object = (kind: string, key: string, text: string, more = '') =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: s, namespace: shop}\n${more}data:\n  ${key}: "${text}"\n`;
const web = (volume: string, mount = 'mountPath: /etc/f, subPath: KEY', key = '') =>
  workloadYaml(`volumeMounts: [{name: v, ${mount.replace('KEY', key)}}]`, `volumes: [{name: v, ${volume}}]`);
const find = (text: string) => findings(subPathUpdates, text);

const secret = object('Secret', 'token', 'YQ==');
const asSecret = (mount?: string) => web('secret: {secretName: s}', mount, 'token');
const falco = object('ConfigMap', 'falco.yaml', 'rules_files: [/etc/falco/rules.d]');
const asConfig = (key: string) => web('configMap: {name: s}', undefined, key);

test('a Secret', () => {
  expect(find(secret + asSecret())).toEqual([
    {
      at: 'token',
      message:
        'token of Secret shop/s is mounted by subPath: a rotated key reaches Deployment shop/web only when its pods are restarted',
      help: 'mount the volume at a directory of its own without `subPath`, or restart the pods at every change: `kubectl rollout restart deployment/web -n shop`',
    },
  ]);
});

test('a control in a ConfigMap', () => {
  expect(find(falco + asConfig('falco.yaml'))).toMatchObject([
    {
      at: 'falco.yaml',
      message:
        'falco.yaml of ConfigMap shop/s is mounted by subPath: what is changed there reaches Deployment shop/web only when its pods are restarted',
    },
  ]);
});

test('a directory by subPath is told once', () => {
  const two =
    '---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\ndata: {a: YQ==, b: YQ==}\n';
  const items = 'secret: {secretName: s, items: [{key: a, path: d/a}, {key: b, path: d/b}]}';
  expect(find(two + web(items, 'mountPath: /x, subPath: d'))).toHaveLength(1);
});

test.each([
  ['mounted whole', secret + asSecret('mountPath: /etc/dir')],
  ['no control', object('ConfigMap', 'index.html', 'hello') + asConfig('index.html')],
  ['it never changes', object('Secret', 'token', 'YQ==', 'immutable: true\n') + asSecret()],
  [
    'the pods follow a hash',
    secret +
      asSecret().replace('labels: {app: web}}', 'labels: {app: web}, annotations: {checksum/config: ab}}'),
  ],
])('silent: %s', (_, text) => expect(find(text)).toEqual([]));
