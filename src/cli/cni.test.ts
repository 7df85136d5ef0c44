import { expect, test } from 'vitest';
import { networkPlugins } from '../manifest/site.ts';
import { cniProfile } from '../segmentation/profile.ts';
import { cniOf, cniOption } from './cni.ts';
import { ExitCode } from './command.ts';
import { testIo } from './io.fixture.ts';
import { runProgram } from './program.ts';

const manifests = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: example.test/web}]}
status: {phase: Running, podIP: 10.1.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: main, image: example.test/api}]}
status: {phase: Running, podIP: 10.1.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/24}}]}]
`;

test('every plugin can be named', () => {
  for (const name of networkPlugins) {
    expect(cniOption.choices).toContain(name);
    expect(cniOf({ cni: name })).toEqual({ profile: cniProfile(name) });
  }
  expect(cniOf({})).toEqual({});
});

test.each([
  ['kubernetes', 'unknown'],
  ['calico', 'allow'],
  ['cilium', 'deny'],
  ['flannel', 'allow'],
])('--cni %s: an ipBlock with the addresses of pods says %s', async (cni, outcome) => {
  const io = testIo({}, manifests);
  const point = ['--from', 'shop/web', '--to', 'shop/api', '--port', '80'];
  const code = await runProgram(['reach', '-', '--cni', cni, ...point, '-o', 'json'], () => io);
  expect((JSON.parse(io.written.out) as { outcome: string }).outcome).toBe(outcome);
  expect(code).toBe(outcome === 'allow' ? ExitCode.clean : ExitCode.problems);
});
