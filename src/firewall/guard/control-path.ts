import type { Packet } from '../packet.ts';

/** What a change of a packet filter may cut that a machine is managed by or lives on. */
export const risks = {
  ssh: 'ssh to this machine: the connection that the change comes through, and new ones from where it comes',
  'kubernetes-api': 'the API server of Kubernetes, served here or used from here (port 6443)',
  kubelet: 'the kubelet, which the API server calls (port 10250)',
  dns: 'name servers that this machine asks',
  dhcp: 'the DHCP client, by which this machine has its address',
  wireguard: 'tunnels of WireGuard',
  overlay: 'tunnels between nodes of a cluster: VXLAN and Geneve (UDP 4789, 6081, 8472)',
  established: 'connections that are open',
  loopback: 'programs of this machine among each other',
  forwarding: 'what this machine passes on for pods and containers',
  'neighbour-discovery': 'neighbour discovery of IPv6, without which there is no IPv6',
  'path-mtu': 'messages that a packet is too big, without which large packets vanish',
  agent: 'the page, API and metrics of Picket',
} as const;

/** Name of a risk, as it is refused and accepted by. */
export type RiskName = keyof typeof risks;

/** One kind of packet that has to go on. */
export interface ControlPath {
  readonly risk: RiskName;
  /** What it is, e.g. `ssh from 203.0.113.7`. */
  readonly title: string;
  readonly packet: Packet;
  /**
   * It stands for many packets, with what they differ in unsaid: rules that let some of them pass are meant to, and
   * only the loss of all of them is a cut.
   */
  readonly standsForMany?: true;
}
