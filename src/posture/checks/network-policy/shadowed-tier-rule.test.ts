import { expect, test } from 'vitest';
import { ask } from '../../../segmentation/ask.fixture.ts';
import { namespaceYaml, podYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { shadowedTierRule } from './shadowed-tier-rule.ts';

interface Head {
  readonly name?: string;
  readonly tier?: string;
  readonly priority?: number;
  readonly subject?: string;
}

/** A ClusterNetworkPolicy; each rule as the content of a flow mapping. */
function cnp(
  { name = 'p', tier = 'Admin', priority = 5, subject = 'namespaces: {}' }: Head,
  ...rules: string[]
) {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: ${name}}
spec:
  tier: ${tier}
  priority: ${priority}
  subject: {${subject}}
  ingress:
${rules.map((rule) => `  - {${rule}}`).join('\n')}
`;
}

const any = 'from: [{namespaces: {}}]';
const guest = 'from: [{namespaces: {matchLabels: {team: guest}}}]';
const tcp = (port: number) => `protocols: [{tcp: {destinationPort: {number: ${port}}}}]`;
const said = (text: string) => findings(shadowedTierRule, text).map(({ message }) => message);

test('a wider rule of the same policy stands before', () => {
  const text = cnp({}, `action: Accept, ${any}`, `action: Deny, ${guest}`);
  expect(findings(shadowedTierRule, text)).toMatchObject([
    {
      at: `{action: Deny, ${guest}}`,
      message: 'ingress[1] (Deny) of p never decides: ingress[0] matches all of it before and says Accept',
      help: 'move it before ingress[0], or narrow that one',
    },
  ]);
  expect(said(cnp({}, `action: Deny, ${guest}`, `action: Accept, ${any}`))).toEqual([]);
});

test('it decides nothing: without the rule every verdict is the same', () => {
  const pods =
    namespaceYaml('shop') + namespaceYaml('lab', 'team: guest') + podYaml('api', '') + podYaml('lab/x', '');
  const outcome = (...rules: string[]) => ask(pods + cnp({}, ...rules))('lab/x', 'shop/api').outcome;
  expect(outcome(`action: Accept, ${any}`, `action: Deny, ${guest}`)).toBe('allow');
  expect(outcome(`action: Accept, ${any}`)).toBe('allow');
  expect(outcome(`action: Deny, ${guest}`, `action: Accept, ${any}`)).toBe('deny');
});

test('a policy of lower priority number stands before', () => {
  const first = cnp({ name: 'first', priority: 1 }, `action: Pass, ${any}`);
  expect(said(cnp({}, `action: Deny, ${guest}`) + first)).toEqual([
    'ingress[0] (Deny) of p never decides: ingress[0] of first matches all of it before and says Pass',
  ]);
});

test.each([
  ['the same priority: nobody defines which comes first', cnp({ name: 'q' }, `action: Pass, ${any}`)],
  ['another tier', cnp({ name: 'q', tier: 'Baseline', priority: 1 }, `action: Deny, ${any}`)],
  [
    'other pods',
    cnp(
      { name: 'q', priority: 1, subject: 'namespaces: {matchLabels: {team: ops}}' },
      `action: Deny, ${any}`,
    ),
  ],
  ['other ports', cnp({ name: 'q', priority: 1 }, `action: Deny, ${any}, ${tcp(80)}`)],
])('nothing to say: %s', (_, other) => {
  expect(said(cnp({}, `action: Deny, ${guest}, ${tcp(443)}`) + other)).toEqual([]);
});
