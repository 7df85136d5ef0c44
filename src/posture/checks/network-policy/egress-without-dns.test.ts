import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings, fixed } from '../checks.fixture.ts';
import { egressWithoutDns } from './egress-without-dns.ts';

const egress = (name: string, subject: string, rules: string) =>
  policyYaml(name, `  podSelector: ${subject}\n  policyTypes: [Egress]\n  egress:\n${rules}`);
const toBackend =
  '  - to:\n    - podSelector: {matchLabels: {tier: backend}}\n    ports:\n    - port: 3000\n';
const dns = '  - ports: [{port: 53, protocol: UDP}]\n';
const web = '{matchLabels: {app: web}}';

test('egress to pods and none to DNS', () => {
  const text = egress('p', web, toBackend);
  expect(findings(egressWithoutDns, text)).toMatchObject([{ at: 'egress' }]);
  const mended = fixed(egressWithoutDns, text);
  expect(mended).toContain('      k8s-app: kube-dns');
  expect(findings(egressWithoutDns, mended)).toEqual([]);
});

test.each([
  ['DNS is allowed by it', egress('p', web, toBackend + dns)],
  ['by a policy on all pods', egress('p', web, toBackend) + egress('q', '{}', dns)],
  [
    'by a policy on the same pods',
    podYaml('web', 'app: web, part: ui') +
      egress('p', web, toBackend) +
      egress('q', '{matchLabels: {part: ui}}', dns),
  ],
  ['by a rule for all ports', egress('p', web, `${toBackend}  - to: [{ipBlock: {cidr: 10.0.0.10/32}}]\n`)],
  ['by port name', egress('p', web, `${toBackend}  - ports: [{port: dns, protocol: UDP}]\n`)],
  [
    'it only allows addresses',
    egress('p', web, '  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]\n    ports: [{port: 443}]\n'),
  ],
  ['it allows nothing', policyYaml('p', `  podSelector: ${web}\n  policyTypes: [Egress]`)],
])('nothing to say: %s', (_, text) => expect(findings(egressWithoutDns, text)).toEqual([]));

test('a policy on other pods does not help', () => {
  const pods = podYaml('web', 'app: web') + podYaml('db', 'app: db');
  const text = pods + egress('p', web, toBackend) + egress('q', '{matchLabels: {app: db}}', dns);
  expect(findings(egressWithoutDns, text)).toHaveLength(1);
});
