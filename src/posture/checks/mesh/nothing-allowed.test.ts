import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { postureOf } from '../../posture.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { authorizationYaml } from './mesh-checks.fixture.ts';
import { nothingAllowed } from './nothing-allowed.ts';

const nothing = authorizationYaml('deny-all', '{}');
const some = '{rules: [{from: [{source: {namespaces: [shop]}}]}]}';

test('nothing is allowed, and the NetworkPolicy allows in vain', () => {
  const text = policyYaml('p', '  podSelector: {}\n  ingress:\n  - ports: [{port: 8080}]') + nothing;
  expect(findings(nothingAllowed, text)).toMatchObject([
    {
      at: '{}',
      message:
        'every request to every meshed pod of shop is refused, what NetworkPolicies allow too: no ALLOW policy has a rule',
    },
  ]);
  expect(nothingAllowed.run(postureOf(text))[0]?.related).toMatchObject([
    { message: 'ingress[0] allows TCP 8080 here, in vain' },
  ]);
});

test('from the root namespace it holds for the whole mesh', () => {
  expect(findings(nothingAllowed, authorizationYaml('istio-system/deny', '{}'))).toMatchObject([
    { message: 'every request to every meshed pod of the whole mesh is refused: no ALLOW policy has a rule' },
  ]);
});

test.each([
  ['another policy allows something there', nothing + authorizationYaml('some', some)],
  ['one of the root namespace does', nothing + authorizationYaml('istio-system/some', some)],
  ['it is for some pods only', authorizationYaml('p', '{selector: {matchLabels: {app: db}}}')],
  ['it denies', authorizationYaml('p', '{action: DENY, rules: [{}]}')],
])('nothing to say: %s', (_, text) => expect(findings(nothingAllowed, text)).toEqual([]));

test('a policy of another namespace does not help', () => {
  expect(findings(nothingAllowed, nothing + authorizationYaml('other/some', some))).toHaveLength(1);
});
