import type { Path, Resource } from '../manifest/resource.ts';
import type { Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { Labels } from './label-selector.ts';

/** A namespace that is declared, or merely used by another object. */
export interface Namespace {
  readonly index: number;
  readonly name: string;
  readonly labels: Labels;
  /** Absent when no manifest declares it: then only `kubernetes.io/metadata.name` is known of its labels. */
  readonly source?: Resource;
}

/** A machine of the cluster, as far as Node objects and the status of pods tell. */
export interface ClusterNode {
  readonly index: number;
  /** Undefined when only its address is known. */
  readonly name: string | undefined;
  readonly addresses: readonly Address[];
  /** Labels of the Node object; nothing is known of them when none is declared. */
  readonly labels: Labels;
  /** The addresses it gives to pods (`spec.podCIDRs`). */
  readonly podNetworks: readonly Prefix[];
}

/** A running pod of a workload. */
export interface PodInstance {
  readonly name: string;
  readonly addresses: readonly Address[];
  /** Index of its node, when known. */
  readonly node: number | undefined;
}

/** A port that a container names. */
export interface ContainerPort {
  readonly name: string | undefined;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
}

/** Pods that are alike: a bare Pod, or the pods of one workload object. */
export interface Workload {
  readonly index: number;
  readonly kind: string;
  readonly namespace: Namespace;
  readonly name: string;
  /** Labels of the pods, not of the workload object. */
  readonly labels: Labels;
  readonly annotations: ReadonlyMap<string, string>;
  readonly pods: readonly PodInstance[];
  /** True for a Pod object: source and destination in it are one and the same pod. */
  readonly single: boolean;
  readonly hostNetwork: boolean;
  /** Succeeded or Failed: it has given its address back. */
  readonly finished: boolean;
  readonly ports: readonly ContainerPort[];
  readonly source: Resource;
  /** Where the pod (metadata and spec) stands in the source: empty for a Pod. */
  readonly podPath: Path;
}

/** A way into pods: a Service with an address or port of its own. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Cluster IPs and load balancer addresses. */
  readonly addresses: readonly Address[];
  readonly ports: readonly ServicePort[];
  /** Pods behind it; undefined when the Service has no selector, so that its endpoints are not in the manifests. */
  readonly backends: readonly Workload[] | undefined;
  /** Workloads that are or are not behind it, depending on labels that no manifest tells. */
  readonly uncertainBackends: readonly Workload[];
  /** Whether clients from outside keep their address on the way to the pod (`externalTrafficPolicy: Local`). */
  readonly keepsClientAddress: boolean;
  /** Addresses at which every node takes connections for it (`externalIPs`). */
  readonly externalAddresses: readonly Address[];
  /** Whether clients inside the cluster reach pods of their own node only (`internalTrafficPolicy: Local`). */
  readonly nodeLocal: boolean;
  /** Whom the load balancer lets in; undefined when anyone. Texts that are no range are left out. */
  readonly balancerSources: readonly Prefix[] | undefined;
  readonly source: Resource;
}

export interface ServicePort {
  readonly name: string | undefined;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
  /** A number or the name of a container port. */
  readonly targetPort: number | string;
  readonly nodePort: number | undefined;
}

/** Everything that can be an end of a connection, out of one set of manifests. */
export interface Inventory {
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly ClusterNode[];
  readonly workloads: readonly Workload[];
  readonly services: readonly Service[];
}

/** Returns `namespace/name`. */
export function workloadName(workload: Workload): string {
  return `${workload.namespace.name}/${workload.name}`;
}

/**
 * Returns the numbers that a port name stands for on the pods of a workload; empty when no container has the name
 * for this protocol (an IP protocol number).
 */
export function namedPorts(workload: Workload, name: string, protocol: number): number[] {
  const numbers = workload.ports
    .filter((port) => port.name === name && port.protocol === protocol)
    .map(({ port }) => port);
  return [...new Set(numbers)];
}
