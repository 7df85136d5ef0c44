import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { drop, firewallYaml, ssh } from './firewall-checks.fixture.ts';
import { inputOnly } from './input-only.ts';

test('is told where it is', () => {
  const found = findings(inputOnly, firewallYaml([ssh, drop]));
  expect(found).toMatchObject([{ at: drop }]);
  expect(found[0]!.message).toMatch(/^INPUT alone is filtered: /);
});

const bare = firewallYaml([ssh, drop]);
const deny = policyYaml('deny', '  podSelector: {}\n  policyTypes: [Ingress, Egress]');
const denyHere = deny.replace('shop', 'security');

test.each([
  ['a namespace has no policy', bare + deny],
  [
    'a policy selects some pods',
    bare + deny + denyHere.replace('podSelector: {}', 'podSelector: {matchLabels: {app: web}}'),
  ],
  ['a policy is for egress', bare + deny + denyHere.replace('Ingress, ', '')],
  [
    'a declared namespace has no policy',
    `${bare}${deny}${denyHere}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n`,
  ],
])('no pod is declared, and still told: %s', (_, text) => expect(findings(inputOnly, text)).toHaveLength(1));

test.each([
  [
    `pods are isolated, as the help says`,
    firewallYaml([ssh, drop]) +
      podYaml('web', 'app: web') +
      policyYaml('deny', '  podSelector: {}\n  policyTypes: [Ingress, Egress]'),
  ],
  ['no pod is declared, and each namespace has a default deny', bare + deny + denyHere],
  [`FORWARD is filtered too`, firewallYaml([ssh, drop, 'iptables -A FORWARD -j DROP'])],
])('nothing to say: %s', (_, text) => expect(findings(inputOnly, text)).toEqual([]));
