import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { layerOfEtherType } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';
import { plain } from '../transport/transport.ts';

const flag = { checksum: 0x80, routing: 0x40, key: 0x20, sequence: 0x10, acknowledgement: 0x80 } as const;
/** Source route entries (RFC 1701) that are passed. */
const maxRoutes = 16;

/** Reads a GRE header: RFC 2784 with key and sequence (RFC 2890) and routing (RFC 1701), or version 1 of PPTP (RFC 2637 §4.1). */
export function gre(decoding: Decoding): Step {
  plain(decoding);
  const { bytes, at, end } = decoding;
  if (at + 4 > end) return DropReason.Decoded;
  const version = bytes[at + 1]! & 7;
  const type = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (version === 1) return type === 0x880b ? pptp(decoding) : DropReason.Decoded;
  if (version !== 0) return DropReason.Decoded;
  const flags = bytes[at]!;
  const hasSequence = (flags & flag.sequence) !== 0;
  let place = at + 4;
  if ((flags & (flag.checksum | flag.routing)) !== 0) place += 4;
  let key = -1;
  if ((flags & flag.key) !== 0) {
    if (place + 4 > end) return DropReason.Decoded;
    key =
      ((bytes[place]! << 24) | (bytes[place + 1]! << 16) | (bytes[place + 2]! << 8) | bytes[place + 3]!) >>>
      0;
    place += 4;
  }
  if (hasSequence) place += 4;
  if ((flags & flag.routing) !== 0) {
    place = passRoutes(bytes, place, end);
    if (place < 0) return DropReason.Decoded;
  }
  if (place >= end) return DropReason.Decoded;
  decoding.at = place;
  switch (type) {
    // Type I has no header of its own, and is told from II by having no sequence number (draft-foschiano-erspan §4.1).
    case 0x88be:
      return hasSequence ? Layer.ErspanII : Layer.ErspanI;
    case 0x22eb:
      return Layer.ErspanIII;
    // WCCP: version 2 has a header of four bytes before IP.
    case 0x883e:
      if (bytes[place]! >> 4 !== 4) decoding.at = place + 4;
      return decoding.enter('gre', key, Layer.Ip);
  }
  const next = layerOfEtherType(type);
  return next === DropReason.NotIp ? DropReason.Decoded : decoding.enter('gre', key, next);
}

/** Returns the place behind source route entries, the last of which has no length; -1 where they do not hold. */
function passRoutes(bytes: Uint8Array, from: number, end: number): number {
  let place = from;
  for (let count = 0; count < maxRoutes && place + 4 <= end; count++) {
    const family = (bytes[place]! << 8) | bytes[place + 1]!;
    const length = bytes[place + 3]!;
    place += 4 + length;
    if (family === 0 && length === 0) return place;
  }
  return -1;
}

/** PPP in GRE: the lower half of the key is the call that it belongs to; without a sequence number it only acknowledges. */
function pptp(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || (bytes[at]! & flag.key) === 0 || (bytes[at]! & flag.sequence) === 0)
    return DropReason.Decoded;
  const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  const call = (bytes[at + 6]! << 8) | bytes[at + 7]!;
  decoding.at = at + 12 + ((bytes[at + 1]! & flag.acknowledgement) !== 0 ? 4 : 0);
  if (decoding.at >= end) return DropReason.Decoded;
  decoding.limit(length);
  return decoding.enter('gre', call, Layer.Ppp);
}
