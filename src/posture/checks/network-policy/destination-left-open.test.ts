import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { destinationLeftOpen } from './destination-left-open.ts';

const toBackend = policyYaml(
  'front',
  '  podSelector: {matchLabels: {tier: frontend}}\n  egress:\n  - to: [{podSelector: {matchLabels: {tier: backend}}}]\n    ports: [{port: 3000}]',
);
const guard = (subject: string) => policyYaml('guard', `  podSelector: ${subject}\n  policyTypes: [Ingress]`);

test('nobody guards the pods that it reaches', () => {
  expect(findings(destinationLeftOpen, toBackend)).toEqual([
    {
      at: '{matchLabels: {tier: backend}}',
      message: 'pods with `tier=backend` accept connections from anyone: no policy selects them for ingress',
      help: 'add a NetworkPolicy in shop that selects `tier=backend` and allows ingress from `tier=frontend` on TCP 3000',
    },
  ]);
});

test.each([
  ['a policy selects them by the same label', toBackend + guard('{matchLabels: {tier: backend}}')],
  [
    'one that lists values',
    toBackend + guard('{matchExpressions: [{key: tier, operator: In, values: [backend, x]}]}'),
  ],
  ['one that asks for the key', toBackend + guard('{matchExpressions: [{key: tier, operator: Exists}]}')],
  ['a policy selects all pods', toBackend + guard('{}')],
  [
    'by another label that the pods have',
    podYaml('db', 'tier: backend, app: db') + toBackend + guard('{matchLabels: {app: db}}'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(destinationLeftOpen, text)).toEqual([]));

test('a narrower policy does not guard them all', () => {
  expect(
    findings(destinationLeftOpen, toBackend + guard('{matchLabels: {tier: backend, app: db}}')),
  ).toHaveLength(1);
});
