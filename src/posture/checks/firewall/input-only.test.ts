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

test.each([
  [
    `pods are isolated, as the help says`,
    firewallYaml([ssh, drop]) +
      podYaml('web', 'app: web') +
      policyYaml('deny', '  podSelector: {}\n  policyTypes: [Ingress, Egress]'),
  ],
  [
    'no pod is declared, and the namespaces with policies have a default deny',
    firewallYaml([ssh, drop]) + policyYaml('deny', '  podSelector: {}\n  policyTypes: [Ingress, Egress]'),
  ],
  [`FORWARD is filtered too`, firewallYaml([ssh, drop, 'iptables -A FORWARD -j DROP'])],
])('nothing to say: %s', (_, text) => expect(findings(inputOnly, text)).toEqual([]));
