import { expect, test } from 'vitest';
import type { EntityKind } from '../detect/detector.ts';
import { parseAddress } from '../net/address.ts';
import { postureOf } from '../posture/posture.fixture.ts';
import { podYaml } from '../segmentation/manifests.fixture.ts';
import { type OwnMachine, siteNames } from './site-names.ts';

const shop = `${podYaml('web', 'app: web', '', 'podIP: 10.1.0.1')}---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: dns, namespace: kube-system}
spec: {clusterIP: 10.96.0.10, selector: {app: dns}, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {app: dns}}
status: {podIP: 10.1.0.53}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: []}}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-7d9f-x, namespace: shop, labels: {app: api}, ownerReferences: [{kind: ReplicaSet, name: api-7d9f, controller: true, apiVersion: apps/v1, uid: u}]}
status: {podIP: 10.1.0.7}
`;
const own: OwnMachine = {
  name: 'edge-1',
  addresses: ['192.0.2.50', '192.0.2.51'].map((text) => parseAddress(text)!),
  gateways: [parseAddress('192.0.2.254')!],
  nameservers: [parseAddress('192.0.2.53')!, parseAddress('192.0.2.50')!],
};
const names = siteNames(postureOf(shop, 'site: edge\nhosts:\n  plc: 198.51.100.7\n'), own);

test.each([
  ['address', '10.1.0.1', 'workload shop/web'],
  ['address', '198.51.100.7', 'host plc'],
  ['address', '198.51.100.8', 'address 198.51.100.8'],
  ['address', '192.0.2.1', 'node n1'],
  ['address', '10.96.0.10', 'service kube-system/dns'],
  ['address', '192.0.2.50', 'host edge-1'],
  ['address', '127.0.0.1', 'nobody'],
  ['address', 'loopback', 'nobody'],
  ['host', 'n1', 'node n1'],
  ['host', 'edge-1', 'host edge-1'],
  ['workload', 'shop/web', 'workload shop/web'],
  ['workload', 'shop/api-7d9f-x', 'workload shop/api-7d9f'],
  ['user', 'alice', 'user alice'],
] as const)('%s %s is %s', (kind, name, expected) => {
  const found = names.named({ kind: kind as EntityKind, name, role: 'actor' });
  expect(found === undefined ? 'nobody' : `${found.kind} ${found.name}`).toBe(expected);
});

test('nodes, what answers for DNS, gateways and name servers stand between many; this machine does not', () => {
  const isHub = (kind: EntityKind, name: string) => names.isHub({ kind, name });
  expect(isHub('node', 'n1')).toBe(true);
  expect(isHub('service', 'kube-system/dns')).toBe(true);
  expect(isHub('workload', 'kube-system/coredns')).toBe(true);
  expect(isHub('address', '192.0.2.254')).toBe(true);
  expect(isHub('address', '192.0.2.53')).toBe(true);
  for (const name of ['edge-1', 'plc', 'shop/web', '198.51.100.8']) expect(isHub('host', name)).toBe(false);
});

test('the proxy that an Ingress leads through stands between many', () => {
  const ingress = `${podYaml('web', 'app: web', '', 'podIP: 10.1.0.1')}---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}
    spec:
      containers:
      - {name: controller, image: 'registry.k8s.io/ingress-nginx/controller:v1.11.0', args: [/nginx-ingress-controller]}
`;
  const { isHub } = siteNames(postureOf(ingress, ''));
  expect(isHub({ kind: 'workload', name: 'ingress-nginx/ingress-nginx-controller' })).toBe(true);
  expect(isHub({ kind: 'workload', name: 'shop/web' })).toBe(false);
});
