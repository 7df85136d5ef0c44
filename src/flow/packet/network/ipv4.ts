import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { passAuthentication } from './authentication.ts';
import { Carried, layerOfProtocol } from './protocols.ts';

/** Says which IP it is by the first four bits: what announced it is often wrong. */
export function ip(decoding: Decoding): Step {
  if (decoding.at >= decoding.end) return DropReason.IpCut;
  const version = decoding.bytes[decoding.at]! >> 4;
  return version === 4 ? Layer.Ipv4 : version === 6 ? Layer.Ipv6 : DropReason.IpVersion;
}

/** Reads the header of IPv4 (RFC 791 §3.1). */
export function ipv4(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  if (at + 20 > end) return DropReason.IpCut;
  const headerLength = (bytes[at]! & 0x0f) << 2;
  // A length of 0 is left to the card that cuts what is sent into segments.
  const told = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const length = told === 0 ? decoding.wireEnd - at : told;
  if (headerLength < 20 || length < headerLength) return DropReason.IpHeader;

  const { source, destination } = packet;
  packet.family = 4;
  source[0] = 0;
  source[1] = 0;
  source[2] = 0;
  source[3] = (bytes[at + 12]! << 24) | (bytes[at + 13]! << 16) | (bytes[at + 14]! << 8) | bytes[at + 15]!;
  destination[0] = 0;
  destination[1] = 0;
  destination[2] = 0;
  destination[3] =
    (bytes[at + 16]! << 24) | (bytes[at + 17]! << 16) | (bytes[at + 18]! << 8) | bytes[at + 19]!;
  const protocol = bytes[at + 9]!;
  packet.protocol = protocol;
  packet.ipLength = length;
  packet.ttl = bytes[at + 8]!;
  decoding.wireEnd = at + length;
  decoding.end = Math.min(end, decoding.wireEnd);
  decoding.at = at + headerLength;

  const fragment = (bytes[at + 6]! << 8) | bytes[at + 7]!;
  if ((fragment & 0x3fff) !== 0) {
    packet.fragmentId = (bytes[at + 4]! << 8) | bytes[at + 5]!;
    packet.fragmentOffset = (fragment & 0x1fff) << 3;
    packet.moreFragments = (fragment & 0x2000) !== 0;
    if (packet.fragmentOffset !== 0) return laterFragment(decoding, protocol);
    decoding.fragmentProtocol = protocol;
    decoding.fragmentStart = decoding.at;
  }
  if (decoding.at > decoding.end) return DropReason.IpCut;
  return protocol === Carried.Authentication ? authentication(decoding) : layerOfProtocol(protocol);
}

/** Finds out what conversation a later fragment belongs to, from `protocol`, which its IP header or fragment header says. */
export function laterFragment(decoding: Decoding, protocol: number): Step {
  const { at, end, wireEnd, packet } = decoding;
  packet.transportWhole = false;
  packet.payloadStart = Math.min(at, end);
  packet.payloadEnd = end;
  packet.payloadLength = Math.max(0, wireEnd - at);
  decoding.fragments.later(packet, protocol, packet.payloadLength);
  return DropReason.Decoded;
}

function authentication(decoding: Decoding): Step {
  const { packet } = decoding;
  const protocol = passAuthentication(decoding);
  // The conversation is known all the same: it is one of authentication headers.
  if (protocol < 0 || protocol === Carried.Authentication) return Layer.Plain;
  packet.protocol = protocol;
  return layerOfProtocol(protocol);
}
