import { Protocol } from '../../net/protocol.ts';
import { align, type BitPrefix, bitsWithin, rangePrefixes } from './bits.ts';
import { always, type Node, never } from './diagrams.ts';
import { type Field, packetTypes, states, tcpFlags } from './fields.ts';
import type { PacketSpace } from './space.ts';

/** Sets of TCP flags, PSH left out, that connection tracking takes for valid (nf_conntrack_proto_tcp.c). */
const validFlags = [
  'SYN',
  'SYN,URG',
  'SYN,ACK',
  'RST',
  'RST,ACK',
  'FIN,ACK',
  'FIN,ACK,URG',
  'ACK',
  'ACK,URG',
];
/** Those that may begin a connection; ACK alone where one is picked up in the middle (nf_conntrack_tcp_loose). */
const beginningFlags = ['SYN', 'SYN,URG', 'ACK', 'ACK,URG'];
/** Types of ICMP that tracking knows, in the states that it gives them (nf_conntrack_proto_icmp.c, ..._icmpv6.c). */
const icmpTypes = {
  4: {
    protocol: Protocol.Icmp,
    NEW: [8, 13, 15, 17],
    ESTABLISHED: [0, 8, 13, 14, 15, 16, 17, 18],
    RELATED: [3, 4, 5, 11, 12],
    untracked: [],
  },
  6: {
    protocol: Protocol.Icmpv6,
    NEW: [128, 139],
    ESTABLISHED: [128, 129, 139, 140],
    RELATED: [1, 2, 3, 4],
    untracked: [130, 131, 132, 133, 134, 135, 136, 143],
  },
} as const;

const known = new WeakMap<PacketSpace, Node>();

/**
 * Returns the packets that can come by at all, so far as that does not hang on the machine: numbers that mean something,
 * loopback addresses on loopback only, no multicast source (RFC 1122 §3.2.1.3, RFC 4291 §2.7), states of connection
 * tracking that fit flags of TCP and types of ICMP.
 */
export function possiblePackets(space: PacketSpace): Node {
  const found = known.get(space);
  if (found !== undefined) return found;
  const { diagrams } = space;
  const rules = [
    ...validNumbers(space),
    ...addresses(space),
    ...tcp(space),
    ...icmp(space),
    ...connection(space),
  ];
  const node = rules.reduce((sum, one) => diagrams.and(sum, one), always);
  known.set(space, node);
  return node;
}

function validNumbers(space: PacketSpace): Node[] {
  const { interfaces, hardware } = space.named;
  const below = (field: Field, count: number) => isNumber(space, field, [{ from: 0, to: count - 1 }]);
  return [
    below('in', interfaces.names.length),
    below('out', interfaces.names.length),
    below('hardware source', hardware.length),
    below('state', states.length),
    below('packet type', packetTypes.length),
  ];
}

function addresses(space: PacketSpace): Node[] {
  const { diagrams, path } = space;
  const isV4 = path.family === 4;
  const within = (field: 'source' | 'destination', lanes: number[], length: number) =>
    space.within(field, [{ lanes, length }]);
  const loopback = (field: 'source' | 'destination') =>
    isV4 ? within(field, [0x7f00_0000], 8) : within(field, [0, 0, 0, 1], 128);
  const multicast = (field: 'source' | 'destination') =>
    isV4 ? within(field, [0xe000_0000], 4) : within(field, [0xff00_0000, 0, 0, 0], 8);
  const unspecified = (field: 'source' | 'destination') =>
    isV4 ? within(field, [0], 32) : within(field, [0, 0, 0, 0], 128);
  const broadcast = (field: 'source' | 'destination') => (isV4 ? within(field, [0xffff_ffff], 32) : never);
  const { interfaces, patterns } = space.named;
  const lo = interfaces.codeOf('lo', patterns);
  const byLoopback = (field: 'in' | 'out') => isNumber(space, field, [{ from: lo, to: lo }]);
  const isLoopback = diagrams.or(loopback('source'), loopback('destination'));
  const rules = [multicast('source'), broadcast('source'), unspecified('destination')];
  if (path.chain === 'INPUT') rules.push(diagrams.minus(isLoopback, byLoopback('in')));
  if (path.chain === 'OUTPUT') rules.push(diagrams.minus(isLoopback, byLoopback('out')));
  if (path.chain === 'FORWARD')
    rules.push(
      isLoopback,
      byLoopback('in'),
      byLoopback('out'),
      unspecified('source'),
      broadcast('destination'),
    );
  return rules.map((one) => diagrams.not(one));
}

function tcp(space: PacketSpace): Node[] {
  const { diagrams } = space;
  const isTcp = isNumber(space, 'protocol', [{ from: Protocol.Tcp, to: Protocol.Tcp }]);
  const isNew = isState(space, 'NEW');
  const isTracked = diagrams.or(isNew, diagrams.or(isState(space, 'ESTABLISHED'), isState(space, 'RELATED')));
  return [
    implies(space, diagrams.and(isTcp, isTracked), flagsAre(space, validFlags)),
    implies(space, diagrams.and(isTcp, isNew), flagsAre(space, beginningFlags)),
  ];
}

function icmp(space: PacketSpace): Node[] {
  const { diagrams } = space;
  const { protocol, untracked, ...types } = icmpTypes[space.path.family];
  const isIcmp = isNumber(space, 'protocol', [{ from: protocol, to: protocol }]);
  const isType = (some: readonly number[]) =>
    isNumber(
      space,
      'icmp type',
      some.map((type) => ({ from: type, to: type })),
    );
  return [
    ...(['NEW', 'ESTABLISHED', 'RELATED'] as const).map((state) =>
      implies(space, diagrams.and(isIcmp, isState(space, state)), isType(types[state])),
    ),
    implies(space, diagrams.and(isIcmp, isType(untracked)), isState(space, 'UNTRACKED')),
  ];
}

/** A connection that begins has no mark yet. */
function connection(space: PacketSpace): Node[] {
  return [implies(space, isState(space, 'NEW'), isNumber(space, 'connection mark', [{ from: 0, to: 0 }]))];
}

function implies({ diagrams }: PacketSpace, one: Node, other: Node): Node {
  return diagrams.not(diagrams.minus(one, other));
}

function isState(space: PacketSpace, state: (typeof states)[number]): Node {
  const code = states.indexOf(state);
  return isNumber(space, 'state', [{ from: code, to: code }]);
}

function isNumber(space: PacketSpace, field: Field, ranges: readonly { from: number; to: number }[]): Node {
  return space.within(field, rangePrefixes(ranges, space.place(field).width));
}

/** Returns where the flags, PSH, ECE and CWR left out, are one of the sets. */
function flagsAre(space: PacketSpace, sets: readonly string[]): Node {
  const { diagrams } = space;
  const ignored = new Set<string>(['PSH', 'ECE', 'CWR']);
  const all = space.bits('tcp flags');
  const bits = all.map((bit, at) => (ignored.has(tcpFlags[all.length - 1 - at]!) ? never : bit));
  const prefixes = sets
    .map((set) =>
      set.split(',').reduce((sum, flag) => sum + 2 ** (tcpFlags as readonly string[]).indexOf(flag), 0),
    )
    .sort((x, y) => x - y)
    .map((word): BitPrefix => ({ lanes: [align(word, all.length)], length: all.length }));
  return bitsWithin(diagrams, bits, prefixes);
}
