import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { postureOf } from '../../posture.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { authenticationYaml, authorizationYaml, namespaceYaml } from './mesh-checks.fixture.ts';
import { policyAllowsInVain } from './policy-allows-in-vain.ts';

const pods =
  namespaceYaml('shop', 'istio-injection: enabled') +
  '---\n' +
  podYaml('web', 'app: web', 'serviceAccountName: web') +
  podYaml('db', 'app: db') +
  podYaml('spare', 'app: db');
const rule = (ports: string) =>
  policyYaml(
    'db',
    `  podSelector: {matchLabels: {app: db}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ${ports}`,
  );
const policy = rule('ports: [{port: 5432}]');
const allow = (to: string, from = '') =>
  authorizationYaml('db', `{rules: [{${from}to: [{operation: {${to}}}]}]}`);

test('the mesh allows another port alone', () => {
  const text = pods + policy + allow('ports: ["8080"]');
  expect(findings(policyAllowsInVain, text)).toEqual([
    {
      at: '{podSelector: {matchLabels: {app: web}}}',
      message: 'the mesh denies all that this lets in: shop/web gets none of TCP 5432 from shop/db',
      help: expect.stringContaining('add an ALLOW rule for shop/db with principals'),
    },
  ]);
  expect(policyAllowsInVain.run(postureOf(text))[0]?.related).toMatchObject([
    { message: expect.stringContaining('no rule of AuthorizationPolicy shop/db allows TCP 5432') },
  ]);
});

test('doing what the help says ends it', () => {
  const from = 'from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}], ';
  expect(findings(policyAllowsInVain, pods + policy + allow('ports: ["5432"]', from))).toEqual([]);
});

test('a DENY of one port is no reason while another port of the rule is open', () => {
  const deny = authorizationYaml('shut', '{action: DENY, rules: [{to: [{operation: {ports: ["5432"]}}]}]}');
  expect(findings(policyAllowsInVain, pods + policy + deny)).toHaveLength(1);
  expect(findings(policyAllowsInVain, pods + rule('ports: [{port: 5432}, {port: 9000}]') + deny)).toEqual([]);
});

test.each([
  ['no mesh', pods + policy],
  ['nothing at all is allowed: another check tells', pods + policy + authorizationYaml('shut', '{}')],
  ['conditions on requests leave it open', pods + policy + allow('methods: [GET]')],
  ['no client is declared', pods.replace('app: web', 'app: other') + policy + allow('ports: ["8080"]')],
  [
    'a client outside the mesh: another check tells',
    pods.replace('app: web', 'app: web, sidecar.istio.io/inject: "false"') +
      policy +
      authenticationYaml('strict', '{mtls: {mode: STRICT}}'),
  ],
  [
    'UDP, of which the mesh knows nothing',
    pods + rule('ports: [{port: 53, protocol: UDP}]') + allow('ports: ["8080"]'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(policyAllowsInVain, text)).toEqual([]));

test('among pods of one kind: a pod and another, not a pod and itself', () => {
  const same = policyYaml(
    'db',
    '  podSelector: {matchLabels: {app: db}}\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: db}}}]\n    ports: [{port: 5432}]',
  );
  expect(findings(policyAllowsInVain, pods + same + allow('ports: ["8080"]'))).toHaveLength(1);
  expect(findings(policyAllowsInVain, pods + same + allow('ports: ["5432"]'))).toEqual([]);
});
