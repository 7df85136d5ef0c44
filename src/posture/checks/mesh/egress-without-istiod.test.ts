import { expect, test } from 'vitest';
import { policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { egressWithoutIstiod } from './egress-without-istiod.ts';
import { authenticationYaml, namespaceYaml } from './mesh-checks.fixture.ts';

const strict = authenticationYaml('default', '{mtls: {mode: STRICT}}');
const egress = (ports: string) =>
  policyYaml('p', `  podSelector: {}\n  egress:\n  - to:\n    - podSelector: {}\n    ports: [${ports}]`);

test('sidecars need istiod', () => {
  const text = egress('{port: 3000}') + strict;
  expect(findings(egressWithoutIstiod, text)).toMatchObject([{ at: 'egress' }]);
  expect(findings(egressWithoutIstiod, fixed(egressWithoutIstiod, text))).toEqual([]);
});

test('ambient pods need the tunnel port', () => {
  const text = egress('{port: 3000}') + namespaceYaml('shop', 'istio.io/dataplane-mode: ambient');
  expect(findings(egressWithoutIstiod, text)).toMatchObject([
    { message: 'ambient traffic travels inside TCP 15008, which no egress rule allows' },
  ]);
  expect(findings(egressWithoutIstiod, fixed(egressWithoutIstiod, text))).toEqual([]);
});

test.each([
  ['it is allowed', egress('{port: 15012}') + strict],
  ['all ports are', policyYaml('p', '  podSelector: {}\n  egress: [{}]') + strict],
  ['no mesh', egress('{port: 3000}')],
  ['all egress is denied on purpose', policyYaml('p', '  podSelector: {}\n  policyTypes: [Egress]') + strict],
])('nothing to say: %s', (_, text) => expect(findings(egressWithoutIstiod, text)).toEqual([]));
