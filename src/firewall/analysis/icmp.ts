import type { Family } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import type { Packet } from '../packet.ts';
import type { ConnectionState, Ruleset } from '../ruleset.ts';
import { dropPlace, judge } from './filtering.ts';

/** A message of ICMP that a machine gets, and what comes of its loss. */
export interface IcmpNeed {
  readonly name: string;
  readonly type: number;
  readonly code: number;
  /** What connection tracking calls it. */
  readonly state: ConnectionState;
  readonly consequence: string;
  /** More fails than a check of whether the machine is there. */
  readonly isVital: boolean;
  /** It is sent by machines of the same link alone, with hop limit 255. */
  readonly isOnLink?: true;
}

const need = (
  name: string,
  [type, code]: readonly [number, number],
  state: ConnectionState,
  consequence: string,
  isVital = true,
): IcmpNeed => ({ name, type, code, state, consequence, isVital });

/**
 * RFC 1191 for IPv4; RFC 4890 §4.4.1 for IPv6: "traffic that must not be dropped". Connection tracking leaves neighbour
 * discovery untracked (linux/nf_conntrack_proto_icmpv6.c).
 */
const icmpNeeds: Readonly<Record<Family, readonly IcmpNeed[]>> = {
  4: [
    need('fragmentation-needed', [3, 4], 'RELATED', 'large transfers stall'),
    need('ping', [8, 0], 'NEW', 'nobody sees whether the machine is there', false),
  ],
  6: [
    need('packet-too-big', [2, 0], 'RELATED', 'large transfers stall'),
    { ...need('neighbour solicitation', [135, 0], 'UNTRACKED', 'no IPv6 at all'), isOnLink: true },
    { ...need('neighbour advertisement', [136, 0], 'UNTRACKED', 'no IPv6 at all'), isOnLink: true },
    {
      ...need(
        'router advertisement',
        [134, 0],
        'UNTRACKED',
        'no IPv6 address and no route, where routers tell them',
      ),
      isOnLink: true,
    },
    need('destination unreachable', [1, 0], 'RELATED', 'connections wait for what is not there', false),
    need('ping', [128, 0], 'NEW', 'nobody sees whether the machine is there', false),
  ],
};

/** Returns the messages of ICMP that a machine needs and its rules drop for certain, wherever they come from. */
export function droppedIcmp(ruleset: Ruleset, family: Family): IcmpNeed[] {
  const protocol = family === 4 ? Protocol.Icmp : Protocol.Icmpv6;
  return icmpNeeds[family].filter(({ type, code, state, isOnLink }) => {
    const packet: Partial<Packet> = isOnLink ? { numbers: { 'hop limit': 255 } } : {};
    const verdict = judge(ruleset, { family, protocol, icmpType: type, icmpCode: code, state, ...packet });
    return dropPlace(verdict) !== undefined;
  });
}

/** Returns e.g. `ICMP fragmentation-needed (large transfers stall)`; the name alone of what is not vital. */
export function icmpText({ name, consequence, isVital, type }: IcmpNeed): string {
  return isVital ? `${type === 3 ? 'ICMP' : 'ICMPv6'} ${name} (${consequence})` : name;
}
