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
  let from = source.port;
  let to = destination.port;
  let hasPorts = protocol === Protocol.Tcp || protocol === Protocol.Udp || protocol === Protocol.Sctp;
  let oneWay = false;
  if ((protocol === Protocol.Icmp || protocol === Protocol.Icmpv6) && icmp !== undefined) {
    const answer = (protocol === Protocol.Icmp ? icmpAnswers : icmpv6Answers).get(icmp.type);
    oneWay = answer === undefined;
    from = icmp.type;
    to = answer ?? icmp.code;
    hasPorts = true;
  }
  const order = compareAddresses(source.address, destination.address);
  const inOrder = oneWay || order < 0 || (order === 0 && (!hasPorts || from <= to));
  const first = inOrder ? source.address : destination.address;
  const second = inOrder ? destination.address : source.address;
  const ports = inOrder ? (from << 16) | to : (to << 16) | from;
  let at = putAddress(second, putAddress(first, 0, seed & 0xffff), lowHalf(first));
  block[at++] = (lowHalf(second) << 16) | (protocol << 8);
  if (hasPorts) block[at++] = ports;
  block.fill(0, at);
  block[at] = 0x8000_0000;
  return textOf(sha1OfBlock(block, at * 32));
}

/** Seed, addresses, protocol, a byte of padding and ports, in network byte order without gaps. */
const block = new Int32Array(16);

/** Puts an address half a word behind `at`, that half before it being `half`; returns the word that its own low half begins. */
function putAddress({ family, a, b, c, d }: Address, at: number, half: number): number {
  if (family === 4) {
    block[at] = (half << 16) | (d >>> 16);
    return at + 1;
  }
  block[at] = (half << 16) | (a >>> 16);
  block[at + 1] = (a << 16) | (b >>> 16);
  block[at + 2] = (b << 16) | (c >>> 16);
  block[at + 3] = (c << 16) | (d >>> 16);
  return at + 4;
}

function lowHalf({ d }: Address): number {
  return d & 0xffff;
}

const digits = Uint8Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (digit) =>
  digit.charCodeAt(0),
);

/** Returns the version, and the base64 (RFC 4648 §4) of a digest of five words; at once, since a text of parts costs more than all else. */
function textOf(words: Int32Array): string {
  const a = words[0]!;
  const b = words[1]!;
  const c = words[2]!;
  const d = words[3]!;
  const e = words[4]!;
  return String.fromCharCode(
    0x31,
    0x3a,
    digits[a >>> 26]!,
    digits[(a >>> 20) & 63]!,
    digits[(a >>> 14) & 63]!,
    digits[(a >>> 8) & 63]!,
    digits[(a >>> 2) & 63]!,
    digits[((a << 4) | (b >>> 28)) & 63]!,
    digits[(b >>> 22) & 63]!,
    digits[(b >>> 16) & 63]!,
    digits[(b >>> 10) & 63]!,
    digits[(b >>> 4) & 63]!,
    digits[((b << 2) | (c >>> 30)) & 63]!,
    digits[(c >>> 24) & 63]!,
    digits[(c >>> 18) & 63]!,
    digits[(c >>> 12) & 63]!,
    digits[(c >>> 6) & 63]!,
    digits[c & 63]!,
    digits[d >>> 26]!,
    digits[(d >>> 20) & 63]!,
    digits[(d >>> 14) & 63]!,
    digits[(d >>> 8) & 63]!,
    digits[(d >>> 2) & 63]!,
    digits[((d << 4) | (e >>> 28)) & 63]!,
    digits[(e >>> 22) & 63]!,
    digits[(e >>> 16) & 63]!,
    digits[(e >>> 10) & 63]!,
    digits[(e >>> 4) & 63]!,
    digits[(e << 2) & 63]!,
    0x3d,
  );
}

function bothWays(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  return new Map(pairs.flatMap(([question, answer]) => [[question, answer] as const, [answer, question]]));
}
