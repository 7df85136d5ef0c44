import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { authenticationYaml, namespaceYaml } from './mesh-checks.fixture.ts';
import { strictRefusesClient } from './strict-refuses-client.ts';

const strict = (namespace = 'shop') => authenticationYaml(`${namespace}/default`, '{mtls: {mode: STRICT}}');
const meshed = namespaceYaml('shop', 'istio-injection: enabled');
const from = (namespace: string, port = 8080) =>
  policyYaml(
    'p',
    `  podSelector: {}\n  ingress:\n  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${namespace}}}}]\n    ports: [{port: ${port}}]`,
  );

test('a namespace that is usually outside the mesh', () => {
  expect(findings(strictRefusesClient, from('ingress-nginx') + strict())).toMatchObject([
    {
      message:
        'the pods of ingress-nginx have no proxy unless someone put them into the mesh, and STRICT refuses all that is not mutual TLS: what is allowed here never arrives',
    },
  ]);
});

test('a declared pod without a proxy, mesh-wide', () => {
  const text =
    meshed +
    podYaml('web', 'app: web') +
    namespaceYaml('batch') +
    podYaml('batch/job', 'app: job') +
    from('batch') +
    strict('istio-system');
  expect(findings(strictRefusesClient, text)[0]?.message).toMatch(/^batch\/job has no proxy/);
});

test.each([
  [
    'the client is in the mesh',
    namespaceYaml('ingress-nginx', 'istio-injection: enabled') + from('ingress-nginx') + strict(),
  ],
  [
    'the port is permissive',
    from('ingress-nginx') +
      strict() +
      authenticationYaml('p', '{selector: {matchLabels: {a: b}}, portLevelMtls: {8080: {mode: PERMISSIVE}}}'),
  ],
  [
    'the mode is permissive',
    from('ingress-nginx') + authenticationYaml('default', '{mtls: {mode: PERMISSIVE}}'),
  ],
  ['the metrics port of the sidecar', from('monitoring', 15020) + strict()],
  ['nobody knows that namespace', from('partner') + strict()],
  [
    'the pods themselves are outside',
    namespaceYaml('shop') + podYaml('web', 'app: web') + from('monitoring') + strict('istio-system'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(strictRefusesClient, text)).toEqual([]));
