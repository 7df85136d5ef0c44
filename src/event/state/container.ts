/** What the engine tells of a container. */
export interface ContainerRecord {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  /** As it was asked for, e.g. `docker.io/library/nginx:1.27`. */
  readonly image?: string;
  readonly imageId?: string;
  readonly imageDigest?: string;
  readonly privileged?: boolean;
  readonly mounts?: readonly ContainerMount[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch. */
  readonly startTime?: bigint;
  readonly addresses?: readonly string[];
}

export interface ContainerMount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
}
