import { expect, test } from 'vitest';
import { readInventory } from './inventory.ts';
import { manifests, podYaml } from './manifests.fixture.ts';
import { workloadName } from './model.ts';

const owned = (name: string, kind: string, owner: string, labels: string, ip: string) =>
  podYaml(name, labels, '', `podIP: ${ip}`).replace(
    'labels: {',
    `ownerReferences: [{apiVersion: apps/v1, kind: ${kind}, name: ${owner}, uid: u, controller: true}], labels: {`,
  );

const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: example.test/main}]}
`;

function names(text: string): string[] {
  return readInventory(manifests(text).resources).workloads.map(
    (workload) => `${workload.kind} ${workloadName(workload)} ×${workload.pods.length}`,
  );
}

test('pods fold into a Deployment, also without the ReplicaSet between them', () => {
  const pod = owned('web-77-a', 'ReplicaSet', 'web-77', 'app: web, pod-template-hash: "77"', '10.1.0.1');
  expect(names(deployment + pod)).toEqual(['Deployment shop/web ×1']);
});

test('a pod with other labels than its template stays apart', () => {
  const pod = owned(
    'web-77-a',
    'ReplicaSet',
    'web-77',
    'app: quarantine, pod-template-hash: "77"',
    '10.1.0.1',
  );
  expect(names(deployment + pod)).toEqual(['Deployment shop/web ×0', 'ReplicaSet shop/web-77 ×1']);
});

test('pods of an absent controller fold into one workload', () => {
  const pods = [1, 2].map((i) =>
    owned(
      `db-${i}`,
      'StatefulSet',
      'db',
      `app: db, statefulset.kubernetes.io/pod-name: db-${i}`,
      `10.1.0.${i}`,
    ),
  );
  expect(names(pods.join(''))).toEqual(['StatefulSet shop/db ×2']);
});

test('finished pods keep no address and are marked', () => {
  const text = podYaml('job', 'a: b', '', 'podIP: 10.1.0.9').replace('Running', 'Succeeded');
  const [workload] = readInventory(manifests(text).resources).workloads;
  expect(workload).toMatchObject({ finished: true, pods: [] });
});

test('an object without namespace is in default, a later one of the same name replaces an earlier one', () => {
  const pod = (label: string) => `---
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {v: ${label}}}
spec: {containers: [{name: main, image: example.test/main}]}
`;
  const { workloads, namespaces } = readInventory(manifests(pod('one') + pod('two')).resources);
  expect(workloads.map(({ labels }) => labels.known.get('v'))).toEqual(['two']);
  expect(namespaces).toMatchObject([{ name: 'default', labels: { undetermined: 'others' } }]);
});
