import { type Address, addressToBytes, compareAddresses } from '../net/address.ts';
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
  const input = [
    seed >>> 8,
    seed & 0xff,
    ...addressToBytes(first.address),
    ...addressToBytes(second.address),
    protocol,
    0,
    ...(hasPorts ? [firstPort >>> 8, firstPort & 0xff, secondPort >>> 8, secondPort & 0xff] : []),
  ];
  return `1:${btoa(String.fromCharCode(...sha1(Uint8Array.from(input))))}`;
}

function bothWays(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  return new Map(pairs.flatMap(([question, answer]) => [[question, answer] as const, [answer, question]]));
}
