import type { Family } from '../../net/address.ts';
import { addressBits } from '../../net/address.ts';
import type { Packet } from '../packet.ts';
import type { ConnectionStatus, Match, NumberField, PacketType, Ruleset } from '../ruleset.ts';
import { InterfaceNames } from './names.ts';

/** What of a packet a rule may ask for. */
export type Field =
  | 'protocol'
  | 'state'
  | 'in'
  | 'out'
  | 'source'
  | 'destination'
  | 'source port'
  | 'destination port'
  | 'icmp type'
  | 'icmp code'
  | 'tcp flags'
  | 'direction'
  | 'status'
  | 'fragment'
  | 'hardware source'
  | 'packet type'
  | NumberField
  | 'original source'
  | 'original destination'
  | 'original source port'
  | 'original destination port';

/** The order in which diagrams ask for fields; measured in bench/firewall-diagram.ts. */
export const fieldOrder: readonly Field[] = [
  ...([
    'protocol',
    'source',
    'destination',
    'destination port',
    'state',
    'in',
    'out',
    'source port',
  ] as const),
  ...(['icmp type', 'icmp code', 'tcp flags', 'fragment', 'packet type', 'hardware source'] as const),
  ...(['mark', 'connection mark', 'direction', 'status'] as const),
  ...([
    'original destination port',
    'original destination',
    'original source',
    'original source port',
  ] as const),
  ...(['length', 'hop limit', 'dscp', 'priority'] as const),
];

export const states = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const;
export const statuses: readonly ConnectionStatus[] = [
  ...(['expected', 'seen-reply', 'assured', 'confirmed', 'snat', 'dnat'] as const),
];
export const packetTypes: readonly PacketType[] = ['unicast', 'broadcast', 'multicast'];
export const tcpFlags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
export const numberFields: readonly NumberField[] = [
  ...(['mark', 'connection mark', 'length', 'hop limit', 'dscp', 'priority'] as const),
];

/** The packets that are asked about: one IP version, on one way through the machine. */
export interface Path {
  readonly family: Family;
  readonly chain: Packet['chain'];
}

/** What rulesets name, for which a packet has a number. */
export interface Named {
  readonly interfaces: InterfaceNames;
  /** Patterns of interfaces, as they are written. */
  readonly patterns: readonly string[];
  /** Ethernet addresses, and at the end one that nobody names. */
  readonly hardware: readonly string[];
}

/** Returns the names that the rules of all the sets know. */
export function namesIn(rulesets: readonly Ruleset[]): Named {
  const patterns = new Set<string>(['lo']);
  const hardware = new Set<string>();
  for (const match of matchesIn(rulesets)) {
    if (match.kind === 'in' || match.kind === 'out') for (const name of match.names) patterns.add(name);
    if (match.kind === 'hardware source') for (const one of match.addresses) hardware.add(one);
  }
  const other = Array.from({ length: hardware.size + 1 }, (_, number) => {
    const text = number.toString(16).padStart(6, '0');
    return `02:00:5e:${text.slice(0, 2)}:${text.slice(2, 4)}:${text.slice(4)}`;
  }).find((one) => !hardware.has(one))!;
  return {
    interfaces: new InterfaceNames(patterns),
    patterns: [...patterns],
    hardware: [...hardware, other],
  };
}

function* matchesIn(rulesets: readonly Ruleset[]): Generator<Match> {
  for (const { tables } of rulesets)
    for (const { chains } of tables)
      for (const { rules } of chains.values())
        for (const { matches, target } of rules) {
          yield* flat(matches);
          for (const one of target.cases ?? []) yield* flat(one.matches);
        }
}

function* flat(matches: readonly Match[]): Generator<Match> {
  for (const match of matches) {
    yield match;
    if (match.kind === 'any of') for (const one of match.alternatives) yield* flat(one);
  }
}

/** Returns how many bits a field takes. */
export function widthOf(field: Field, { family }: Path, { interfaces, hardware }: Named): number {
  switch (field) {
    case 'source':
    case 'destination':
    case 'original source':
    case 'original destination':
      return addressBits(family);
    case 'in':
    case 'out':
      return interfaces.width;
    case 'hardware source':
      return Math.max(1, Math.ceil(Math.log2(hardware.length)));
    default:
      return widths[field];
  }
}

const widths = {
  protocol: 8,
  state: 3,
  'source port': 16,
  'destination port': 16,
  'original source port': 16,
  'original destination port': 16,
  'icmp type': 8,
  'icmp code': 8,
  'tcp flags': tcpFlags.length,
  direction: 1,
  status: statuses.length,
  fragment: 1,
  'packet type': 2,
  mark: 32,
  'connection mark': 32,
  length: 16,
  'hop limit': 8,
  dscp: 6,
  priority: 32,
} as const;
