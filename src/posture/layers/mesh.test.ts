import { expect, test } from 'vitest';
import { authenticationYaml, meshPodYaml, namespaceYaml } from '../../segmentation/mesh/mesh.fixture.ts';
import { postureOf } from '../posture.fixture.ts';
import { parseEndpoint } from '../reach/parse-endpoint.ts';
import { reach } from '../reach/query.ts';
import { meshLayer } from './mesh.ts';

const posture = postureOf(
  namespaceYaml('shop', 'istio-injection: enabled') +
    namespaceYaml('ingress') +
    meshPodYaml('shop/api') +
    meshPodYaml('shop/web') +
    meshPodYaml('ingress/nginx') +
    authenticationYaml('shop/default', '{mtls: {mode: STRICT}}'),
);

function end(name: string) {
  const parsed = parseEndpoint(name, posture);
  if (!('end' in parsed)) throw new Error(parsed.message);
  return parsed.end;
}

test('the mesh has its say beside network policies', () => {
  const question = { source: end('ingress/nginx'), destination: end('shop/api'), protocol: 6, port: 8080 };
  expect(meshLayer.judge(question, posture)).toMatchObject([
    { layer: 'mesh', outcome: 'deny', object: { kind: 'PeerAuthentication' }, span: { file: 'shop.yaml' } },
  ]);
  expect(reach(posture, end('ingress/nginx'), end('shop/api'), 'TCP', 8080).outcome).toBe('deny');
  expect(reach(posture, end('shop/web'), end('shop/api'), 'TCP', 8080).outcome).toBe('allow');
  expect(reach(posture, end('ingress/nginx'), end('shop/api'), 'UDP', 8080).outcome).toBe('allow');
});
