/**
 * Messages of the Container Runtime Interface, `runtime.v1.RuntimeService`, as far as they are read:
 * https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto
 */
import { bool, int32, int64, many, map, message, one, type Read, string } from './protobuf.ts';

export const service = 'runtime.v1.RuntimeService';

/** The older one has the same numbers for all that is read here (containerd before 1.6, CRI-O before 1.20). */
export const services = [service, 'runtime.v1alpha2.RuntimeService'] as const;

export const versionRequest = message({ version: string(1) });
export const versionResponse = message({
  version: string(1),
  runtimeName: string(2),
  runtimeVersion: string(3),
  runtimeApiVersion: string(4),
});

const containerMetadata = message({ name: string(1), attempt: int32(2) });
const imageSpec = message({ image: string(1), userSpecifiedImage: string(18) });

/** Values of `propagation`: private, from the host to the container, both ways. */
export const propagations = ['private', 'rslave', 'rshared'] as const;
export const mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: bool(3),
  propagation: int32(5),
});

/** Values of `state`. */
export const containerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const;

const containerFilter = message({ id: string(1) });
export const listContainersRequest = message({ filter: one(1, containerFilter) });
const container = message({
  id: string(1),
  podSandboxId: string(2),
  metadata: one(3, containerMetadata),
  image: one(4, imageSpec),
  imageRef: string(5),
  state: int32(6),
  createdAt: int64(7),
  labels: map(8),
});
export const listContainersResponse = message({ containers: many(1, container) });

export const containerStatusRequest = message({ containerId: string(1), verbose: bool(2) });
const containerStatus = message({
  id: string(1),
  metadata: one(2, containerMetadata),
  state: int32(3),
  createdAt: int64(4),
  startedAt: int64(5),
  image: one(8, imageSpec),
  imageRef: string(9),
  labels: map(12),
  mounts: many(14, mount),
  imageId: string(17),
});
/** `info` has JSON under `info`: what the engine tells besides, in terms of its own. */
export const containerStatusResponse = message({ status: one(1, containerStatus), info: map(2) });

const podSandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3) });
const podSandboxFilter = message({ id: string(1) });
export const listPodSandboxRequest = message({ filter: one(1, podSandboxFilter) });
const podSandbox = message({
  id: string(1),
  metadata: one(2, podSandboxMetadata),
  state: int32(3),
  createdAt: int64(4),
  labels: map(5),
});
export const listPodSandboxResponse = message({ items: many(1, podSandbox) });

export const podSandboxStatusRequest = message({ podSandboxId: string(1), verbose: bool(2) });
const podIp = message({ ip: string(1) });
const networkStatus = message({ ip: string(1), additionalIps: many(2, podIp) });

/** Values of the modes of namespaces: of the pod, of the container, of the machine, of another container. */
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
const namespaceOption = message({ network: int32(1), pid: int32(2), ipc: int32(3) });
const namespace = message({ options: one(2, namespaceOption) });
const linuxPodSandboxStatus = message({ namespaces: one(1, namespace) });
const podSandboxStatus = message({
  id: string(1),
  metadata: one(2, podSandboxMetadata),
  state: int32(3),
  createdAt: int64(4),
  network: one(5, networkStatus),
  linux: one(6, linuxPodSandboxStatus),
  labels: map(7),
});
export const podSandboxStatusResponse = message({ status: one(1, podSandboxStatus), info: map(2) });

export const getEventsRequest = message({});
/** Values of `containerEventType`. */
export const containerEvent = { created: 0, started: 1, stopped: 2, deleted: 3 } as const;
export const containerEventResponse = message({
  containerId: string(1),
  containerEventType: int32(2),
  createdAt: int64(3),
  podSandboxStatus: one(4, podSandboxStatus),
});

export type ContainerStatus = Read<typeof containerStatus>;
export type PodSandboxStatus = Read<typeof podSandboxStatus>;
export type Info = Readonly<Record<string, string>>;
