import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { unprotectedWorkload } from './unprotected-workload.ts';

const policy = policyYaml('p', '  podSelector: {matchLabels: {app: web}}');

test('a workload beside policies that none selects', () => {
  expect(
    findings(unprotectedWorkload, podYaml('web', 'app: web') + podYaml('db', 'app: db') + policy),
  ).toEqual([
    {
      at: 'db',
      message: 'no policy isolates shop/db for ingress: anyone may connect to it',
      help: 'add a NetworkPolicy in shop that selects it, or one with `podSelector: {}`',
    },
  ]);
});

test.each([
  ['no policies at all', podYaml('db', 'app: db')],
  ['on the host network', podYaml('db', 'app: db', 'hostNetwork: true') + policy],
  ['finished', podYaml('db', 'app: db').replace('Running', 'Succeeded') + policy],
])('nothing to say: %s', (_, text) => expect(findings(unprotectedWorkload, text)).toEqual([]));
