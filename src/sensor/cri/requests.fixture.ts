/** Messages by which tests make pods and containers (see messages.ts). */
import { bool, int32, int64, many, map, message, one, string, strings } from './protobuf.ts';

const podSandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3) });
const namespaceOption = message({ network: int32(1), pid: int32(2), ipc: int32(3) });
const sandboxSecurityContext = message({ namespaceOptions: one(1, namespaceOption), privileged: bool(6) });
const linuxPodSandboxConfig = message({
  cgroupParent: string(1),
  securityContext: one(2, sandboxSecurityContext),
});
const podSandboxConfig = message({
  metadata: one(1, podSandboxMetadata),
  hostname: string(2),
  labels: map(6),
  linux: one(8, linuxPodSandboxConfig),
});
export const runPodSandboxRequest = message({ config: one(1, podSandboxConfig) });
export const runPodSandboxResponse = message({ podSandboxId: string(1) });

/** To stop and to remove. */
export const podRequest = message({ podSandboxId: string(1) });

const imageSpec = message({ image: string(1) });
const keyValue = message({ key: string(1), value: string(2) });
const mount = message({
  containerPath: string(1),
  hostPath: string(2),
  readonly: bool(3),
  propagation: int32(5),
});
const securityContext = message({ privileged: bool(2), namespaceOptions: one(3, namespaceOption) });
const linuxContainerConfig = message({ securityContext: one(2, securityContext) });
const containerConfig = message({
  metadata: one(1, message({ name: string(1) })),
  image: one(2, imageSpec),
  command: strings(3),
  envs: many(6, keyValue),
  mounts: many(7, mount),
  labels: map(9),
  linux: one(15, linuxContainerConfig),
});
export const createContainerRequest = message({
  podSandboxId: string(1),
  config: one(2, containerConfig),
  sandboxConfig: one(3, podSandboxConfig),
});
export const createContainerResponse = message({ containerId: string(1) });

/** To start. */
export const containerRequest = message({ containerId: string(1) });

export const execSyncRequest = message({ containerId: string(1), cmd: strings(2), timeout: int64(3) });
export const execSyncResponse = message({ stdout: string(1), stderr: string(2), exitCode: int32(3) });

export const imageStatusRequest = message({ image: one(1, imageSpec) });
export const imageStatusResponse = message({ image: one(1, message({ id: string(1) })) });
