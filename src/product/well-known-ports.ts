/** A port that a node, or what runs on it, needs from outside itself. */
export interface NodePortFact {
  readonly protocol: 'TCP' | 'UDP';
  readonly first: number;
  readonly last: number;
  /** What listens there, e.g. `kubelet`. */
  readonly service: string;
  /** Which machines have it. */
  readonly on: 'every node' | 'control plane' | 'depends';
  /** What stops working when a host firewall drops it. */
  readonly consequence: string;
  /** Who connects. */
  readonly from: 'cluster' | 'anyone' | 'monitoring' | 'network';
}

const fact = (
  protocol: NodePortFact['protocol'],
  [first, last]: readonly [number, number],
  service: string,
  on: NodePortFact['on'],
  from: NodePortFact['from'],
  consequence: string,
): NodePortFact => ({ protocol, first, last, service, on, from, consequence });

const one = (port: number) => [port, port] as const;

/**
 * Ports that a host firewall must not cut without knowing (Kubernetes documentation, ports and protocols; the network
 * plugins' own documentation; IANA). Those with `on: 'depends'` matter where the thing is used.
 */
export const nodePorts: readonly NodePortFact[] = [
  fact('TCP', one(22), 'SSH', 'every node', 'anyone', 'nobody can log in to mend the machine'),
  fact('TCP', one(10250), 'kubelet', 'every node', 'cluster', 'logs, exec and metrics of pods fail'),
  fact('TCP', one(6443), 'API server', 'control plane', 'cluster', 'nodes lose the control plane'),
  fact('TCP', [2379, 2380], 'etcd', 'control plane', 'cluster', 'the control plane loses its quorum'),
  fact('TCP', one(10257), 'controller manager', 'control plane', 'monitoring', 'its metrics are lost'),
  fact('TCP', one(10259), 'scheduler', 'control plane', 'monitoring', 'its metrics are lost'),
  fact(
    'UDP',
    one(8472),
    'VXLAN (Flannel, Cilium)',
    'depends',
    'cluster',
    'pods of different nodes cannot talk',
  ),
  fact('UDP', one(4789), 'VXLAN (Calico)', 'depends', 'cluster', 'pods of different nodes cannot talk'),
  fact('UDP', one(6081), 'Geneve (OVN)', 'depends', 'cluster', 'pods of different nodes cannot talk'),
  fact('TCP', one(179), 'BGP (Calico)', 'depends', 'network', 'routes to pods are withdrawn'),
  fact('TCP', one(5473), 'Calico Typha', 'depends', 'cluster', 'nodes get no policies'),
  fact('TCP', one(4240), 'Cilium health', 'depends', 'cluster', 'nodes count as unreachable'),
  fact('TCP', one(53), 'node-local DNS', 'depends', 'cluster', 'pods of the node cannot resolve names'),
  fact('UDP', one(53), 'node-local DNS', 'depends', 'cluster', 'pods of the node cannot resolve names'),
  fact(
    'UDP',
    one(68),
    'DHCP client',
    'depends',
    'network',
    'the machine loses its address at the next renewal',
  ),
  fact('UDP', one(67), 'DHCP server', 'depends', 'network', 'machines behind it get no addresses'),
  fact('UDP', one(546), 'DHCPv6 client', 'depends', 'network', 'the machine loses its IPv6 address'),
  fact(
    'TCP',
    [30000, 32767],
    'NodePort Services',
    'every node',
    'anyone',
    'Services with a node port are cut off',
  ),
  fact(
    'UDP',
    [30000, 32767],
    'NodePort Services',
    'every node',
    'anyone',
    'Services with a node port are cut off',
  ),
  fact('TCP', one(80), 'ingress HTTP', 'depends', 'anyone', 'web traffic from outside fails'),
  fact('TCP', one(443), 'ingress HTTPS', 'depends', 'anyone', 'web traffic from outside fails'),
  fact('TCP', one(9100), 'node exporter', 'depends', 'monitoring', 'metrics of the machine are lost'),
  fact('TCP', one(9090), 'Prometheus', 'depends', 'monitoring', 'queries to Prometheus fail'),
  fact(
    'TCP',
    one(7946),
    'MetalLB members',
    'depends',
    'cluster',
    'failover of load balancer addresses fails',
  ),
  fact(
    'UDP',
    one(7946),
    'MetalLB members',
    'depends',
    'cluster',
    'failover of load balancer addresses fails',
  ),
  fact('UDP', one(51820), 'WireGuard', 'depends', 'anyone', 'the tunnel has no handshake from outside'),
  fact('UDP', one(123), 'NTP server', 'depends', 'network', 'machines that ask it lose the time'),
];

/** The default NodePort range (kube-apiserver `--service-node-port-range`). */
export const nodePortRange = { first: 30000, last: 32767 } as const;

/**
 * Returns what needs the ports from `first` to `last` of a protocol on a node.
 */
export function neededOn(protocol: 'TCP' | 'UDP', first: number, last: number): NodePortFact[] {
  return nodePorts.filter((one) => one.protocol === protocol && one.first <= last && first <= one.last);
}
