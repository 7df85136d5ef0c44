import { expect, test } from 'vitest';
import { readInventory } from '../inventory.ts';
import { manifests } from '../manifests.fixture.ts';
import { identityOf, membershipOf } from './membership.ts';
import { meshPodYaml, namespaceYaml } from './mesh.fixture.ts';

function member(text: string) {
  const [workload] = readInventory(manifests(text).resources).workloads;
  if (workload === undefined) throw new Error('no workload');
  return { ...membershipOf(workload), identity: identityOf(workload) };
}

const enabled = namespaceYaml('shop', 'istio-injection: enabled');
const ambient = namespaceYaml('shop', 'istio.io/dataplane-mode: ambient');
const plain = namespaceYaml('shop');

test.each([
  ['namespace label', enabled + meshPodYaml('shop/a'), 'sidecar'],
  [
    'revision of the namespace',
    namespaceYaml('shop', 'istio.io/rev: stable') + meshPodYaml('shop/a'),
    'sidecar',
  ],
  ['pod refuses', enabled + meshPodYaml('shop/a', 'sidecar.istio.io/inject: "false"'), 'none'],
  ['annotation refuses', enabled + meshPodYaml('shop/a', '', '', 'sidecar.istio.io/inject: "false"'), 'none'],
  [
    'the label goes before the annotation',
    enabled +
      meshPodYaml('shop/a', 'sidecar.istio.io/inject: "true"', '', 'sidecar.istio.io/inject: "false"'),
    'sidecar',
  ],
  ['pod asks', plain + meshPodYaml('shop/a', 'sidecar.istio.io/inject: "true"'), 'sidecar'],
  [
    'an annotation alone calls no webhook',
    plain + meshPodYaml('shop/a', '', '', 'sidecar.istio.io/inject: "true"'),
    'none',
  ],
  [
    'a disabled namespace does not let pods ask',
    namespaceYaml('shop', 'istio-injection: disabled') +
      meshPodYaml('shop/a', 'sidecar.istio.io/inject: "true"'),
    'none',
  ],
  [
    'istio-injection goes before the revision',
    namespaceYaml('shop', 'istio-injection: disabled, istio.io/rev: stable') + meshPodYaml('shop/a'),
    'none',
  ],
  ['revision of the pod', plain + meshPodYaml('shop/a', 'istio.io/rev: stable'), 'sidecar'],
  ['nothing asks', plain + meshPodYaml('shop/a'), 'none'],
  ['ambient namespace', ambient + meshPodYaml('shop/a'), 'ambient'],
  ['pod opts out of ambient', ambient + meshPodYaml('shop/a', 'istio.io/dataplane-mode: none'), 'none'],
  ['pod opts into ambient', plain + meshPodYaml('shop/a', 'istio.io/dataplane-mode: ambient'), 'ambient'],
  [
    'a sidecar goes before ambient',
    ambient + meshPodYaml('shop/a', 'sidecar.istio.io/inject: "true"'),
    'sidecar',
  ],
  ['on the host network', enabled + meshPodYaml('shop/a', '', 'hostNetwork: true'), 'none'],
  ['undeclared namespace', meshPodYaml('shop/a'), 'unknown'],
  ['undeclared namespace, pod asks', meshPodYaml('shop/a', 'sidecar.istio.io/inject: "true"'), 'sidecar'],
  ['undeclared namespace, ambient pod', meshPodYaml('shop/a', 'istio.io/dataplane-mode: ambient'), 'ambient'],
  ['system namespace', meshPodYaml('kube-system/a'), 'none'],
  [
    'system namespace, labelled',
    namespaceYaml('kube-system', 'istio-injection: enabled') + meshPodYaml('kube-system/a'),
    'none',
  ],
  ['ingress gateway', plain + meshPodYaml('shop/a', 'istio: ingressgateway'), 'gateway'],
  [
    'gateway template',
    plain + meshPodYaml('shop/a', '', '', 'inject.istio.io/templates: gateway'),
    'gateway',
  ],
  [
    'proxy of a Gateway',
    plain + meshPodYaml('shop/a', 'gateway.networking.k8s.io/gateway-name: edge'),
    'gateway',
  ],
  [
    'injected by hand',
    plain +
      meshPodYaml('shop/a').replace(
        'containers: [',
        'containers: [{name: istio-proxy, image: example.test/proxy}, ',
      ),
    'sidecar',
  ],
])('%s', (_, text, mode) => {
  expect(member(text).mode).toBe(mode);
});

test('without a declared namespace a pod that refuses a sidecar may still be in ambient mode', () => {
  expect(member(meshPodYaml('shop/a', 'sidecar.istio.io/inject: "false"')).candidates).toEqual([
    'none',
    'ambient',
  ]);
});

test.each([
  ['', '0-15019,15022-15089,15091-65535'],
  [
    'traffic.sidecar.istio.io/excludeInboundPorts: "9090, 22"',
    '0-21,23-9089,9091-15019,15022-15089,15091-65535',
  ],
  ['traffic.sidecar.istio.io/includeInboundPorts: "80,8080"', '80,8080'],
  ['traffic.sidecar.istio.io/includeInboundPorts: ""', 'none'],
  ['traffic.sidecar.istio.io/includeInboundPorts: "*"', '0-15019,15022-15089,15091-65535'],
])('ports before which the sidecar stands: %s', (annotations, expected) => {
  const { captured } = member(enabled + meshPodYaml('shop/a', '', '', annotations));
  expect(String(captured.sidecar.certain)).toBe(expected);
  expect(String(captured.sidecar.possible)).toBe(expected);
});

test('ports that cannot be read leave it open', () => {
  const { captured } = member(
    enabled + meshPodYaml('shop/a', '', '', 'traffic.sidecar.istio.io/excludeInboundPorts: x'),
  );
  expect([captured.sidecar.certain.isEmpty, captured.sidecar.possible.isAll]).toEqual([true, true]);
});

test('the identity is that of the service account, by either field, else default', () => {
  expect(member(plain + meshPodYaml('shop/a')).identity).toEqual({ namespace: 'shop', serviceAccount: 'a' });
  const old = meshPodYaml('shop/a').replace('serviceAccountName: a', 'serviceAccount: b');
  expect(member(plain + old).identity.serviceAccount).toBe('b');
  const none = meshPodYaml('shop/a').replace('serviceAccountName: a, ', '');
  expect(member(plain + none).identity.serviceAccount).toBe('default');
});
