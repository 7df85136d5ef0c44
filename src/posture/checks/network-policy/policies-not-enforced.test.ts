import { expect, test } from 'vitest';
import { readManifests } from '../../../manifest/read.ts';
import { podYaml, policyYaml } from '../../../segmentation/manifests.fixture.ts';
import { cniProfile } from '../../../segmentation/profile.ts';
import { compilePosture } from '../../compile.ts';
import { postureOf } from '../../posture.fixture.ts';
import { findings } from '../checks.fixture.ts';
import { policiesNotEnforced } from './policies-not-enforced.ts';

const policy = policyYaml('p', '  podSelector: {}');
const agent = (image: string) => `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: net, namespace: kube-system}
spec:
  selector: {matchLabels: {app: net}}
  template:
    metadata: {labels: {app: net}}
    spec: {containers: [{name: main, image: '${image}'}]}
---
`;

function withSite(site: string, flag?: 'kubernetes' | 'flannel') {
  const files = [
    { name: 'p.yaml', bytes: new TextEncoder().encode(policy) },
    { name: 'picket.yaml', bytes: new TextEncoder().encode(site) },
  ];
  const options = flag === undefined ? {} : { profile: cniProfile(flag) };
  return policiesNotEnforced.run(compilePosture(readManifests(files), options));
}

test('nobody says which plugin there is: a note, once', () => {
  const found = findings(policiesNotEnforced, policy + policyYaml('q', '  podSelector: {}'));
  expect(found).toMatchObject([{ at: 'NetworkPolicy' }]);
  expect(found[0]!.message).toMatch(/^these 2 policies do nothing unless /);
});

test.each([
  ['something else', 'example.test/flannel:1', 'note'],
  ['Flannel', 'docker.io/flannel/flannel:v0.27.4', 'error'],
])('%s runs as %s: %s', (_, image, severity) => {
  expect(policiesNotEnforced.run(postureOf(agent(image) + policy))).toMatchObject([{ severity }]);
});

test.each(['cni: flannel'])('the site file names a plugin that enforces nothing', (site) => {
  expect(withSite(site)).toMatchObject([
    { severity: 'error', message: 'this policy does nothing: flannel enforces no policies' },
  ]);
});

test('what the flag says goes before the site file', () => {
  expect(withSite('cni: calico', 'flannel')).toHaveLength(1);
  expect(withSite('cni: flannel', 'kubernetes')).toEqual([]);
});

test('nothing to say: the plugin enforces, or there is no policy', () => {
  expect(withSite('cni: cilium')).toEqual([]);
  expect(findings(policiesNotEnforced, agent('quay.io/calico/node:v3.30.0') + policy)).toEqual([]);
  const canal = agent('flannel/flannel:v0.27.4') + agent('calico/node:v3.30.0');
  expect(findings(policiesNotEnforced, canal + policy)).toEqual([]);
  expect(findings(policiesNotEnforced, podYaml('web', 'app: web'))).toEqual([]);
});
