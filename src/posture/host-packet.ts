import type { Packet } from '../firewall/packet.ts';
import type { Address, Family } from '../net/address.ts';
import { type Endpoint, nodesOf, viewOf } from '../segmentation/endpoint.ts';
import type { ClusterNode } from '../segmentation/model.ts';
import { shareNode } from '../segmentation/segmentation.ts';
import { Ternary } from '../segmentation/ternary.ts';
import type { Declared } from './posture.ts';
import type { Question } from './question.ts';
import { readTunnels, tunnelsTo } from './tunnels.ts';

/** One passage of a connection through a machine's packet filter. */
export interface Passage {
  readonly direction: 'egress' | 'ingress';
  readonly packet: Packet;
  /** The machine, when it is known. */
  readonly node: ClusterNode | undefined;
}

/** Tells whether an end is a machine itself: a node, or a pod on its host's network. */
export function isHost(end: Endpoint): boolean {
  return end.kind === 'node' || (end.kind === 'workload' && end.workload.hostNetwork);
}

/**
 * Returns where the connection passes packet filters of machines: OUTPUT of the source's, FORWARD on the way to or from
 * a pod, INPUT of the destination's (netfilter hooks, netfilter.org). The ports of Services on nodes are sent on to a pod
 * before INPUT is met.
 */
export function passages(question: Question, declared: Declared): Passage[] {
  const { source, destination, protocol, port } = question;
  const same = sameHost(source, destination);
  const [from, to] = addressesOf(question, declared);
  const packet = {
    family: from?.family ?? to?.family ?? familyOf(declared),
    protocol,
    state: 'NEW',
    port,
    ...(from !== undefined && { source: from }),
    ...(to !== undefined && { destination: to }),
  } as const;
  const found: Passage[] = [];
  if (isHost(source)) {
    found.push({
      direction: 'egress',
      packet: { ...packet, chain: 'OUTPUT', ...(same !== undefined && { returns: same }) },
      node: nodeOf(source, declared),
    });
  }
  const inInterface = tunnelInterface(source, declared);
  const arrives = { ...packet, ...(inInterface !== undefined && { inInterface }) };
  if (isHost(destination)) {
    const local = isHost(source) ? same : false;
    const input: Packet = { ...arrives, chain: 'INPUT', ...(local !== undefined && { local }) };
    found.push({ direction: 'ingress', packet: input, node: nodeOf(destination, declared) });
  } else if (destination.kind === 'workload' || source.kind === 'workload') {
    const pod = destination.kind === 'workload' ? destination : source;
    const direction = destination.kind === 'workload' ? 'ingress' : 'egress';
    const outward = isHost(source) && destination.kind !== 'workload';
    const forward: Packet = { ...arrives, chain: 'FORWARD', local: false };
    // From a machine to its own pods a packet passes OUTPUT alone.
    if (!outward && !(isHost(source) && same === true)) {
      found.push({ direction, packet: forward, node: nodeOf(pod, declared) });
    }
  }
  return found;
}

/** Whether both ends are certain to be, or not to be, on one machine. */
export function sameHost(source: Endpoint, destination: Endpoint): boolean | undefined {
  if (source.kind === 'external' || destination.kind === 'external') return false;
  const shared = shareNode(machinesOf(source), machinesOf(destination));
  return shared === Ternary.Maybe ? undefined : shared === Ternary.Yes;
}

function machinesOf(end: Exclude<Endpoint, { kind: 'external' }>): ReadonlySet<number> | 'anywhere' {
  if (end.kind === 'workload') return nodesOf(end);
  return end.node === undefined ? 'anywhere' : new Set([end.node.index]);
}

/** Returns the machine that an end is on, where it is known to be one. */
export function nodeOf(end: Endpoint, { inventory }: Declared): ClusterNode | undefined {
  if (end.kind === 'external') return undefined;
  const machines = machinesOf(end);
  const [only] = machines === 'anywhere' || machines.size !== 1 ? [] : machines;
  return only === undefined ? undefined : inventory.nodes[only];
}

/** The addresses of both ends, of one family, as far as each has but one. */
function addressesOf({ source, destination }: Question, { inventory }: Declared): (Address | undefined)[] {
  const [from, to] = [source, destination].map((end) => viewOf(end, inventory).addresses);
  const family =
    (from?.length === 1 ? from[0] : undefined)?.family ?? (to?.length === 1 ? to[0] : undefined)?.family;
  return [from, to].map((addresses = []) => {
    const [first, second] = addresses.filter((one) => family === undefined || one.family === family);
    return second === undefined ? first : undefined;
  });
}

/** The IP version of the cluster, when the ends do not tell: that of its first machine's address, else 4. */
function familyOf({ inventory }: Declared): Family {
  return inventory.nodes[0]?.addresses[0]?.family ?? 4;
}

/** Packets from behind a tunnel that ends on the machine come in by its interface. */
function tunnelInterface(source: Endpoint, { controls }: Declared): string | undefined {
  if (source.kind !== 'external') return undefined;
  const [hit, ...others] = tunnelsTo(
    readTunnels(controls).filter(({ onHost }) => onHost),
    source.address,
  );
  return others.length === 0 ? hit?.tunnel.interfaceName : undefined;
}
