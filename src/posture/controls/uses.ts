import type { Span } from '../../diagnostic/diagnostic.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { ContainerFacts, PodFacts } from './container-facts.ts';
import type { DataKey, DataObject } from './data-object.ts';

/** One place where a manifest refers to a ConfigMap or Secret. */
export interface ObjectUse {
  readonly how:
    | 'volume'
    | 'projected'
    | 'env'
    | 'envFrom'
    | 'imagePullSecret'
    /** A flag of a program, e.g. `--configmap=ns/name`: read through the cluster's API. */
    | 'flag'
    /** Ingress, Gateway or ServiceAccount. */
    | 'reference';
  readonly kind: DataObject['kind'];
  readonly namespace: string;
  readonly name: string;
  /** Undefined when the set has no such object. */
  readonly object: DataObject | undefined;
  /** The only key that is used; undefined for all of them. */
  readonly key: string | undefined;
  /** Whether the pod starts without it. */
  readonly optional: boolean;
  /** The object that refers to it. */
  readonly source: Resource;
  /** Undefined when no workload refers to it. */
  readonly pod: PodFacts | undefined;
  /** Undefined when it is used by the pod as a whole (volumes: see {@link MountedFile} for the containers). */
  readonly container: ContainerFacts | undefined;
  /** Of the name. */
  readonly span: Span;
}

/** One key of a ConfigMap or Secret as a file in a container. */
export interface MountedFile {
  readonly container: ContainerFacts;
  /** Full path in the container. */
  readonly path: string;
  /** Directory or file at which the volume is mounted. */
  readonly mountPath: string;
  readonly key: DataKey;
  /** Mounted by subPath: the file never follows changes of the object (Kubernetes, volumes, `subPath`). */
  readonly subPath: boolean;
  /** Permission bits; 0o644 when no manifest says otherwise. */
  readonly mode: number;
  /** Of the volume mount. */
  readonly span: Span;
  /** Of the volume in the pod's spec. */
  readonly volumeSpan: Span;
}

/** Finds an object of the set. */
export type FindObject = (
  kind: DataObject['kind'],
  namespace: string,
  name: string,
) => DataObject | undefined;
