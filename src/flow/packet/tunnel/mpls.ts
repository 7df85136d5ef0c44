import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { isCommonEtherType } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';

/** Labels that are passed. */
const maxLabels = 16;

/**
 * Reads a stack of labels (RFC 3032 §2.1) and guesses what follows, which it does not say: IP by the first four bits, else Ethernet,
 * with or without a control word (RFC 4385, RFC 4448 §4.6).
 */
export function mpls(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  let place = at;
  let label = 0;
  for (let count = 0; ; count++) {
    if (place + 4 > end) return packet.family === 0 ? DropReason.Link : DropReason.Decoded;
    if (count === maxLabels) return packet.family === 0 ? DropReason.Nesting : DropReason.Decoded;
    label = (bytes[place]! << 12) | (bytes[place + 1]! << 4) | (bytes[place + 2]! >> 4);
    const isBottom = (bytes[place + 2]! & 1) !== 0;
    place += 4;
    if (isBottom) break;
  }
  decoding.at = place;
  return decoding.enter('mpls', label, guess(decoding));
}

function guess(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at >= end) return DropReason.IpCut;
  const nibble = bytes[at]! >> 4;
  // An address of Ethernet may begin with these bits too. It is IP when nothing speaks for Ethernet, or the header holds.
  if (nibble === 4 && (!isEthernet(decoding, at) || isIpv4Header(decoding))) return Layer.Ip;
  if (nibble === 6 && (!isEthernet(decoding, at) || isIpv6Header(decoding))) return Layer.Ip;
  // What goes along with a pseudowire to watch it (RFC 5586).
  if (nibble === 1 && !isEthernet(decoding, at)) return DropReason.NotIp;
  if (nibble === 0) {
    const isWord = at + 2 <= end && bytes[at] === 0 && bytes[at + 1] === 0;
    if (isEthernet(decoding, at + 4) && (isWord || !isEthernet(decoding, at))) decoding.at = at + 4;
    else if (isWord && !isEthernet(decoding, at)) decoding.at = at + 4;
  }
  return Layer.Ethernet;
}

/** Whether the checksum of a header is right (RFC 791 §3.1): the sum of all its words has all bits set. */
function isIpv4Header({ bytes, at, end }: Decoding): boolean {
  const headerEnd = at + (bytes[at]! & 0x0f) * 4;
  if (headerEnd < at + 20 || headerEnd > end) return false;
  let sum = 0;
  for (let place = at; place < headerEnd; place += 2) sum += (bytes[place]! << 8) | bytes[place + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  return ((sum + (sum >>> 16)) & 0xffff) === 0xffff;
}

/** Whether the length is that of what is left, but for a checksum of the frame: so long a packet needs no padding. */
function isIpv6Header({ bytes, at, end, wireEnd }: Decoding): boolean {
  if (at + 40 > end) return false;
  const left = wireEnd - (at + 40 + ((bytes[at + 4]! << 8) | bytes[at + 5]!));
  return left >= 0 && left <= 4;
}

/** Whether a frame of Ethernet at a place would have an EtherType that is in use, or a length that fits. */
function isEthernet({ bytes, end, wireEnd }: Decoding, at: number): boolean {
  if (at + 14 > end) return false;
  const type = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  return type <= 1500 ? type > 2 && at + 14 + type <= wireEnd : isCommonEtherType(type);
}
