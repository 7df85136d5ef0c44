import type { Address, Family } from '../net/address.ts';
import { isMulticast } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import type {
  ConnectionState,
  ConnectionStatus,
  Hook,
  Match,
  NumberField,
  PacketType,
  Translation,
} from './ruleset.ts';

/** A packet as a rule sees it. What is absent is not known. */
export interface Packet {
  readonly family: Family;
  /** The built-in chain that it goes through. */
  readonly chain: 'INPUT' | 'FORWARD' | 'OUTPUT';
  /** IP protocol number. */
  readonly protocol: number;
  readonly source?: Address;
  readonly destination?: Address;
  /** Port of the destination. */
  readonly port?: number;
  readonly sourcePort?: number;
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** False when it comes from another machine, so that it does not come in by loopback. */
  readonly local?: boolean;
  /** False when it goes to another machine, so that it does not go out by loopback. */
  readonly returns?: boolean;
  readonly state: ConnectionState;
  /** Whether it is tracked is not known; if it is, its state is `state`. */
  readonly maybeUntracked?: true;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Bits of the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128 (RFC 9293 §3.1). */
  readonly tcpFlags?: number;
  readonly numbers?: Readonly<Partial<Record<NumberField, number>>>;
  /** The ends of its connection's first packet as it was sent. */
  readonly original?: Pick<Packet, 'source' | 'destination' | 'sourcePort' | 'port'>;
  readonly direction?: 'original' | 'reply';
  readonly statuses?: ReadonlySet<ConnectionStatus>;
  /** It is a fragment, and not the first of its packet. */
  readonly isLaterFragment?: boolean;
  readonly hardwareSource?: string;
  readonly packetType?: PacketType;
  /** Kinds of its addresses, where the routes are known: LOCAL, UNICAST, … (ip-route(8)). */
  readonly sourceType?: string;
  readonly destinationType?: string;
  /** What rules may have made of its ends in the hook that it is in; undefined among them where it may be nothing. */
  readonly translations?: readonly (Translation | undefined)[];
}

/** Yes, no, or undefined: not known. */
export type Answer = boolean | undefined;

const withPorts: ReadonlySet<number> = new Set([Protocol.Tcp, Protocol.Udp, Protocol.Sctp, 33, 136]);

/** Tells whether packets of the protocol have ports that rules can ask for. */
export function hasPorts(protocol: number): boolean {
  return withPorts.has(protocol);
}

/** Tells whether all conditions hold for the packet; undefined when that hangs on what is not known. */
export function matchesAll(matches: readonly Match[], packet: Packet, hook: Hook): Answer {
  let answer: Answer = true;
  for (const match of matches) {
    const one = matchPacket(match, packet, hook);
    if (one === false) return false;
    if (one === undefined) answer = undefined;
  }
  return answer;
}

/**
 * Tells whether one condition holds for the packet, in a chain of `hook`; its negation is taken into account. What a
 * connection has does not hold for a packet without one, negated or not (xt_conntrack, xt_connmark, nft_ct).
 */
export function matchPacket(match: Match, packet: Packet, hook: Hook): Answer {
  if (isAboutConnection(match)) {
    const { state, maybeUntracked } = packet;
    if (!maybeUntracked && (state === 'INVALID' || state === 'UNTRACKED')) return false;
    if (maybeUntracked) return answerOf(match, packet, hook) === false ? false : undefined;
  }
  return answerOf(match, packet, hook);
}

function isAboutConnection(match: Match): boolean {
  if (match.kind === 'number') return match.field === 'connection mark';
  return match.kind === 'direction' || match.kind === 'status' || match.kind.startsWith('original ');
}

function answerOf(match: Match, packet: Packet, hook: Hook): Answer {
  const holds = plainMatch(match, packet, hook);
  return holds === undefined ? undefined : holds !== match.negated;
}

function plainMatch(match: Match, packet: Packet, hook: Hook): Answer {
  switch (match.kind) {
    case 'protocol':
      return match.protocols.contains(packet.protocol);
    case 'family':
      return match.family === packet.family;
    case 'source':
    case 'destination':
      return contains(match.addresses, packet[match.kind]);
    case 'in':
      // Behind routing the kernel still knows by which interface a forwarded packet came in.
      return hook === 'OUTPUT' || packet.chain === 'OUTPUT' ? false : inInterface(match.names, packet);
    case 'out':
      return hook === 'INPUT' || hook === 'PREROUTING' ? false : outInterface(match.names, packet);
    case 'destination port':
    case 'source port':
    case 'either port':
      if (!hasPorts(packet.protocol)) return match.raw ? undefined : false;
      if (match.kind === 'either port') return eitherPort(match.ports, packet);
      return contains(match.ports, match.kind === 'source port' ? packet.sourcePort : packet.port);
    case 'state':
      return state(match.states, packet);
    case 'icmp':
      return icmp(match, packet);
    case 'tcp flags':
      return flags(match, packet);
    case 'source type':
      return sourceType(match.types, packet);
    case 'destination type':
      return destinationType(match.types, packet);
    case 'number': {
      const found = packet.numbers?.[match.field];
      const masked = match.mask === undefined ? found : found && (found & match.mask) >>> 0;
      return contains(match.values, masked);
    }
    case 'original source':
      return contains(match.addresses, packet.original?.source);
    case 'original destination':
      return contains(match.addresses, packet.original?.destination);
    case 'original source port':
      return contains(match.ports, packet.original?.sourcePort);
    case 'original destination port':
      return contains(match.ports, packet.original?.port);
    case 'direction':
      return packet.direction && packet.direction === match.direction;
    case 'status':
      return packet.statuses && [...match.statuses].some((one) => packet.statuses?.has(one));
    case 'fragment':
      return packet.isLaterFragment;
    case 'hardware source':
      return packet.hardwareSource === undefined ? undefined : match.addresses.has(packet.hardwareSource);
    case 'packet type':
      return packet.packetType && match.types.has(packet.packetType);
    case 'any of':
      return anyOf(match.alternatives, packet, hook);
    case 'opaque':
      return undefined;
  }
}

function anyOf(alternatives: readonly (readonly Match[])[], packet: Packet, hook: Hook): Answer {
  let answer: Answer = false;
  for (const matches of alternatives) {
    const one = matchesAll(matches, packet, hook);
    if (one === true) return true;
    if (one === undefined) answer = undefined;
  }
  return answer;
}

function contains<T>(set: { contains(value: T): boolean }, value: T | undefined): Answer {
  return value === undefined ? undefined : set.contains(value);
}

function eitherPort(ports: { contains(port: number): boolean }, { port, sourcePort }: Packet): Answer {
  const [one, other] = [contains(ports, port), contains(ports, sourcePort)];
  if (one === true || other === true) return true;
  return one === false && other === false ? false : undefined;
}

function inInterface(names: readonly string[], { inInterface, local }: Packet): Answer {
  const name = inInterface ?? (local === true ? 'lo' : undefined);
  if (name !== undefined) return isNamed(names, name);
  if (isAny(names)) return true;
  return local === false && names.every((one) => one === 'lo') ? false : undefined;
}

function outInterface(names: readonly string[], { outInterface, returns }: Packet): Answer {
  const name = outInterface ?? (returns === true ? 'lo' : undefined);
  if (name !== undefined) return isNamed(names, name);
  if (isAny(names)) return true;
  return returns === false && names.every((one) => one === 'lo') ? false : undefined;
}

function isAny(names: readonly string[]): true | undefined {
  return names.includes('+') ? true : undefined;
}

/** A `+` at the end stands for any rest (iptables(8), --in-interface). */
export function isNamed(names: readonly string[], name: string): boolean {
  return names.some((one) => (one.endsWith('+') ? name.startsWith(one.slice(0, -1)) : one === name));
}

function state(states: ReadonlySet<string>, packet: Packet): Answer {
  const tracked = stateIs(states, packet.state, packet.statuses);
  if (!packet.maybeUntracked) return tracked;
  return tracked === states.has('UNTRACKED') ? tracked : undefined;
}

/** DNAT and SNAT are marks beside the state of a connection. */
function stateIs(
  states: ReadonlySet<string>,
  current: ConnectionState,
  statuses: Packet['statuses'],
): Answer {
  if (states.has(current)) return true;
  const [dnat, snat] = [states.has('DNAT'), states.has('SNAT')];
  if ((!dnat && !snat) || current === 'INVALID' || current === 'UNTRACKED') return false;
  return statuses && ((dnat && statuses.has('dnat')) || (snat && statuses.has('snat')));
}

function icmp({ protocol, types }: Extract<Match, { kind: 'icmp' }>, packet: Packet): Answer {
  if (packet.protocol !== protocol) return false;
  let answer: Answer = false;
  for (const { type, code } of types) {
    const one = equal(type, packet.icmpType);
    const both =
      one === false ? false : equal(code, packet.icmpCode) === true ? one : equal(code, packet.icmpCode);
    if (both === true) return true;
    if (both === undefined) answer = undefined;
  }
  return answer;
}

function equal(wanted: number | undefined, found: number | undefined): Answer {
  if (wanted === undefined) return true;
  return found === undefined ? undefined : wanted === found;
}

const flagBits = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/**
 * The first packet of a TCP connection has SYN alone (RFC 9293 §3.5), unless flags are said; of others they are not
 * known.
 */
function flags({ mask, set }: Extract<Match, { kind: 'tcp flags' }>, packet: Packet): Answer {
  if (packet.protocol !== Protocol.Tcp) return false;
  const up = packet.tcpFlags ?? (packet.state === 'NEW' ? 2 : undefined);
  if (up === undefined) return undefined;
  const isUp = (flag: string) => (up & (1 << flagBits.indexOf(flag))) !== 0;
  return [...mask].every((flag) => set.has(flag) === isUp(flag)) && [...set].every((flag) => mask.has(flag));
}

function sourceType(types: ReadonlySet<string>, { local, source, sourceType }: Packet): Answer {
  if (sourceType !== undefined) return types.has(sourceType);
  const only = types.size === 1;
  if (only && types.has('LOCAL')) return local;
  if (only && types.has('MULTICAST') && source !== undefined) return isMulticast(source);
  return undefined;
}

/** What goes through INPUT is for this machine; a connection of TCP is to one machine only. */
function destinationType(types: ReadonlySet<string>, packet: Packet): Answer {
  const { chain, protocol, destination, destinationType } = packet;
  if (destinationType !== undefined) return types.has(destinationType);
  const toOne = protocol === Protocol.Tcp;
  if (chain === 'INPUT' && toOne) return types.has('LOCAL');
  if (types.size === 1 && types.has('MULTICAST') && destination !== undefined)
    return isMulticast(destination);
  return undefined;
}
