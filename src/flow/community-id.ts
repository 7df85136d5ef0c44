import { type Address, compareAddresses } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { sha1 } from './sha1.ts';

/** An end as it goes into the digest. */
interface Side {
  readonly address: Address;
  readonly port: number;
}

/** Types of ICMP (RFC 792, RFC 950, RFC 1256) and of the messages that answer them, both ways. */
const icmpAnswers: ReadonlyMap<number, number> = bothWays([
  [8, 0],
  [13, 14],
  [15, 16],
  [10, 9],
  [17, 18],
]);

/** The same for ICMPv6 (RFC 4443, RFC 4861, RFC 2710, RFC 4620, RFC 6275). */
const icmpv6Answers: ReadonlyMap<number, number> = bothWays([
  [128, 129],
  [133, 134],
  [135, 136],
  [130, 131],
  [139, 140],
  [144, 145],
]);

/**
 * Returns the Community ID of version 1 (the specification of corelight/community-id-spec): the same text for both directions of
 * a conversation and in every tool that has it. `icmp` is the first message's type and code; without it an ICMP flow is digested
 * by its addresses only. `seed` is 0 unless a site has agreed on another (16 bits).
 */
export function communityId(
  protocol: number,
  source: Side,
  destination: Side,
  icmp?: { readonly type: number; readonly code: number },
  seed = 0,
): string {
  let [from, to] = [source.port, destination.port];
  let hasPorts = protocol === Protocol.Tcp || protocol === Protocol.Udp || protocol === Protocol.Sctp;
  let oneWay = false;
  if ((protocol === Protocol.Icmp || protocol === Protocol.Icmpv6) && icmp !== undefined) {
    const answer = (protocol === Protocol.Icmp ? icmpAnswers : icmpv6Answers).get(icmp.type);
    oneWay = answer === undefined;
    [from, to] = [icmp.type, answer ?? icmp.code];
    hasPorts = true;
  }
  const order = compareAddresses(source.address, destination.address);
  const inOrder = oneWay || order < 0 || (order === 0 && (!hasPorts || from <= to));
  const [first, second] = inOrder ? [source, destination] : [destination, source];
  const [firstPort, secondPort] = inOrder ? [from, to] : [to, from];
  const from4 = first.address.family === 4;
  const input = new Uint8Array((from4 ? 12 : 36) + (hasPorts ? 4 : 0));
  input[0] = seed >>> 8;
  input[1] = seed;
  let at = put(input, 2, first.address);
  at = put(input, at, second.address);
  input[at] = protocol;
  if (hasPorts) {
    input[at + 2] = firstPort >>> 8;
    input[at + 3] = firstPort;
    input[at + 4] = secondPort >>> 8;
    input[at + 5] = secondPort;
  }
  return `1:${base64(sha1(input))}`;
}

/** Writes the address in network byte order; returns the place behind it. */
function put(into: Uint8Array, at: number, { family, a, b, c, d }: Address): number {
  if (family === 4) return putLane(into, at, d);
  return putLane(into, putLane(into, putLane(into, putLane(into, at, a), b), c), d);
}

function putLane(into: Uint8Array, at: number, lane: number): number {
  into[at] = lane >>> 24;
  into[at + 1] = lane >>> 16;
  into[at + 2] = lane >>> 8;
  into[at + 3] = lane;
  return at + 4;
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Returns the base64 (RFC 4648 §4) of a digest of 20 bytes. */
function base64(digest: Uint8Array): string {
  let text = '';
  for (let at = 0; at < 20; at += 3) {
    const group = (digest[at]! << 16) | (digest[at + 1]! << 8) | (at + 2 < 20 ? digest[at + 2]! : 0);
    text += digits[group >>> 18]! + digits[(group >>> 12) & 63]! + digits[(group >>> 6) & 63]!;
    text += at + 2 < 20 ? digits[group & 63]! : '=';
  }
  return text;
}

function bothWays(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  return new Map(pairs.flatMap(([question, answer]) => [[question, answer] as const, [answer, question]]));
}
