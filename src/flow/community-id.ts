import { type Address, compareAddresses } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { sha1OfBlock } from './sha1.ts';

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
  return idOf(
    seed & 0xffff,
    protocol,
    first.address,
    second.address,
    hasPorts,
    (firstPort << 16) | secondPort,
  );
}

const block = new Int32Array(16);

/** Digests seed, addresses, protocol, a byte of padding and ports, in network byte order without gaps. */
function idOf(
  seed: number,
  protocol: number,
  from: Address,
  to: Address,
  hasPorts: boolean,
  ports: number,
): string {
  block.fill(0);
  let half = seed;
  let at = 0;
  // The seed takes half a word, so that each lane lies in two.
  const put = (lane: number): void => {
    block[at++] = (half << 16) | (lane >>> 16);
    half = lane & 0xffff;
  };
  for (const { family, a, b, c, d } of [from, to]) {
    if (family === 6) {
      put(a);
      put(b);
      put(c);
    }
    put(d);
  }
  block[at++] = (half << 16) | (protocol << 8);
  if (hasPorts) block[at++] = ports;
  block[at] = 0x8000_0000;
  return `1:${base64(sha1OfBlock(block, at * 32))}`;
}

const digits = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (digit) =>
  digit.charCodeAt(0),
);

/** Returns the base64 (RFC 4648 §4) of a digest of five words. */
function base64(words: Int32Array): string {
  const [a, b, c, d, e] = words as unknown as [number, number, number, number, number];
  return (
    fourDigits(a >>> 8) +
    fourDigits((a << 16) | (b >>> 16)) +
    fourDigits((b << 8) | (c >>> 24)) +
    fourDigits(c) +
    fourDigits(d >>> 8) +
    fourDigits((d << 16) | (e >>> 16)) +
    fourDigits(e << 8).slice(0, 3) +
    '='
  );
}

/** The lowest 24 bits. */
function fourDigits(group: number): string {
  return String.fromCharCode(
    digits[(group >>> 18) & 63]!,
    digits[(group >>> 12) & 63]!,
    digits[(group >>> 6) & 63]!,
    digits[group & 63]!,
  );
}

function bothWays(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  return new Map(pairs.flatMap(([question, answer]) => [[question, answer] as const, [answer, question]]));
}
