import type { ContainerMount, ContainerRecord } from '../../event/state/container.ts';
import { type ContainerImage, imageOf } from './image.ts';
import {
  type ContainerStatus,
  type Info,
  namespaceMode,
  type PodSandboxStatus,
  propagations,
} from './messages.ts';

/** Of one container; what is more is left out, since images bring labels of their own. */
const mostLabels = 256;
const mostMounts = 256;
/** Longer values are left out, as Falco does (`label_max_len`). */
const mostLabelLength = 100;
const mostKeyLength = 400;

/** What the engine tells besides, as JSON under `info` when it is asked in detail: containerd and CRI-O in terms of their own. */
export interface Details {
  readonly privileged: boolean | undefined;
  /** The image that was asked for, or its id where the kubelet asked. */
  readonly askedImage: string | undefined;
  readonly annotations: Readonly<Record<string, unknown>>;
  /** Only of a sandbox. */
  readonly image: string | undefined;
}

/** Returns the details; nothing in them where they are not there or not JSON. */
export function detailsOf(info: Info): Details {
  let read: unknown;
  try {
    read = JSON.parse(info.info ?? 'null');
  } catch {
    read = undefined;
  }
  const at = (...path: readonly string[]): unknown =>
    path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), read);
  const flags = [
    at('runtimeSpec', 'linux', 'security_context', 'privileged'),
    at('config', 'linux', 'security_context', 'privileged'),
    at('privileged'),
  ];
  const annotations = at('runtimeSpec', 'annotations');
  return {
    // What is false is left out of JSON.
    privileged: isObject(read)
      ? (flags.find((one) => typeof one === 'boolean') as boolean) === true
      : undefined,
    askedImage: text(at('config', 'image', 'image')),
    annotations: isObject(annotations) ? annotations : {},
    image: text(at('image')),
  };
}

/**
 * Returns a container in the terms of the rules language, as Falco's container plugin reads the same answers
 * (go-worker/pkg/container/cri.go). `sandbox`: its pod's, where the engine told of it.
 */
export function containerRecord(
  engine: string,
  status: ContainerStatus,
  details: Details,
  sandboxId: string,
  sandbox: PodSandboxStatus | undefined,
): ContainerRecord {
  const labels = kept(status.labels);
  if (sandboxId !== '') labels['io.kubernetes.sandbox.id'] = sandboxId;
  return {
    ...base(engine, status.id, labels, sandboxId, sandbox),
    ...ofImage(
      imageOf({
        name: status.image?.image ?? '',
        userName: status.image?.userSpecifiedImage ?? '',
        reference: status.imageRef,
        id: status.imageId,
        asked: details.askedImage ?? '',
        annotations: details.annotations,
      }),
    ),
    ...(status.metadata !== undefined && { name: status.metadata.name }),
    ...(details.privileged !== undefined && { privileged: details.privileged }),
    mounts: status.mounts.slice(0, mostMounts).map(mountRecord),
    ...(status.startedAt > 0n && { startTime: status.startedAt }),
  };
}

/** Returns the container that holds a pod's namespaces. */
export function sandboxRecord(engine: string, status: PodSandboxStatus, details: Details): ContainerRecord {
  return {
    ...base(engine, status.id, kept(status.labels), status.id, status),
    isPodSandbox: true,
    ...(details.image !== undefined && { image: details.image }),
    ...(status.createdAt > 0n && { startTime: status.createdAt }),
  };
}

function base(
  engine: string,
  fullId: string,
  labels: Record<string, string>,
  podSandboxId: string,
  sandbox: PodSandboxStatus | undefined,
): ContainerRecord {
  const common = { id: fullId.slice(0, 12), fullId, type: engine, labels, podSandboxId };
  if (sandbox === undefined) return common;
  const { metadata, network, linux } = sandbox;
  if (metadata !== undefined) {
    labels['io.kubernetes.pod.uid'] = metadata.uid;
    labels['io.kubernetes.pod.name'] = metadata.name;
    labels['io.kubernetes.pod.namespace'] = metadata.namespace;
  }
  const addresses = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
  const shared = linux?.namespaces?.options;
  return {
    ...common,
    podLabels: kept(sandbox.labels),
    addresses: addresses.filter((one) => one !== ''),
    ...(shared !== undefined && {
      hostNetwork: shared.network === namespaceMode.node,
      hostPid: shared.pid === namespaceMode.node,
      hostIpc: shared.ipc === namespaceMode.node,
    }),
  };
}

function ofImage({ image, id, digest }: ContainerImage) {
  return {
    ...(image !== undefined && { image }),
    ...(id !== undefined && { imageId: id }),
    ...(digest !== undefined && { imageDigest: digest }),
  };
}

function mountRecord({
  hostPath,
  containerPath,
  readonly,
  propagation,
}: ContainerStatus['mounts'][number]): ContainerMount {
  return {
    source: hostPath,
    destination: containerPath,
    mode: '',
    writable: !readonly,
    propagation: propagations[propagation] ?? 'unknown',
  };
}

/** Returns the labels that are kept, without a prototype. */
function kept(labels: Readonly<Record<string, string>>): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  let count = 0;
  for (const name in labels) {
    const value = labels[name] as string;
    if (value.length > mostLabelLength || name.length > mostKeyLength) continue;
    if (++count > mostLabels) break;
    result[name] = value;
  }
  return result;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
