import type { Family } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { Protocol, protocolNumber } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import type { OptionRole } from './iptables-options.ts';
import type { Match } from './ruleset.ts';
import { parseAddressRange, parseIcmpType, parseNetwork, parsePortRange } from './values.ts';

/** What an option says of the packet, or what is wrong with it; neither when it may be right and is not understood. */
export interface MatchReading {
  /** Absent besides a fault; also absent without one for what matches every packet. */
  readonly match?: Match;
  readonly fault?: { readonly message: string; readonly help?: string };
  /** It matches every packet. */
  readonly always?: boolean;
}

const tcpFlags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
const states = new Set(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT']);
const addressTypes = new Set(
  'UNSPEC UNICAST LOCAL BROADCAST ANYCAST MULTICAST BLACKHOLE UNREACHABLE PROHIBIT THROW NAT XRESOLVE'.split(
    ' ',
  ),
);

/** Reads one option that is a condition, with its values, for one IP version (iptables-extensions(8)). */
export function readMatch(
  role: OptionRole,
  [value, second]: readonly [value: string, second: string],
  negated: boolean,
  family: Family,
): MatchReading {
  switch (role) {
    case 'protocol':
      return protocol(value, negated);
    case 'source':
    case 'destination':
      return addresses(role, value, negated, family);
    case 'source range':
    case 'destination range': {
      const range = parseAddressRange(value);
      const kind = role === 'source range' ? 'source' : 'destination';
      return orFault(range && { kind, addresses: range, negated }, `${value} is no range of addresses`);
    }
    case 'in':
    case 'out':
      return { match: { kind: role, names: [value], negated } };
    case 'source port':
    case 'destination port':
    case 'either port':
      return ports(role, value, negated);
    case 'state': {
      const named = value.toUpperCase().split(',');
      const match: Match = { kind: 'state', states: new Set(named), negated };
      return orFault(named.every((name) => states.has(name)) ? match : undefined, `bad state ${value}`);
    }
    case 'icmp': {
      const type = parseIcmpType(value.toLowerCase(), family);
      const number = family === 4 ? Protocol.Icmp : Protocol.Icmpv6;
      return type === undefined ? {} : { match: { kind: 'icmp', protocol: number, types: [type], negated } };
    }
    case 'syn':
      return flags('FIN,SYN,RST,ACK', 'SYN', negated);
    case 'tcp flags':
      return flags(value, second, negated);
    case 'source type':
    case 'destination type': {
      const types = value.toUpperCase().split(',');
      const match: Match = { kind: role, types: new Set(types), negated };
      return orFault(types.every((type) => addressTypes.has(type)) ? match : undefined, `bad type ${value}`);
    }
    default:
      return {};
  }
}

function protocol(value: string, negated: boolean): MatchReading {
  const number = value.toLowerCase() === 'all' ? 0 : protocolNumber(value);
  if (number === 0) return { always: true };
  if (number === undefined) {
    return orFault(
      undefined,
      `${value} is no protocol`,
      'write tcp, udp, icmp, or the number of the protocol',
    );
  }
  return { match: { kind: 'protocol', protocols: ProtocolSet.of(number), negated } };
}

/** Names are looked up when the rule is loaded: what they stand for is not known. */
function addresses(
  kind: 'source' | 'destination',
  value: string,
  negated: boolean,
  family: Family,
): MatchReading {
  let all: AddressSet | undefined = AddressSet.empty;
  for (const text of value.split(',')) {
    const network = parseNetwork(text, family);
    all = network && all?.union(network);
  }
  if (all !== undefined) return { match: { kind, addresses: all, negated } };
  return /[/:]/.test(value) || /^[\d.]*$/.test(value)
    ? orFault(undefined, `${value} is no IPv${family} network`)
    : {};
}

function ports(
  kind: 'source port' | 'destination port' | 'either port',
  value: string,
  negated: boolean,
): MatchReading {
  let all: PortSet | undefined = PortSet.empty;
  const items = value.split(',');
  for (const text of items) {
    const range = parsePortRange(text, ':');
    all = range && all?.union(range);
  }
  // A name of /etc/services that is not known here.
  if (all === undefined && items.every((text) => /^[a-z][a-z0-9-]*$/.test(text))) return {};
  const match: Match | undefined = all && { kind, ports: all, negated };
  return orFault(match, `${value} is no port or range of ports`, 'write 22 or 8000:8100');
}

function flags(mask: string, set: string, negated: boolean): MatchReading {
  const read = (text: string): string[] | undefined => {
    if (text === 'ALL') return tcpFlags;
    if (text === 'NONE') return [];
    const named = text.split(',');
    return named.every((flag) => tcpFlags.includes(flag)) ? named : undefined;
  };
  const [masked, up] = [read(mask), read(set)];
  const match: Match | undefined = masked &&
    up && { kind: 'tcp flags', mask: new Set(masked), set: new Set(up), negated };
  return orFault(match, `${mask} ${set} are no TCP flags`);
}

function orFault(match: Match | undefined, message: string, help?: string): MatchReading {
  return match === undefined ? { fault: { message, ...(help !== undefined && { help }) } } : { match };
}
