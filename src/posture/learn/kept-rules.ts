import type { Direction } from '../../flow/verdict.ts';
import { parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { PortSet } from '../../net/port-set.ts';
import { istio } from '../../product/istio.ts';
import type { MeshMode } from '../../segmentation/mesh/membership.ts';
import type { Workload } from '../../segmentation/model.ts';
import type { PortsOf } from '../diff/transitions.ts';
import type { ProposedPeer, ProposedRule } from './model.ts';

const probes = AddressSet.of(parseAddress(istio.ambientProbeAddress)!);
const dnsNamespace = 'kube-system';
const dnsLabels: ReadonlyMap<string, string> = new Map([['k8s-app', 'kube-dns']]);
const dnsPorts: readonly PortsOf[] = [
  { protocol: 'TCP', ports: PortSet.of(53) },
  { protocol: 'UDP', ports: PortSet.of(53) },
];

/** Whether these are the pods that every workload may ask for names. */
export function isClusterDns({ namespace, labels }: Workload): boolean {
  return (
    namespace.name === dnsNamespace && [...dnsLabels].every(([key, value]) => labels.known.get(key) === value)
  );
}

/** Returns the rules that a pod needs whatever was observed: DNS, and what the mesh it is in works by. */
export function keptRules(direction: Direction, mode: MeshMode): ProposedRule[] {
  if (direction === 'ingress') {
    if (mode !== 'ambient') return [];
    const comment = 'kubelet probes of ambient pods';
    return [{ peers: [{ kind: 'addresses', range: probes, comment }], ports: [] }];
  }
  const dns: ProposedPeer = {
    kind: 'pods',
    namespace: dnsNamespace,
    labels: dnsLabels,
    comment: 'cluster DNS',
  };
  const rules: ProposedRule[] = [{ peers: [dns], ports: dnsPorts }];
  if (mode === 'sidecar' || mode === 'gateway') {
    const labels = new Map([['app', 'istiod']]);
    const comment = 'certificates and configuration of the proxy';
    const peers: ProposedPeer[] = [{ kind: 'pods', namespace: istio.rootNamespace, labels, comment }];
    rules.push({ peers, ports: [{ protocol: 'TCP', ports: PortSet.of(istio.discoveryPort) }] });
  }
  return rules;
}
