import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { policySelectsNothing } from './policy-selects-nothing.ts';

const pods = podYaml('web', 'tier: frontend') + podYaml('db', 'tier: database');
const policy = (labels: string) => policyYaml('p', `  podSelector: {matchLabels: {${labels}}}`);

test('a misspelt value', () => {
  expect(findings(policySelectsNothing, pods + policy('tier: fronted'))).toEqual([
    {
      at: '{matchLabels: {tier: fronted}}',
      message: '`tier=fronted` does not select any of the 2 workloads of namespace shop',
      help: 'did you mean `tier=frontend` instead of `tier=fronted`?',
    },
  ]);
});

test('a misspelt key', () => {
  expect(findings(policySelectsNothing, pods + policy('teir: database'))).toMatchObject([
    { help: 'did you mean `tier=database` instead of `teir=database`?' },
  ]);
});

test('something else: says which labels there are', () => {
  expect(findings(policySelectsNothing, pods + policy('app: billing'))).toMatchObject([
    { help: 'labels there: tier=frontend, tier=database' },
  ]);
});

test.each([
  ['it selects something', pods + policy('tier: database')],
  ['no workload in its namespace', podYaml('other/web', 'tier: frontend') + policy('tier: fronted')],
  ['pods on the host network', podYaml('web', 'tier: agent', 'hostNetwork: true') + policy('tier: agent')],
])('nothing to say: %s', (_, text) => expect(findings(policySelectsNothing, text)).toEqual([]));
