import type { Family } from '../net/address.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { stateField, statusField, tcpFlagsField } from './nft-bit-fields.ts';
import {
  addressField,
  familyField,
  icmpField,
  type NftField,
  nameField,
  numberField,
  opaqueField,
  portField,
  protocolField,
} from './nft-field.ts';
import { parseWord } from './nft-numbers.ts';
import type { Match, PacketType } from './ruleset.ts';

/** Transport protocols that expressions begin with (nft(8), PAYLOAD EXPRESSIONS). */
const transports: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  dccp: 33,
  udplite: 136,
  icmp: 1,
  icmpv6: 58,
  igmp: 2,
  esp: 50,
  ah: 51,
  comp: 108,
};

/** Keys of `meta` that stand without it (nft(8), META EXPRESSIONS). */
export const bareKeys: ReadonlySet<string> = new Set(
  'iif iifname iiftype iifgroup oif oifname oiftype oifgroup mark skuid skgid rtclassid cgroup pkttype cpu hour time day'
    .split(' ')
    .concat('ibrname', 'obrname', 'ibriport', 'obriport', 'iifkind', 'oifkind', 'sdif', 'sdifname'),
);

const varying = new Set(
  ['meta skuid', 'meta skgid', 'meta cgroup', 'meta cpu', 'meta hour', 'meta time', 'meta day'].concat([
    'meta random',
    'ct expiration',
    'ct bytes',
    'ct packets',
    'ct avgpkt',
    'ct id',
  ]),
);

/**
 * Returns what an expression asks for, by its words: `['tcp', 'dport']`, `['ct', 'original', 'ip', 'saddr']`; bare keys of
 * `meta` come with it. What is not modelled is a field of its own, whose conditions are opaque.
 */
export function fieldOf(words: readonly string[]): NftField {
  const text = words.join(' ');
  const [head = '', key = ''] = words;
  if (Object.hasOwn(plain, text)) return plain[text]!();
  const implied = impliedBy(head);
  if ((key === 'sport' || key === 'dport') && words.length === 2 && (head === 'th' || implied.length > 0))
    return portField(text, implied, key === 'sport' ? 'source port' : 'destination port', head === 'th');
  const counts = /^ct (?:original |reply )?(?:bytes|packets|avgpkt)$/.test(text);
  return opaqueField(text, implied, counts || varying.has(text) || /^(?:numgen|socket)\b/.test(text));
}

function impliedBy(head: string): Match[] {
  const family = head === 'ip' || head === 'icmp' || head === 'igmp' ? 4 : undefined;
  const six = head === 'ip6' || head === 'icmpv6' ? 6 : undefined;
  const protocol = Object.hasOwn(transports, head) ? transports[head] : undefined;
  return [...ofFamily(family ?? six), ...(protocol === undefined ? [] : [ofProtocol(protocol)])];
}

function ofFamily(family: Family | undefined): Match[] {
  return family === undefined ? [] : [{ kind: 'family', family, negated: false }];
}

function ofProtocol(number: number): Match {
  return { kind: 'protocol', protocols: ProtocolSet.of(number), negated: false };
}

const versions = { ipv4: 4, ipv6: 6, 2: 4, 10: 6 } as const;
const etherTypes = {
  ip: 4,
  ip6: 6,
  '0x0800': 4,
  '0x86dd': 6,
  arp: 'none',
  '0x0806': 'none',
} as const;
const packetTypes: Readonly<Record<string, PacketType>> = {
  host: 'unicast',
  unicast: 'unicast',
  broadcast: 'broadcast',
  multicast: 'multicast',
  0: 'unicast',
  1: 'broadcast',
  2: 'multicast',
};
/** By number (linux/rtnetlink.h). */
const addressTypes = ['UNSPEC', 'UNICAST', 'LOCAL', 'BROADCAST', 'ANYCAST', 'MULTICAST'].concat([
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
]);
/** Codes by name (nft describe icmp_code, icmpv6_code). */
const icmpCodes = {
  'net-unreachable': 0,
  'host-unreachable': 1,
  'prot-unreachable': 2,
  'port-unreachable': 3,
  'frag-needed': 4,
  'net-prohibited': 9,
  'host-prohibited': 10,
  'admin-prohibited': 13,
};
const icmpv6Codes = {
  'no-route': 0,
  'admin-prohibited': 1,
  'addr-unreachable': 3,
  'port-unreachable': 4,
  'policy-fail': 5,
  'reject-route': 6,
};

/** Returns the number of a DSCP name or number (RFC 2474, 2597, 3246, 5865), or undefined. */
export function parseDscp(text: string): number | undefined {
  const named: Readonly<Record<string, number>> = { be: 0, ef: 46, va: 44, lephb: 1, le: 1 };
  const name = text.toLowerCase();
  if (Object.hasOwn(named, name)) return named[name];
  const [, selector, assured, drop] = /^(?:cs([0-7])|af([1-4])([1-3]))$/.exec(name) ?? [];
  if (selector !== undefined) return Number(selector) * 8;
  if (assured !== undefined) return Number(assured) * 8 + Number(drop) * 2;
  const value = parseWord(text);
  return value !== undefined && value < 64 ? value : undefined;
}

/** Returns the number of `1:20` (hexadecimal, as tc writes classes), `none`, `root` or a number; undefined for others. */
function parsePriority(text: string): number | undefined {
  if (text === 'none') return 0;
  if (text === 'root') return 0xffffffff;
  const [, major, minor] = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i.exec(text) ?? [];
  if (major === undefined) return parseWord(text);
  return ((Number.parseInt(major || '0', 16) << 16) | Number.parseInt(minor || '0', 16)) >>> 0;
}

function interfaceField(text: string, kind: 'in' | 'out', isIndex: boolean): NftField {
  return {
    text,
    implied: [],
    read: (name) => {
      if (name === '' || name.startsWith('$') || (isIndex && /^\d+$/.test(name))) return undefined;
      return name.endsWith('\\*') ? `${name.slice(0, -2)}*` : name.replace(/\*$/, '+');
    },
    oneOf: (names) => ({ kind, names: names as string[], negated: false }),
  };
}

function typeField(text: string, kind: 'source type' | 'destination type'): NftField {
  const known = (name: string) => {
    const upper = name.toUpperCase();
    return addressTypes.includes(upper) ? upper : addressTypes[parseWord(name) ?? -1];
  };
  return nameField(text, [], known, (types) => ({ kind, types, negated: false }));
}

const hardware = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const v4 = ofFamily(4);
const v6 = ofFamily(6);

/** Fields that are modelled, by their words. */
const plain: Readonly<Record<string, () => NftField>> = {
  'ct state': stateField,
  'ct status': statusField,
  'ct mark': () => numberField('ct mark', [], 'connection mark'),
  'ct direction': () =>
    nameField(
      'ct direction',
      [],
      (name) => ({ original: 'original', reply: 'reply', 0: 'original', 1: 'reply' })[name],
      (names) =>
        names.size === 1
          ? { kind: 'direction', direction: [...names][0] as 'original' | 'reply', negated: false }
          : { kind: 'any of', alternatives: names.size === 0 ? [] : [[]], negated: false },
    ),
  'ct original ip saddr': () => addressField('ct original ip saddr', 4, 'original source'),
  'ct original ip daddr': () => addressField('ct original ip daddr', 4, 'original destination'),
  'ct original ip6 saddr': () => addressField('ct original ip6 saddr', 6, 'original source'),
  'ct original ip6 daddr': () => addressField('ct original ip6 daddr', 6, 'original destination'),
  'ct original proto-src': () => portField('ct original proto-src', [], 'original source port'),
  'ct original proto-dst': () => portField('ct original proto-dst', [], 'original destination port'),
  'ip saddr': () => addressField('ip saddr', 4, 'source'),
  'ip daddr': () => addressField('ip daddr', 4, 'destination'),
  'ip6 saddr': () => addressField('ip6 saddr', 6, 'source'),
  'ip6 daddr': () => addressField('ip6 daddr', 6, 'destination'),
  'ip protocol': () => protocolField('ip protocol', v4),
  'ip6 nexthdr': () => protocolField('ip6 nexthdr', v6),
  'meta l4proto': () => protocolField('meta l4proto', []),
  'meta nfproto': () => familyField('meta nfproto', [], versions),
  'ip version': () => familyField('ip version', [], { 4: 4, 6: 6 }),
  'ip6 version': () => familyField('ip6 version', [], { 4: 4, 6: 6 }),
  'meta protocol': () => familyField('meta protocol', [], etherTypes),
  'ether type': () => familyField('ether type', [], etherTypes),
  'meta mark': () => numberField('meta mark', [], 'mark'),
  'meta priority': () => numberField('meta priority', [], 'priority', parsePriority),
  'meta length': () => numberField('meta length', [], 'length'),
  'ip length': () => numberField('ip length', v4, 'length'),
  // Of IPv6 the length is told without the 40 bytes of the header (RFC 8200 §3).
  'ip6 length': () => numberField('ip6 length', v6, 'length', parseWord, { add: 40 }),
  'ip ttl': () => numberField('ip ttl', v4, 'hop limit'),
  'ip6 hoplimit': () => numberField('ip6 hoplimit', v6, 'hop limit'),
  'ip dscp': () => numberField('ip dscp', v4, 'dscp', parseDscp),
  'ip6 dscp': () => numberField('ip6 dscp', v6, 'dscp', parseDscp),
  'meta iif': () => interfaceField('iif', 'in', true),
  'meta iifname': () => interfaceField('iifname', 'in', false),
  'meta oif': () => interfaceField('oif', 'out', true),
  'meta oifname': () => interfaceField('oifname', 'out', false),
  'meta pkttype': () =>
    nameField(
      'meta pkttype',
      [],
      (name) => (Object.hasOwn(packetTypes, name) ? packetTypes[name] : undefined),
      (types) => ({ kind: 'packet type', types: types as ReadonlySet<PacketType>, negated: false }),
    ),
  'ether saddr': () =>
    nameField(
      'ether saddr',
      [],
      (name) => (hardware.test(name.toLowerCase()) ? name.toLowerCase() : undefined),
      (addresses) => ({ kind: 'hardware source', addresses, negated: false }),
    ),
  'icmp type': () => icmpField('icmp type', impliedBy('icmp'), 4),
  'icmpv6 type': () => icmpField('icmpv6 type', impliedBy('icmpv6'), 6),
  'icmp code': () => icmpField('icmp code', impliedBy('icmp'), 4, icmpCodes),
  'icmpv6 code': () => icmpField('icmpv6 code', impliedBy('icmpv6'), 6, icmpv6Codes),
  'tcp flags': () => tcpFlagsField('tcp flags', impliedBy('tcp')),
  'fib daddr type': () => typeField('fib daddr type', 'destination type'),
  'fib saddr type': () => typeField('fib saddr type', 'source type'),
};

/** Lowest bits of `ip frag-off` that tell where in its packet a fragment belongs (RFC 791 §3.1). */
export const fragmentOffset = 0x1fff;
