import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { namespaceWithoutDefaultDeny } from './namespace-without-default-deny.ts';

const one = policyYaml('p', '  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Ingress, Egress]');
const all = (types: string) => policyYaml('deny', `  podSelector: {}\n  policyTypes: [${types}]`);

test('no policy selects all pods: both directions, with a fix', () => {
  const text = podYaml('web', 'app: web') + podYaml('db', 'app: db') + one;
  expect(findings(namespaceWithoutDefaultDeny, text)).toMatchObject([
    {
      message:
        'no policy isolates all pods of namespace shop: the ones that none selects are open (2 workloads are declared there)',
      help: 'add a NetworkPolicy in shop with `podSelector: {}`, `policyTypes: [Ingress, Egress]` and no rules',
    },
  ]);
  expect(findings(namespaceWithoutDefaultDeny, fixed(namespaceWithoutDefaultDeny, text))).toEqual([]);
});

test('one direction is left open', () => {
  expect(findings(namespaceWithoutDefaultDeny, one + all('Ingress'))).toMatchObject([
    { help: 'add a NetworkPolicy in shop with `podSelector: {}`, `policyTypes: [Egress]` and no rules' },
  ]);
});

test.each([
  ['there is one', one + all('Ingress, Egress')],
  ['a direction of which no policy speaks', policyYaml('p', '  podSelector: {}')],
  ['no policy at all', podYaml('web', 'app: web')],
])('nothing to say: %s', (_, text) => expect(findings(namespaceWithoutDefaultDeny, text)).toEqual([]));
