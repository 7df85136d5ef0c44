import type { Extract } from '../field.ts';
import type { ContainerMount, ContainerRecord } from '../state/container.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, fieldWith, type SystemField } from './define.ts';

function containerOf({ thread, processes }: SystemEvent): ContainerRecord | undefined {
  const { containerId } = thread;
  return containerId === 'host' ? undefined : processes.surroundings.container?.(containerId);
}

const ofContainer =
  <T>(get: (container: ContainerRecord) => T): ((event: SystemEvent) => T | undefined) =>
  (event) => {
    const container = containerOf(event);
    return container && get(container);
  };

/** Repository and tag of an image's name; a digest behind `@` belongs to neither. */
function splitImage(image: string): { readonly repository: string; readonly tag: string | undefined } {
  const [name = ''] = image.split('@');
  const colon = name.lastIndexOf(':');
  if (colon <= name.lastIndexOf('/')) return { repository: name, tag: undefined };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** `source:destination:mode:writable:propagation`, as rules compare it. */
function mountText({ source, destination, mode, writable, propagation }: ContainerMount): string {
  return [source, destination, mode, String(writable), propagation].join(':');
}

/**
 * One mount by its number, or by a path, with `*` at its end for all that begin so. The path is the source for all fields but the one
 * that asks for the source (extract.cpp of Falco's container plugin).
 */
function mountFields(
  name: string,
  by: 'source' | 'destination',
  get: (mount: ContainerMount) => string,
): SystemField {
  return fieldWith(
    name,
    'string',
    'Of one mount, by its number or path.',
    { required: true, kind: 'either' },
    (argument): Extract<SystemEvent> => {
      const wanted = argument as string;
      return (event) => {
        const mounts = containerOf(event)?.mounts;
        if (mounts === undefined) return undefined;
        const found = /^\d+$/.test(wanted)
          ? mounts[Number(wanted)]
          : mounts.find((mount) => matches(mount[by], wanted));
        return found && get(found);
      };
    },
  );
}

function matches(path: string, wanted: string): boolean {
  return wanted.endsWith('*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
}

const label = (name: string) => ofContainer(({ labels }) => labelOf(labels, name));

/** The name comes from a rule, the labels from anywhere: only what is a label counts. */
function labelOf(labels: ContainerRecord['labels'], name: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** `name:value`, in the order of their names; those that the kubelet and engines use for themselves are left out, as Falco does. */
function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .filter((name) => !name.startsWith('io.kubernetes.') && !name.startsWith('annotation.'))
    .sort()
    .map((name) => (labels[name] === '' ? name : `${name}:${labels[name]}`))
    .join(', ');
}

function k8sFields(): SystemField[] {
  const labels: readonly (readonly [string, string, string])[] = [
    ['k8s.ns.name', 'io.kubernetes.pod.namespace', 'Namespace of the pod.'],
    ['k8s.pod.name', 'io.kubernetes.pod.name', 'Name of the pod.'],
    ['k8s.pod.id', 'io.kubernetes.pod.uid', 'Id of the pod.'],
    ['k8s.pod.uid', 'io.kubernetes.pod.uid', 'Id of the pod.'],
    ['k8s.container.name', 'io.kubernetes.container.name', 'Name of the container in its pod.'],
  ];
  return [
    ...labels.map(([name, key, doc]) => field(name, 'string', doc, label(key))),
    field(
      'k8s.pod.sandbox_id',
      'string',
      "First 12 digits of the id of the pod's sandbox.",
      ofContainer(({ podSandboxId }) => podSandboxId?.slice(0, 12)),
    ),
    field(
      'k8s.pod.full_sandbox_id',
      'string',
      "Id of the pod's sandbox.",
      ofContainer(({ podSandboxId }) => podSandboxId),
    ),
    fieldWith('k8s.pod.label', 'string', 'A label of the pod.', { required: true, kind: 'key' }, (argument) =>
      ofContainer(({ podLabels }) => labelOf(podLabels, argument as string)),
    ),
    field(
      'k8s.pod.labels',
      'string',
      'All labels of the pod.',
      ofContainer(({ podLabels }) => podLabels && labelsText(podLabels)),
    ),
    field(
      'k8s.pod.ip',
      'string',
      'Address of the pod.',
      ofContainer(({ addresses }) => addresses?.[0]),
    ),
    field(
      'k8s.pod.cni.json',
      'string',
      'Addresses of all interfaces of the pod: not known.',
      () => undefined,
    ),
  ];
}

/** Fields that Falco keeps for old rules and never gives a value. */
function emptyFields(): SystemField[] {
  const kinds = ['rc', 'svc', 'ns', 'rs', 'deployment'];
  const names = kinds.flatMap((kind) => [
    ...(kind === 'ns' ? [] : [`k8s.${kind}.name`]),
    `k8s.${kind}.id`,
    `k8s.${kind}.labels`,
  ]);
  const probes = ['healthcheck', 'liveness_probe', 'readiness_probe'].map((one) => `container.${one}`);
  const doc = 'Nothing: Falco has it for old rules.';
  const deprecated = 'it has no value';
  return [
    ...[...probes, ...names].map((name) => field(name, 'string', doc, () => undefined, { deprecated })),
    ...kinds.map((kind) =>
      fieldWith(`k8s.${kind}.label`, 'string', doc, { required: true, kind: 'key' }, () => () => undefined, {
        deprecated,
      }),
    ),
  ];
}

/** Containers, by the id in the cgroup and what the engine tells; and the pods that they belong to. */
export const containerFields: readonly SystemField[] = [
  field(
    'container.id',
    'string',
    'First 12 digits of the id; `host` outside of containers.',
    ({ thread }) => thread.containerId,
  ),
  field('container.full_id', 'string', 'All digits of the id; `host` outside of containers.', (event) =>
    event.thread.containerId === 'host' ? 'host' : containerOf(event)?.fullId,
  ),
  field('container.name', 'string', 'Name of the container.', (event) =>
    event.thread.containerId === 'host' ? 'host' : containerOf(event)?.name,
  ),
  field(
    'container.type',
    'string',
    'Engine of the container.',
    ofContainer(({ type }) => type),
  ),
  field(
    'container.image',
    'string',
    'Image, as it was asked for.',
    ofContainer(({ image }) => image),
  ),
  field(
    'container.image.id',
    'string',
    'Id of the image.',
    ofContainer(({ imageId }) => imageId),
  ),
  field(
    'container.image.digest',
    'string',
    'Digest of the image.',
    ofContainer(({ imageDigest }) => imageDigest),
  ),
  field(
    'container.image.repository',
    'string',
    'Repository of the image.',
    ofContainer(({ image }) => (image === undefined ? undefined : splitImage(image).repository)),
  ),
  field(
    'container.image.tag',
    'string',
    'Tag of the image.',
    ofContainer(({ image }) => (image === undefined ? undefined : splitImage(image).tag)),
  ),
  field(
    'container.privileged',
    'boolean',
    'Whether the container is privileged.',
    ofContainer(({ privileged }) => privileged),
  ),
  field(
    'container.mounts',
    'string',
    'All mounts.',
    ofContainer(({ mounts }) => mounts?.map(mountText).join(',')),
  ),
  mountFields('container.mount', 'source', mountText),
  mountFields('container.mount.source', 'destination', ({ source }) => source),
  mountFields('container.mount.dest', 'source', ({ destination }) => destination),
  mountFields('container.mount.mode', 'source', ({ mode }) => mode),
  mountFields('container.mount.rdwr', 'source', ({ writable }) => String(writable)),
  mountFields('container.mount.propagation', 'source', ({ propagation }) => propagation),
  field(
    'container.ip',
    'string',
    'Address of the container.',
    ofContainer(({ addresses }) => addresses?.[0]),
  ),
  field(
    'container.start_ts',
    'time',
    'When the container was started.',
    ofContainer(({ startTime }) => startTime),
  ),
  field('container.duration', 'duration', 'Since the container was started.', (event) => {
    const start = containerOf(event)?.startTime;
    return start === undefined ? undefined : event.raw.time - start;
  }),
  fieldWith(
    'container.label',
    'string',
    'A label of the container.',
    { required: true, kind: 'key' },
    (argument) => label(argument as string),
  ),
  field(
    'container.labels',
    'string',
    'All labels of the container.',
    ofContainer(({ labels }) => labels && labelsText(labels)),
  ),
  field('container.cni.json', 'string', 'Addresses of all interfaces: not known.', () => undefined),
  field(
    'container.host_network',
    'boolean',
    'Whether it shares the network of the machine.',
    ofContainer(({ hostNetwork }) => hostNetwork),
  ),
  field(
    'container.host_pid',
    'boolean',
    'Whether it sees the processes of the machine.',
    ofContainer(({ hostPid }) => hostPid),
  ),
  field(
    'container.host_ipc',
    'boolean',
    'Whether it shares the IPC namespace of the machine.',
    ofContainer(({ hostIpc }) => hostIpc),
  ),
  field(
    'proc.is_container_healthcheck',
    'boolean',
    'Whether it is a health check of the container: never told, as in Falco.',
    () => undefined,
  ),
  field(
    'proc.is_container_liveness_probe',
    'boolean',
    'Whether it is a liveness probe: never told, as in Falco.',
    () => undefined,
  ),
  field(
    'proc.is_container_readiness_probe',
    'boolean',
    'Whether it is a readiness probe: never told, as in Falco.',
    () => undefined,
  ),
  ...k8sFields(),
  ...emptyFields(),
];
