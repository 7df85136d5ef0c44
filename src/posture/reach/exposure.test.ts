import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../segmentation/manifests.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { reachEndText } from './end.ts';
import { exposure } from './exposure.ts';
import type { ReachRow } from './matrix.ts';

function told(rows: readonly ReachRow[]): string[] {
  return rows.map(({ source, destination, ports }) => {
    const open = ports
      .filter(({ allowed, unknown }) => !allowed.isEmpty || !unknown.isEmpty)
      .map(({ protocol, allowed }) => `${protocol} ${allowed.isAll ? 'all' : allowed}`);
    return `${reachEndText(source)} => ${reachEndText(destination)}: ${open.join(', ')}`;
  });
}

const pods = podYaml('web', 'app: web') + podYaml('db', 'app: db');
const of = (text: string) => exposure(postureOf(text));

test('without policies any pod and any address', () => {
  const { ingress, egress, unprotected } = of(podYaml('web', 'app: web'));
  expect(told(ingress)).toEqual([
    '0.0.0.0/0,::/0 => shop/web: TCP all, UDP all, SCTP all',
    'any pod => shop/web: TCP all, UDP all, SCTP all',
  ]);
  expect(told(egress)).toContain('shop/web => any pod: TCP all, UDP all, SCTP all');
  expect(unprotected.map(({ direction }) => direction)).toEqual(['ingress', 'egress']);
});

test('what selectors open to pods that nobody declares', () => {
  const text =
    pods +
    policyYaml(
      'p',
      '  podSelector: {}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 80}]\n' +
        '  - from: [{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {app: agent}}}]\n    ports: [{port: 81}]\n' +
        '  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}]\n    ports: [{port: 82}]',
    );
  const { ingress, unprotected } = of(text);
  // Pods with app=web are declared, so that they are seen.
  expect(told(ingress).filter((line) => line.includes('shop/db'))).toEqual([
    'pods with app=agent of namespaces with team=ops => shop/db: TCP 81',
    'all pods of namespace ops => shop/db: TCP 82',
  ]);
  expect(unprotected.map(({ workload, direction }) => `${workload.name} ${direction}`)).toEqual([
    'web egress',
    'db egress',
  ]);
});

test('what any pod may is not told again for particular ones', () => {
  const text =
    pods +
    policyYaml(
      'p',
      '  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: {}}]\n    ports: [{port: 80}]\n' +
        '  - from: [{namespaceSelector: {matchLabels: {team: ops}}}]\n    ports: [{port: 80}]',
    );
  expect(told(of(text).ingress).filter((line) => line.includes('shop/db'))).toEqual([
    'any pod => shop/db: TCP 80',
  ]);
});

test('the mesh is the declared one, its root namespace too', () => {
  const text = `${podYaml('web', 'app: web').replace('labels: {app: web}', "labels: {app: web}, annotations: {sidecar.istio.io/status: '{}'}")}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nothing, namespace: mesh-root}
spec: {}
`;
  const openTo = (rootNamespace: string) =>
    told(exposure(postureOf(text, undefined, { mesh: { rootNamespace } })).ingress);
  expect(openTo('mesh-root')).not.toEqual(openTo('istio-system'));
  expect(openTo('istio-system')).toContain('any pod => shop/web: TCP all, UDP all, SCTP all');
});
