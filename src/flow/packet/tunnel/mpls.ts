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
  // An address of Ethernet may begin with these bits too: it is IP when the header holds, or nothing speaks for Ethernet.
  if (nibble === 4 && (isIpv4Header(decoding) || !isEthernet(decoding, at))) return Layer.Ip;
  if (nibble === 6 && (isIpv6Header(decoding) || !isEthernet(decoding, at))) return Layer.Ip;
  // What goes along with a pseudowire to watch it (RFC 5586).
  if (nibble === 1 && !isEthernet(decoding, at)) return DropReason.NotIp;
  if (nibble === 0) {
    const isWord = bytes[at] === 0 && bytes[at + 1] === 0;
    if (isEthernet(decoding, at + 4) && (isWord || !isEthernet(decoding, at))) decoding.at = at + 4;
    else if (isWord && !isEthernet(decoding, at)) decoding.at = at + 4;
  }
  return Layer.Ethernet;
}

function isIpv4Header({ bytes, at, end, wireEnd }: Decoding): boolean {
  if (at + 20 > end) return false;
  const headerLength = (bytes[at]! & 0x0f) * 4;
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return headerLength >= 20 && (length === 0 || (length >= headerLength && at + length <= wireEnd));
}

function isIpv6Header({ bytes, at, end, wireEnd }: Decoding): boolean {
  return at + 40 <= end && at + 40 + ((bytes[at + 4]! << 8) | bytes[at + 5]!) <= wireEnd;
}

/** Whether a frame of Ethernet at a place would have an EtherType that is in use, or a length that fits. */
function isEthernet({ bytes, end, wireEnd }: Decoding, at: number): boolean {
  if (at + 14 > end) return false;
  const type = (bytes[at + 12]! << 8) | bytes[at + 13]!;
  return type <= 1500 ? type > 2 && at + 14 + type <= wireEnd : isCommonEtherType(type);
}
