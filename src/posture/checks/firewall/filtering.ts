import { type AcceptedPorts, acceptedPorts } from '../../../firewall/accepted-ports.ts';
import type { Packet } from '../../../firewall/packet.ts';
import { judgePacket, type PacketVerdict } from '../../../firewall/simulate.ts';
import type { Range } from '../../../manifest/locations.ts';
import type { Family } from '../../../net/address.ts';
import { PortSet } from '../../../net/port-set.ts';
import { Protocol } from '../../../net/protocol.ts';
import type { HostFirewall } from '../../host-firewall.ts';
import type { Declared } from '../../posture.ts';

/** A chain that drops most of what comes, and where it does. */
export interface Filter {
  readonly tcp: AcceptedPorts;
  readonly udp: AcceptedPorts;
  /** The rule or policy that drops the rest. */
  readonly at: Range;
}

/** Returns the IP version in which the machines speak to each other: of the first one's address, 4 when none is told. */
export function familyOf({ inventory }: Declared): Family {
  return inventory.nodes[0]?.addresses[0]?.family ?? 4;
}

/**
 * Returns what a firewall does with new connections from other machines, when it drops most of them for certain; undefined
 * when it leaves the chain open or is not understood.
 */
export function filterOf(
  firewall: HostFirewall,
  family: Family,
  chain: Packet['chain'] = 'INPUT',
): Filter | undefined {
  const ask = (protocol: number) =>
    acceptedPorts(firewall.ruleset, { family, chain, protocol, local: false });
  const tcp = ask(Protocol.Tcp);
  const dropped = PortSet.all.subtract(tcp.possible);
  const [first] = dropped.ranges();
  if (first === undefined || dropped.size < PortSet.all.size / 2) return undefined;
  const at = dropPlace(judge(firewall, { family, chain, protocol: Protocol.Tcp, port: first.from }));
  return at && { tcp, udp: ask(Protocol.Udp), at };
}

/** Returns what becomes of a packet from another machine; a new connection to INPUT unless `packet` says otherwise. */
export function judge(
  { ruleset }: HostFirewall,
  packet: Partial<Packet> & Pick<Packet, 'family' | 'protocol'>,
): PacketVerdict {
  return judgePacket(ruleset, { chain: 'INPUT', state: 'NEW', local: false, ...packet });
}

/** Returns the rule, policy or chain that drops a packet. */
export function dropPlace({ outcome, step }: PacketVerdict): Range | undefined {
  if (outcome !== 'deny' || step === undefined) return undefined;
  return step.rule?.at ?? step.chain.policy?.at ?? step.chain.at;
}

/** Returns whether the text that the firewall is made of calls nft, not iptables. */
export function usesNft({ ruleset }: HostFirewall): boolean {
  return ruleset.tables.some(({ backend }) => backend === 'nft');
}
