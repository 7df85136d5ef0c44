import { expect, test } from 'vitest';
import { podYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { backendWithoutPods } from './backend-without-pods.ts';
import { ingressYaml, ruleYaml, web } from './entry-checks.fixture.ts';

const service = (type = 'ClusterIP') => `---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {type: ${type}, selector: {app: wbe}, ports: [{port: 80}]}
`;
const ingress = (name: string) => ingressYaml(`rules:\n${ruleYaml('a.test', name)}`);

test('no pod has the labels', () => {
  expect(findings(backendWithoutPods, web + service() + ingress('api'))).toEqual([
    {
      at: '{app: wbe}',
      message: 'Ingress shop/web leads nowhere: no pod of shop has `app=wbe`, which Service api selects',
      help: 'write `app: web`',
    },
  ]);
});

test('a load balancer, once for its ways in', () => {
  expect(
    findings(backendWithoutPods, podYaml('db', 'role: database') + service('LoadBalancer')),
  ).toMatchObject([{ help: 'select labels that pods have: role=database' }]);
});

test.each([
  ['pods have them', web + ingress('web')],
  ['no pod of the namespace is declared', service() + ingress('api')],
  ['nothing leads to it', web + service()],
])('nothing to say: %s', (_, text) => expect(findings(backendWithoutPods, text)).toEqual([]));
