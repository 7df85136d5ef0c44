import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { ingressYaml, ruleYaml, web } from './entry-checks.fixture.ts';
import { ingressInDefaultNamespace } from './ingress-in-default-namespace.ts';

const ingress = (service = 'web') => ingressYaml(`rules:\n${ruleYaml('a.test', service)}`, '');
const admitting = policyYaml(
  'p',
  '  podSelector: {matchLabels: {tier: front}}\n  ingress:\n  - from: [{namespaceSelector: {matchLabels: {name: ingress-nginx}}}]\n    ports: [{port: 8080}]',
);

test('its Service is in another namespace', () => {
  const text = web + ingress();
  expect(findings(ingressInDefaultNamespace, text)).toEqual([
    {
      at: 'metadata',
      message:
        'the Ingress lands in namespace default, where these manifests declare no Service, no pod and no policy',
      help: 'add `namespace: shop` to `metadata`',
    },
  ]);
  expect(fixed(ingressInDefaultNamespace, text)).toContain('metadata:\n  name: web\n  namespace: shop\nspec');
  expect(findings(ingressInDefaultNamespace, fixed(ingressInDefaultNamespace, text))).toEqual([]);
});

test('a policy waits for the proxy there', () => {
  expect(findings(ingressInDefaultNamespace, admitting + ingress('unknown'))[0]?.help).toBe(
    'add `namespace: shop` to `metadata`',
  );
});

test('nothing tells where it belongs', () => {
  expect(findings(ingressInDefaultNamespace, web + ingress('unknown'))[0]?.help).toBe(
    'add `namespace: …` to `metadata`, that of the Service it sends to',
  );
});

test.each([
  ['a namespace', web + ingressYaml(`rules:\n${ruleYaml('a.test')}`)],
  ['default on purpose', web + ingressYaml(`rules:\n${ruleYaml('a.test')}`, '  namespace: default\n')],
  ['no object has one', ingress()],
  [
    'pods are in default',
    web +
      ingress() +
      '---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: a}]}\n',
  ],
])('nothing to say: %s', (_, text) => expect(findings(ingressInDefaultNamespace, text)).toEqual([]));
