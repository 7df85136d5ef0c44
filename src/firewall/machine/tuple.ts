import type { Address, Family } from '../../net/address.ts';
import { Protocol } from '../../net/protocol.ts';
import { hasPorts } from '../packet.ts';
import type { Ends } from './wire-packet.ts';

/**
 * What tells one direction of a connection from all others. `from` is the source port or the identifier of an ICMP
 * question; `to` the destination port, or type × 256 + code of ICMP.
 */
export interface Tuple {
  readonly family: Family;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly from: number;
  readonly to: number;
}

/** Questions of ICMP and the types of their answers (RFC 792, RFC 4443 §4), by IP version. */
const answers: Readonly<Record<Family, Readonly<Record<number, number>>>> = {
  4: { 8: 0, 13: 14, 15: 16, 17: 18 },
  6: { 128: 129, 139: 140 },
};
const opposites: Readonly<Record<Family, ReadonlyMap<number, number>>> = {
  4: bothWays(answers[4]),
  6: bothWays(answers[6]),
};

/** Tells whether the type is a question, which alone begins a connection of ICMP. */
export function isQuestion(family: Family, type: number | undefined): boolean {
  return type !== undefined && Object.hasOwn(answers[family], type);
}

/** Tells whether the protocol is the ICMP of the IP version. */
export function isIcmp({ family, protocol }: Pick<Ends, 'family' | 'protocol'>): boolean {
  return protocol === (family === 4 ? Protocol.Icmp : Protocol.Icmpv6);
}

/** Returns the tuple of a packet's ends. */
export function tupleOf(ends: Ends): Tuple {
  const { family, protocol, source, destination, sourcePort = 0, port = 0 } = ends;
  if (isIcmp(ends)) {
    const { icmpId = 0, icmpType = 0, icmpCode = 0 } = ends;
    return { family, protocol, source, destination, from: icmpId, to: icmpType * 256 + icmpCode };
  }
  const withPorts = hasPorts(protocol);
  const [from, to] = [withPorts ? sourcePort : 0, withPorts ? port : 0];
  return { family, protocol, source, destination, from, to };
}

/** Returns the tuple of the answers to a tuple; undefined where ICMP has none. */
export function invert(tuple: Tuple): Tuple | undefined {
  const { family, protocol, source, destination, from, to } = tuple;
  const turned = { family, protocol, source: destination, destination: source };
  if (!isIcmp(tuple)) return { ...turned, from: to, to: from };
  const type = opposites[family].get(to >>> 8);
  return type === undefined ? undefined : { ...turned, from, to: type * 256 + (to & 255) };
}

/** Returns a text that is the same for the same tuples only. */
export function keyOf({ protocol, source, destination, from, to }: Tuple): string {
  return `${protocol} ${addressKey(source)} ${from} ${addressKey(destination)} ${to}`;
}

export function addressKey({ family, a, b, c, d }: Address): string {
  return family === 4 ? `${d}` : `${a}:${b}:${c}:${d}`;
}

function bothWays(questions: Readonly<Record<number, number>>): ReadonlyMap<number, number> {
  const pairs = Object.entries(questions).map(([question, answer]) => [Number(question), answer] as const);
  return new Map([...pairs, ...pairs.map(([question, answer]) => [answer, question] as const)]);
}
