import type { Range } from '../../manifest/locations.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { Protocol } from '../../net/protocol.ts';
import { type AcceptedPorts, acceptedPorts } from '../accepted-ports.ts';
import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import { judgePacket, type PacketVerdict } from '../simulate.ts';

/** A chain that drops most of what comes, and where it does. */
export interface Filter {
  readonly tcp: AcceptedPorts;
  readonly udp: AcceptedPorts;
  /** The rule or policy that drops the rest. */
  readonly at: Range;
}

/**
 * Returns what a firewall does with new connections from other machines, when it drops most of them for certain; undefined
 * when it leaves the chain open or is not understood.
 */
export function filterOf(
  ruleset: Ruleset,
  family: Family,
  chain: Packet['chain'] = 'INPUT',
): Filter | undefined {
  const ask = (protocol: number) => acceptedPorts(ruleset, { family, chain, protocol, local: false });
  const tcp = ask(Protocol.Tcp);
  const dropped = PortSet.all.subtract(tcp.possible);
  const [first] = dropped.ranges();
  if (first === undefined || dropped.size < PortSet.all.size / 2) return undefined;
  const at = dropPlace(judge(ruleset, { family, chain, protocol: Protocol.Tcp, port: first.from }));
  return at && { tcp, udp: ask(Protocol.Udp), at };
}

/** Returns what becomes of a packet from another machine; a new connection to INPUT unless `packet` says otherwise. */
export function judge(
  ruleset: Ruleset,
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
export function usesNft({ tables }: Ruleset): boolean {
  return tables.some(({ backend }) => backend === 'nft');
}
