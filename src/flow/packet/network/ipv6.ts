import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { passAuthentication } from './authentication.ts';
import { laterFragment } from './ipv4.ts';
import { Carried, layerOfProtocol } from './protocols.ts';

/** Extension headers that are followed; more than anybody sends in earnest (RFC 8883 has hosts refuse long chains). */
const maxExtensions = 16;

/** Reads the header of IPv6 (RFC 8200 §3) and its extension headers (§4). */
export function ipv6(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  if (at + 40 > end) return DropReason.IpCut;
  const { source, destination } = packet;
  packet.family = 6;
  for (let lane = 0; lane < 4; lane++) {
    const from = at + 8 + lane * 4;
    source[lane] =
      (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
    destination[lane] =
      (bytes[from + 16]! << 24) | (bytes[from + 17]! << 16) | (bytes[from + 18]! << 8) | bytes[from + 19]!;
  }
  const next = bytes[at + 6]!;
  packet.ttl = bytes[at + 7]!;
  packet.protocol = next;
  decoding.at = at + 40;
  const told = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  // 0 is for jumbograms (RFC 2675) and what a card cuts into segments, or true where the next header needs nothing behind it.
  const mayBeEmpty =
    decoding.wireEnd - decoding.at < 0x10000 && next !== 6 && next !== 17 && !isExtension(next);
  if (told !== 0 || mayBeEmpty) {
    decoding.wireEnd = at + 40 + told;
    decoding.end = Math.min(end, decoding.wireEnd);
  }
  packet.ipLength = decoding.wireEnd - at;
  if (isExtension(next)) return extensions(decoding, next, at, told === 0);
  return layerOfProtocol(next);
}

function isExtension(protocol: number): boolean {
  return (
    protocol === Carried.HopByHop ||
    protocol === Carried.Routing ||
    protocol === Carried.Fragment ||
    protocol === Carried.Authentication ||
    protocol === Carried.DestinationOptions
  );
}

function extensions(decoding: Decoding, first: number, headerAt: number, mayBeJumbo: boolean): Step {
  const { bytes, packet } = decoding;
  let next = first;
  for (let count = 0; isExtension(next); count++) {
    if (count === maxExtensions) return DropReason.Extensions;
    const { at, end } = decoding;
    if (next === Carried.Authentication) {
      next = passAuthentication(decoding);
      if (next < 0) return DropReason.Extensions;
      continue;
    }
    if (at + 8 > end) return DropReason.Extensions;
    if (next === Carried.Fragment) {
      const fragment = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      next = bytes[at]!;
      decoding.at = at + 8;
      // Without an offset and without more to come it is whole: an atomic fragment (RFC 6946).
      if ((fragment & 0xfff9) !== 0) {
        packet.fragmentId =
          ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
        packet.fragmentOffset = fragment & 0xfff8;
        packet.moreFragments = (fragment & 1) !== 0;
        if (packet.fragmentOffset !== 0) {
          packet.protocol = next;
          return laterFragment(decoding, next);
        }
        decoding.fragmentProtocol = next;
        decoding.fragmentStart = decoding.at;
      }
      continue;
    }
    const length = (bytes[at + 1]! + 1) * 8;
    if (mayBeJumbo && next === Carried.HopByHop) jumbo(decoding, headerAt, length);
    if (at + length > decoding.end) return DropReason.Extensions;
    next = bytes[at]!;
    decoding.at = at + length;
  }
  packet.protocol = next;
  return next === Carried.NoNextHeader ? Layer.Plain : layerOfProtocol(next);
}

/** Takes the length from a jumbo payload option (RFC 2675 §2) among the hop-by-hop options, where there is one. */
function jumbo(decoding: Decoding, headerAt: number, length: number): void {
  const { bytes, at, packet } = decoding;
  const optionsEnd = Math.min(at + length, decoding.end);
  for (let place = at + 2; place < optionsEnd; ) {
    const type = bytes[place]!;
    if (type === 0) {
      place++;
      continue;
    }
    if (place + 2 > optionsEnd) return;
    if (type === 0xc2 && bytes[place + 1] === 4 && place + 6 <= optionsEnd) {
      const told =
        ((bytes[place + 2]! << 24) |
          (bytes[place + 3]! << 16) |
          (bytes[place + 4]! << 8) |
          bytes[place + 5]!) >>>
        0;
      if (told < 0x10000) return;
      packet.ipLength = 40 + told;
      decoding.wireEnd = headerAt + packet.ipLength;
      decoding.end = Math.min(decoding.end, decoding.wireEnd);
      return;
    }
    place += 2 + bytes[place + 1]!;
  }
}
