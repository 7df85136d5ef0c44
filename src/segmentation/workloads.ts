import type { Path, Resource } from '../manifest/resource.ts';
import type { Labels } from './label-selector.ts';
import type { ContainerPort, Namespace, PodInstance, Workload } from './model.ts';
import { type NodeTable, readAddresses } from './nodes.ts';
import { apiProtocolNumber } from './protocol.ts';
import { type Fields, fieldAt, fieldsOf, listOf, stringsOf, textOf } from './values.ts';

/** Where the pod template stands, and which labels the controller adds to pods without a manifest telling their value. */
interface WorkloadKind {
  readonly podPath: Path;
  readonly addedLabels: readonly string[];
}

const jobLabels = [
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-completion-index',
];
const template: Path = ['spec', 'template'];

/** Labels per controller: kubernetes.io/docs/reference/labels-annotations-taints. */
const workloadKinds: ReadonlyMap<string, WorkloadKind> = new Map([
  ['Pod', { podPath: [], addedLabels: [] }],
  ['Deployment', { podPath: template, addedLabels: ['pod-template-hash'] }],
  ['ReplicaSet', { podPath: template, addedLabels: [] }],
  ['ReplicationController', { podPath: template, addedLabels: [] }],
  [
    'StatefulSet',
    {
      podPath: template,
      addedLabels: [
        'controller-revision-hash',
        'statefulset.kubernetes.io/pod-name',
        'apps.kubernetes.io/pod-index',
      ],
    },
  ],
  ['DaemonSet', { podPath: template, addedLabels: ['controller-revision-hash', 'pod-template-generation'] }],
  ['Job', { podPath: template, addedLabels: jobLabels }],
  [
    'CronJob',
    {
      podPath: ['spec', 'jobTemplate', 'spec', 'template'],
      addedLabels: [...jobLabels, 'job-name', 'batch.kubernetes.io/job-name'],
    },
  ],
]);

const workloadGroups: ReadonlySet<string> = new Set(['', 'apps', 'batch', 'extensions']);

/**
 * Returns whether the resource describes pods. The API group may be that of another workload kind: a DaemonSet of
 * `v1` is refused by the API server, but its author means pods.
 */
export function isWorkload(resource: Resource): boolean {
  return workloadKinds.has(resource.kind) && workloadGroups.has(groupOf(resource));
}

/** Returns the API group of a resource, '' for the core group. */
export function groupOf({ apiVersion }: Resource): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** Returns the namespace that an object lands in: `default` when the manifest does not say. */
export function namespaceOf(resource: Resource): string {
  return resource.namespace ?? 'default';
}

type Draft = Omit<Workload, 'index' | 'namespace' | 'pods'> & {
  readonly namespaceName: string;
  readonly pods: PodInstance[];
};

/**
 * Returns the workloads of a set. Pods and intermediate objects (a ReplicaSet of a Deployment, a Job of a CronJob)
 * whose controller is in the set are folded into it, unless their labels differ from its template beyond what
 * controllers add: policies see such pods apart. Pods that name the same absent controller are folded likewise into
 * one workload with its kind and name.
 */
export function readWorkloads(
  resources: readonly Resource[],
  nodes: NodeTable,
  namespace: (name: string) => Namespace,
): Workload[] {
  const declared = resources.map(draftOf);
  const byName = new Map(declared.map((draft) => [keyOf(draft), draft]));
  const kept: Draft[] = [];
  const absentOwners = new Map<string, Draft>();
  for (const draft of declared) {
    let owner = topOwner(draft, byName);
    if (owner === undefined && draft.single && !draft.finished)
      owner = absentOwner(draft, absentOwners, kept);
    if (draft.single && !draft.finished) (owner ?? draft).pods.push(instanceOf(draft.source, nodes));
    if (owner === undefined) kept.push(draft);
  }
  return kept.map(({ namespaceName, ...draft }, index) => ({
    ...draft,
    index,
    namespace: namespace(namespaceName),
  }));
}

function keyOf({ kind, namespaceName, name }: Draft): string {
  return `${kind}/${namespaceName}/${name}`;
}

/** The workload for the pods of a controller that is not in the set: made from the first pod, added to `kept`. */
function absentOwner(pod: Draft, owners: Map<string, Draft>, kept: Draft[]): Draft | undefined {
  const reference = controllerReference(pod.source);
  const kind = reference === undefined ? undefined : workloadKinds.get(reference.kind);
  if (reference === undefined || kind === undefined) return undefined;
  const key = `${reference.kind}/${pod.namespaceName}/${reference.name}`;
  const owner = owners.get(key);
  if (owner !== undefined) return isLike(pod, owner) && samePorts(pod, owner) ? owner : undefined;
  const known = new Map([...pod.labels.known].filter(([name]) => !kind.addedLabels.includes(name)));
  const labels: Labels = { known, undetermined: new Set(kind.addedLabels) };
  const created: Draft = { ...pod, ...reference, labels, single: false, pods: [] };
  owners.set(key, created);
  kept.push(created);
  return created;
}

function samePorts(a: Draft, b: Draft): boolean {
  return JSON.stringify(a.ports) === JSON.stringify(b.ports);
}

function draftOf(source: Resource): Draft {
  const { podPath, addedLabels } = workloadKinds.get(source.kind) as WorkloadKind;
  const pod = fieldsOf(fieldAt(source.value, ...(podPath as string[])));
  return {
    kind: source.kind,
    namespaceName: namespaceOf(source),
    name: source.name,
    labels: podLabels(source, pod, addedLabels),
    annotations: stringsOf(fieldAt(pod, 'metadata', 'annotations')),
    pods: [],
    single: source.kind === 'Pod',
    hostNetwork: fieldAt(pod, 'spec', 'hostNetwork') === true,
    finished: isFinished(source),
    ports: containerPorts(pod),
    source,
    podPath,
  };
}

function podLabels(source: Resource, pod: Fields, addedLabels: readonly string[]): Labels {
  const known = new Map(stringsOf(fieldAt(pod, 'metadata', 'labels')));
  if (source.kind === 'Job') {
    for (const key of ['job-name', 'batch.kubernetes.io/job-name']) known.set(key, source.name);
  }
  return { known, undetermined: new Set(addedLabels.filter((key) => !known.has(key))) };
}

/** Pod phases Succeeded and Failed; Job conditions Complete and Failed. */
function isFinished({ kind, value }: Resource): boolean {
  if (kind === 'Pod') {
    const phase = fieldAt(value, 'status', 'phase');
    return phase === 'Succeeded' || phase === 'Failed';
  }
  if (kind !== 'Job') return false;
  return listOf(fieldAt(value, 'status', 'conditions')).some((condition) => {
    const { type, status } = fieldsOf(condition);
    return (type === 'Complete' || type === 'Failed') && status === 'True';
  });
}

/** Ports of containers and of sidecars (init containers that keep running). */
function containerPorts(pod: Fields): ContainerPort[] {
  const sidecars = listOf(fieldAt(pod, 'spec', 'initContainers')).filter(
    (container) => fieldsOf(container).restartPolicy === 'Always',
  );
  const found: ContainerPort[] = [];
  for (const container of [...listOf(fieldAt(pod, 'spec', 'containers')), ...sidecars]) {
    for (const port of listOf(fieldsOf(container).ports)) {
      const { name, containerPort, protocol } = fieldsOf(port);
      const number = apiProtocolNumber(protocol);
      if (typeof containerPort !== 'number' || number === undefined) continue;
      found.push({ name: textOf(name), protocol: number, port: containerPort });
    }
  }
  return found;
}

function instanceOf({ name, value }: Resource, nodes: NodeTable): PodInstance {
  const status = fieldsOf(fieldAt(value, 'status'));
  const hostAddresses = listOf(status.hostIPs).map((entry) => fieldsOf(entry).ip);
  return {
    name,
    addresses: readAddresses([status.podIP, ...listOf(status.podIPs).map((entry) => fieldsOf(entry).ip)]),
    node: nodes.locate(textOf(fieldAt(value, 'spec', 'nodeName')), [status.hostIP, ...hostAddresses]),
  };
}

/** The outermost controller in the set that this draft can be folded into. */
function topOwner(draft: Draft, byName: ReadonlyMap<string, Draft>): Draft | undefined {
  let top: Draft | undefined;
  for (let at = draft, depth = 0; depth < 4; depth++) {
    const owner = controllerOf(at, byName);
    if (owner === undefined || owner === draft || !isLike(draft, owner)) break;
    top = owner;
    at = owner;
  }
  return top;
}

function controllerReference({ value }: Resource): { kind: string; name: string } | undefined {
  const references = listOf(fieldAt(value, 'metadata', 'ownerReferences')).map(fieldsOf);
  const reference = references.find(({ controller }) => controller === true) ?? references[0];
  const [kind, name] = [textOf(reference?.kind), textOf(reference?.name)];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

function controllerOf(draft: Draft, byName: ReadonlyMap<string, Draft>): Draft | undefined {
  const { kind, name } = controllerReference(draft.source) ?? {};
  if (kind === undefined || name === undefined) return undefined;
  const owner = byName.get(`${kind}/${draft.namespaceName}/${name}`);
  if (owner !== undefined || kind !== 'ReplicaSet') return owner;
  // A dump without ReplicaSets: the name of a Deployment's ReplicaSet is the Deployment's and the pod template hash.
  const hash = draft.labels.known.get('pod-template-hash');
  if (hash === undefined || !name.endsWith(`-${hash}`)) return undefined;
  return byName.get(`Deployment/${draft.namespaceName}/${name.slice(0, -hash.length - 1)}`);
}

function isLike(pod: Draft, owner: Draft): boolean {
  const [own, expected] = [pod.labels.known, owner.labels.known];
  if (pod.hostNetwork !== owner.hostNetwork) return false;
  for (const [key, value] of expected) if (own.get(key) !== value) return false;
  const { undetermined } = owner.labels;
  return [...own.keys()].every(
    (key) => expected.has(key) || (undetermined !== 'others' && undetermined.has(key)),
  );
}
