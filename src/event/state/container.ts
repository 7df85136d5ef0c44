/** What the engine tells of a container. */
export interface ContainerRecord {
  /** The first 12 digits. */
  readonly id: string;
  readonly fullId?: string;
  readonly name?: string;
  /** The engine: `containerd`, `cri-o`, `docker` … */
  readonly type?: string;
  /** Repository and tag, e.g. `docker.io/library/nginx:1.27`. */
  readonly image?: string;
  /** Hexadecimal digits. */
  readonly imageId?: string;
  /** E.g. `sha256:…`. */
  readonly imageDigest?: string;
  readonly privileged?: boolean;
  readonly mounts?: readonly ContainerMount[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch. */
  readonly startTime?: bigint;
  readonly addresses?: readonly string[];
  /** Whether it is the container that holds a pod's namespaces, and runs nothing of the user's. */
  readonly isPodSandbox?: boolean;
  /** All digits of the id of the pod's sandbox. */
  readonly podSandboxId?: string;
  readonly podLabels?: Readonly<Record<string, string>>;
  /** Whether it shares the namespaces of the machine. */
  readonly hostNetwork?: boolean;
  readonly hostPid?: boolean;
  readonly hostIpc?: boolean;
}

export interface ContainerMount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
}
