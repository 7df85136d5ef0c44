import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../segmentation/manifests.fixture.ts';
import { drop, firewallYaml, ssh } from './checks/firewall/firewall-checks.fixture.ts';
import { firewallSubjects } from './firewall-subjects.ts';
import { postureOf } from './posture.fixture.ts';

const isolated = (text: string) => firewallSubjects(postureOf(text))[0]?.machine.arePodsIsolated;
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
])('pods are not isolated: %s', (_, text) => expect(isolated(text)).toBe(false));

test.each([
  ['each pod', bare + podYaml('web', 'app: web') + deny],
  ['no pod is declared, and each namespace has a default deny', bare + deny + denyHere],
])('pods are isolated: %s', (_, text) => expect(isolated(text)).toBe(true));

test('places and texts are those of the manifest; a second run is over the first', () => {
  const [subject] = firewallSubjects(postureOf(bare));
  const [table] = subject!.ruleset.tables;
  const [first] = table!.chains.get('INPUT')!.rules;
  expect(subject!.text(first!.at)).toBe(ssh);
  expect(subject!.written(subject!.span(first!.at))).toBe(ssh);
  expect(subject!.secondRun!().ruleset.tables[0]!.chains.get('INPUT')!.rules).toHaveLength(4);
});
