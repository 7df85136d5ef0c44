import { expect, test } from 'vitest';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { undefinedNamedPort } from './undefined-named-port.ts';

const pods = podYaml('web', 'app: web') + podYaml('db', 'app: db');
const ingress = (ports: string) =>
  policyYaml('p', `  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - ports: [${ports}]`);
const egress = (to: string) =>
  policyYaml(
    'p',
    `  podSelector: {}\n  policyTypes: [Egress]\n  egress:\n  - to: [${to}]\n    ports: [{port: dns}]`,
  );

test('a name that no selected pod has', () => {
  expect(findings(undefinedNamedPort, pods + ingress('{port: 80}, {port: wbe}'))).toEqual([
    { at: 'wbe', message: 'no TCP port named `wbe` on the destination pod', help: 'did you mean `web`?' },
  ]);
});

test('the right name for another protocol', () => {
  expect(findings(undefinedNamedPort, pods + ingress('{port: web, protocol: UDP}'))).toMatchObject([
    { help: 'the container port `web` is TCP: write `protocol: TCP`' },
  ]);
});

test('egress to pods of the set', () => {
  expect(findings(undefinedNamedPort, pods + egress('{podSelector: {matchLabels: {app: db}}}'))).toHaveLength(
    1,
  );
});

test.each([
  ['the port exists', pods + ingress('{port: web}')],
  ['the policy selects nothing', podYaml('db', 'app: db') + ingress('{port: other}')],
  [
    'egress to a namespace that is not in the set',
    pods + egress('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}'),
  ],
  [
    'egress to all namespaces',
    pods + egress('{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}'),
  ],
])('nothing to say: %s', (_, text) => expect(findings(undefinedNamedPort, text)).toEqual([]));
