import type { Decoding } from '../decoding.ts';
import { Carried, hasPorts } from '../network/protocols.ts';
import type { QuotedPacket } from '../packet.ts';
import { hasIcmpId, hasIcmpv6Id } from './icmp-id.ts';

/** Extension headers of a quoted IPv6 packet that are followed. */
const maxExtensions = 8;

/**
 * Reads what an ICMP error quotes at a place: the IP header, and of what follows the first eight bytes at least (RFC 792; more by RFC 1812
 * §4.3.2.3). Leaves it at having no quote where the header is not there.
 */
export function readQuote(decoding: Decoding, at: number): void {
  const { bytes, end, packet } = decoding;
  if (at >= end) return;
  const version = bytes[at]! >> 4;
  if (version === 4) packet.hasQuote = readIpv4(bytes, at, end, packet.quoted);
  else if (version === 6) packet.hasQuote = readIpv6(bytes, at, end, packet.quoted);
}

function readIpv4(bytes: Uint8Array, at: number, end: number, quoted: QuotedPacket): boolean {
  const length = (bytes[at]! & 0x0f) * 4;
  if (at + 20 > end || length < 20) return false;
  quoted.family = 4;
  quoted.source[0] = 0;
  quoted.source[1] = 0;
  quoted.source[2] = 0;
  quoted.source[3] = lane(bytes, at + 12);
  quoted.destination[0] = 0;
  quoted.destination[1] = 0;
  quoted.destination[2] = 0;
  quoted.destination[3] = lane(bytes, at + 16);
  const isFirst = ((bytes[at + 6]! & 0x1f) | bytes[at + 7]!) === 0;
  readTransport(bytes, at + length, isFirst ? end : 0, bytes[at + 9]!, quoted);
  return true;
}

function readIpv6(bytes: Uint8Array, at: number, end: number, quoted: QuotedPacket): boolean {
  if (at + 40 > end) return false;
  quoted.family = 6;
  for (let i = 0; i < 4; i++) {
    quoted.source[i] = lane(bytes, at + 8 + 4 * i);
    quoted.destination[i] = lane(bytes, at + 24 + 4 * i);
  }
  let protocol = bytes[at + 6]!;
  let place = at + 40;
  for (let count = 0; count < maxExtensions && place + 8 <= end; count++) {
    if (protocol === Carried.Fragment) {
      const isFirst = (bytes[place + 2]! | (bytes[place + 3]! & 0xf8)) === 0;
      protocol = bytes[place]!;
      place += 8;
      if (!isFirst) {
        readTransport(bytes, place, 0, protocol, quoted);
        return true;
      }
      continue;
    }
    const isOptions =
      protocol === Carried.HopByHop ||
      protocol === Carried.Routing ||
      protocol === Carried.DestinationOptions;
    if (!isOptions && protocol !== Carried.Authentication) break;
    const length = isOptions ? (bytes[place + 1]! + 1) * 8 : (bytes[place + 1]! + 2) * 4;
    protocol = bytes[place]!;
    place += length;
  }
  readTransport(bytes, place, end, protocol, quoted);
  return true;
}

function readTransport(
  bytes: Uint8Array,
  at: number,
  end: number,
  protocol: number,
  quoted: QuotedPacket,
): void {
  quoted.protocol = protocol;
  quoted.sourcePort = 0;
  quoted.destinationPort = 0;
  quoted.icmpType = -1;
  quoted.icmpCode = 0;
  quoted.icmpId = 0;
  if (at + 4 > end) return;
  if (hasPorts(protocol)) {
    quoted.sourcePort = (bytes[at]! << 8) | bytes[at + 1]!;
    quoted.destinationPort = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  } else if (protocol === 1 || protocol === 58) {
    quoted.icmpType = bytes[at]!;
    quoted.icmpCode = bytes[at + 1]!;
    const hasId = protocol === 1 ? hasIcmpId(bytes[at]!) : hasIcmpv6Id(bytes[at]!);
    if (hasId && at + 6 <= end) quoted.icmpId = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  }
}

function lane(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
