import { type Address, formatAddress, sameAddress } from '../net/address.ts';
import { prefixContains } from '../net/prefix.ts';
import type { ClusterNode, Inventory, Workload } from './model.ts';
import { workloadName } from './model.ts';

/** One end of a connection. */
export type Endpoint =
  /** A pod of the workload: the one with this address, or any of them. */
  | { readonly kind: 'workload'; readonly workload: Workload; readonly address?: Address }
  /** An address that no declared pod, Service or node has. */
  | { readonly kind: 'external'; readonly address: Address }
  /** The host itself: the kubelet, a process outside pods. Neither field: some node. */
  | { readonly kind: 'node'; readonly node?: ClusterNode; readonly address?: Address };

/** What policies can see of the other end of a connection. */
export interface PeerView {
  readonly text: string;
  /** The pods that selectors are tried on; undefined where selectors never match. */
  readonly pods: Workload | undefined;
  /** An address out of a node's pod network that no manifest knows: selectors may match it. */
  readonly undeclaredPod: boolean;
  /** Whether ipBlocks see a pod here, which network plugins treat differently. */
  readonly isPod: boolean;
  /** It uses one of these; empty when none is known. */
  readonly addresses: readonly Address[];
  /** Indexes of the nodes it may be, for ends that are a node; `anywhere` when not known. */
  readonly nodes: ReadonlySet<number> | 'anywhere' | undefined;
}

/** Returns the end as policies see it. A pod on its host's network is seen as the node. */
export function viewOf(end: Endpoint, { nodes }: Inventory): PeerView {
  const text = endpointText(end);
  const seen = { text, pods: undefined, undeclaredPod: false, isPod: false, nodes: undefined };
  if (end.kind === 'node') {
    const { node, address } = end;
    const addresses = address === undefined ? (node?.addresses ?? []) : [address];
    return { ...seen, addresses, nodes: node === undefined ? 'anywhere' : new Set([node.index]) };
  }
  if (end.kind === 'external') {
    const { address } = end;
    const isPod = nodes.some(({ podNetworks }) => podNetworks.some((net) => prefixContains(net, address)));
    return { ...seen, undeclaredPod: isPod, isPod, addresses: [address] };
  }
  const { workload, address } = end;
  const own = address === undefined ? addressesOf(workload) : [address];
  if (!workload.hostNetwork) return { ...seen, pods: workload, isPod: true, addresses: own };
  const on = nodesOf(end);
  const ofNodes = on === 'anywhere' ? [] : [...on].flatMap((index) => nodes[index]?.addresses ?? []);
  return { ...seen, addresses: own.length > 0 ? own : ofNodes, nodes: on };
}

/** Returns the indexes of the nodes that the pods of a workload endpoint run on; `anywhere` when one is not known. */
export function nodesOf(end: Extract<Endpoint, { kind: 'workload' }>): ReadonlySet<number> | 'anywhere' {
  const { workload, address } = end;
  const pods = workload.pods.filter(({ addresses }) => {
    return address === undefined || addresses.some((own) => sameAddress(own, address));
  });
  const nodes = new Set<number>();
  for (const { node } of pods) {
    if (node === undefined) return 'anywhere';
    nodes.add(node);
  }
  return nodes.size === 0 ? 'anywhere' : nodes;
}

/** Returns the addresses of all pods of the workload. */
export function addressesOf({ pods }: Workload): Address[] {
  return pods.flatMap(({ addresses }) => addresses);
}

/** Returns e.g. `shop/api`, `shop/api (10.42.0.7)`, `198.51.100.7`, `node edge-1`. */
export function endpointText(end: Endpoint): string {
  const address = end.address === undefined ? undefined : formatAddress(end.address);
  if (end.kind === 'external') return address as string;
  if (end.kind === 'node') {
    const name = end.node?.name ?? address;
    return name === undefined ? 'a node' : `node ${name}`;
  }
  const name = workloadName(end.workload);
  return address === undefined ? name : `${name} (${address})`;
}
