import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Path, Resource } from '../../manifest/resource.ts';
import type { Workload } from '../../segmentation/model.ts';
import type { Fields } from '../../segmentation/values.ts';
import type { ImageReference } from './image.ts';
import type { Placed } from './placed.ts';

/** What a workload's pod template says of the pod as a whole. */
export interface PodFacts {
  readonly workload: Workload;
  readonly source: Resource;
  /** Of the pod's spec in the source. */
  readonly path: Path;
  /** The spec as it is written, for whatever has no field here. */
  readonly fields: Fields;
  readonly hostNetwork: boolean;
  readonly hostPID: boolean;
  readonly hostIPC: boolean;
  readonly serviceAccount: string | undefined;
  readonly tolerations: readonly Placed<Toleration>[];
  readonly containers: readonly ContainerFacts[];
  /** Span of what stands at `path` below the pod's spec; of the nearest existing ancestor when there is nothing. */
  at(...path: Path): Span;
  keyAt(...path: Path): Span;
}

export interface Toleration {
  /** Undefined together with operator `Exists` tolerates every taint. */
  readonly key: string | undefined;
  readonly operator: string;
  readonly value: string | undefined;
  /** Undefined: every effect. */
  readonly effect: string | undefined;
}

/** One container of a workload, loosely read: what is absent or of the wrong type counts as not given. */
export interface ContainerFacts {
  readonly pod: PodFacts;
  readonly workload: Workload;
  readonly source: Resource;
  /** Of the container in the source. */
  readonly path: Path;
  /** The container as it is written, for whatever has no field here. */
  readonly fields: Fields;
  readonly name: string;
  /** `sidecar`: an init container that keeps running. */
  readonly role: 'main' | 'init' | 'sidecar';
  readonly image: ImageReference | undefined;
  readonly security: SecurityFacts;
  readonly ports: readonly Placed<PortFacts>[];
  readonly mounts: readonly Placed<MountFacts>[];
  /** Variables with a literal value. */
  readonly environment: ReadonlyMap<string, Placed<string>>;
  /** `command` and `args` joined, each word with its place. */
  readonly argv: readonly Placed<string>[];
  /** Whether `command` is given; if not, `argv` goes to the image's own entry point. */
  readonly hasCommand: boolean;
  readonly resources: { readonly requests: boolean; readonly limits: boolean };
  readonly probes: { readonly liveness: boolean; readonly readiness: boolean; readonly startup: boolean };
  /** Span of what stands at `path` below the container; of the nearest existing ancestor when there is nothing. */
  at(...path: Path): Span;
  keyAt(...path: Path): Span;
}

/** securityContext: of the container, with what the pod's gives where the container says nothing. */
export interface SecurityFacts {
  readonly privileged: boolean;
  readonly allowPrivilegeEscalation: boolean | undefined;
  readonly readOnlyRootFilesystem: boolean;
  readonly runAsNonRoot: boolean;
  readonly runAsUser: number | undefined;
  /** Without a `CAP_` prefix, upper case. */
  readonly addedCapabilities: readonly Placed<string>[];
  readonly droppedCapabilities: readonly Placed<string>[];
  readonly seccompProfile: string | undefined;
}

export interface PortFacts {
  readonly name: string | undefined;
  readonly containerPort: number;
  /** On the node; with hostNetwork every port is one. */
  readonly hostPort: number | undefined;
  readonly protocol: string;
}

export interface MountFacts {
  /** Name of the pod's volume. */
  readonly volume: string;
  readonly mountPath: string;
  readonly subPath: string | undefined;
  /** Its variables are known in the pod alone. */
  readonly subPathExpr: string | undefined;
  readonly readOnly: boolean;
  /** Path on the node, when the volume is a hostPath. */
  readonly hostPath: string | undefined;
}
