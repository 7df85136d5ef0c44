import { describe, expect, test } from 'vitest';
import { controlsOf, under, workloadYaml } from './controls.fixture.ts';
import { dataObjectName } from './data-object.ts';

const object = (kind: string, name: string, keys: string[], namespace = 'shop') =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\n` +
  `data: {${keys.map((key) => `${key}: YQ==`).join(', ')}}\n`;

function filesOf(text: string): string[] {
  return controlsOf(text).consumption.files.map(
    ({ key, path, mode, subPath }) =>
      `${key.object.name}/${key.name} ${path} ${mode.toString(8)}${subPath ? ' subPath' : ''}`,
  );
}

const mount = (name: string, path: string, more = '') => `- {name: ${name}, mountPath: ${path}${more}}`;

describe('files in containers', () => {
  const settings = object('ConfigMap', 'settings', ['a.yaml', 'b.yaml']);

  test('every key under its name', () => {
    const pod = 'volumes: [{name: v, configMap: {name: settings}}]';
    for (const at of ['/etc/app', '/etc/app/']) {
      expect(filesOf(settings + workloadYaml(`volumeMounts:\n${mount('v', at)}`, pod))).toEqual([
        'settings/a.yaml /etc/app/a.yaml 644',
        'settings/b.yaml /etc/app/b.yaml 644',
      ]);
    }
    expect(filesOf(settings + workloadYaml(`volumeMounts:\n${mount('v', '/')}`, pod))[0]).toContain(
      ' /a.yaml ',
    );
  });

  test('items, modes and subPath', () => {
    const items = 'items: [{key: a.yaml, path: x/one.yaml, mode: 0400}, {key: b.yaml, path: two}]';
    const pod = `volumes: [{name: v, configMap: {name: settings, defaultMode: 0440, ${items}}}]`;
    const files = (more: string) =>
      filesOf(settings + workloadYaml(`volumeMounts:\n${mount('v', '/m', more)}`, pod));
    expect(files('')).toEqual(['settings/a.yaml /m/x/one.yaml 400', 'settings/b.yaml /m/two 440']);
    expect(files(', subPath: two')).toEqual(['settings/b.yaml /m 440 subPath']);
    expect(files(', subPath: ./x/')).toEqual(['settings/a.yaml /m/one.yaml 400 subPath']);
    expect(files(', subPath: other')).toEqual([]);
    expect(files(', subPathExpr: $(POD)')).toEqual([]);
  });

  test('projected volumes', () => {
    const secret = object('Secret', 'key', ['tls.key']);
    const sources = '[{configMap: {name: settings}}, {secret: {name: key}}]';
    const pod = `volumes: [{name: v, projected: {defaultMode: 0600, sources: ${sources}}}]`;
    expect(filesOf(settings + secret + workloadYaml(`volumeMounts:\n${mount('v', '/m')}`, pod))).toEqual([
      'settings/a.yaml /m/a.yaml 600',
      'settings/b.yaml /m/b.yaml 600',
      'key/tls.key /m/tls.key 600',
    ]);
  });

  test('an object of another namespace is not meant', () => {
    const other = object('ConfigMap', 'settings', ['a.yaml'], 'other');
    const pod = 'volumes: [{name: v, configMap: {name: settings}}]';
    const text = other + workloadYaml(`volumeMounts:\n${mount('v', '/m')}`, pod);
    expect(filesOf(text)).toEqual([]);
    const { consumption } = controlsOf(text);
    expect(consumption.unused.map(dataObjectName)).toEqual(['ConfigMap other/settings']);
    expect(consumption.missing.map(({ how, kind, namespace, name }) => [how, kind, namespace, name])).toEqual(
      [['volume', 'ConfigMap', 'shop', 'settings']],
    );
  });
});

test('every way to use an object, each with the place of its name', () => {
  const container = `env:
- {name: A, valueFrom: {configMapKeyRef: {name: c-env, key: a, optional: true}}}
- {name: B, valueFrom: {secretKeyRef: {name: s-env, key: b}}}
envFrom: [{configMapRef: {name: c-from}}, {secretRef: {name: s-from}}]
args: [--configmap=$(POD_NAMESPACE)/c-flag, --tls-secret=shop/s-flag, --secret-note=shop/s-none]`;
  const pod = `imagePullSecrets: [{name: s-pull}]
volumes:
- {name: v, configMap: {name: c-volume, items: [{key: k, path: k}]}}
- {name: w, secret: {secretName: s-volume, optional: true}}`;
  const rest = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop}
spec: {tls: [{hosts: [a], secretName: s-tls}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {listeners: [{name: l, tls: {certificateRefs: [{name: s-gateway, namespace: certs}]}}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {servers: [{tls: {credentialName: s-istio}}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: a, namespace: shop}
imagePullSecrets: [{name: s-account}]
`;
  const text = workloadYaml(container, pod) + rest + object('Secret', 's-flag', ['a']);
  const { uses, unused } = controlsOf(text).consumption;
  const shown = uses.map(
    ({ how, kind, namespace, name, key, optional }) =>
      `${how} ${kind} ${namespace}/${name}${key ? ` ${key}` : ''}${optional ? ' optional' : ''}`,
  );
  expect(shown).toEqual([
    'volume ConfigMap shop/c-volume k',
    'volume Secret shop/s-volume optional',
    'imagePullSecret Secret shop/s-pull optional',
    'env ConfigMap shop/c-env a optional',
    'envFrom ConfigMap shop/c-from',
    'env Secret shop/s-env b',
    'envFrom Secret shop/s-from',
    'reference Secret shop/s-tls',
    'reference Secret certs/s-gateway',
    'reference Secret shop/s-istio',
    'reference Secret shop/s-account',
    'flag ConfigMap shop/c-flag optional',
    'flag Secret shop/s-flag optional',
  ]);
  expect(unused).toEqual([]);
  for (const { how, name, span } of uses) {
    if (how !== 'flag') expect(under(text, span)).toBe(name);
    else expect(under(text, span)).toContain(name);
  }
});

test('stringData counts before data, of several versions the last', () => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n';
  const text = `${secret}data: {a: YQ==}\n---\n${secret}data: {a: YQ==, b: Yg==}\nstringData: {a: plain}\n`;
  const { objects } = controlsOf(text);
  expect(objects.map(({ keys }) => keys.map(({ name, text }) => [name, text!.text]))).toEqual([
    [
      ['a', 'plain'],
      ['b', 'b'],
    ],
  ]);
});
