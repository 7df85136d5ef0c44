import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Reads the header of an L2TP data message (RFC 2661 §3.1), version 2, which carries PPP. The id is that of the session. */
export function l2tp(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 6 > end) return DropReason.Decoded;
  const flags = (bytes[at]! << 8) | bytes[at + 1]!;
  if ((flags & 0x800f) !== 2) return DropReason.Decoded;
  let place = at + 2;
  if ((flags & 0x4000) !== 0) {
    const length = (bytes[place]! << 8) | bytes[place + 1]!;
    if (length < 8) return DropReason.Decoded;
    decoding.limit(length);
    place += 2;
  }
  if (place + 4 > end) return DropReason.Decoded;
  const session = (bytes[place + 2]! << 8) | bytes[place + 3]!;
  place += 4;
  if ((flags & 0x0800) !== 0) place += 4;
  if ((flags & 0x0200) !== 0) {
    if (place + 2 > end) return DropReason.Decoded;
    place += 2 + ((bytes[place]! << 8) | bytes[place + 1]!);
  }
  if (place >= decoding.end) return DropReason.Decoded;
  decoding.at = place;
  return decoding.enter('l2tp', session, Layer.Ppp);
}
