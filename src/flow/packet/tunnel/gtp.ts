import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Extension headers that are passed. */
const maxExtensions = 8;
const userData = 255;

/** Reads the header of GTP-U (3GPP TS 29.281 §5.1) with its extension headers (§5.2), of messages that carry a packet. */
export function gtpU(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at]! >> 4 !== 3 || bytes[at + 1] !== userData) return DropReason.Decoded;
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const tunnel =
    ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
  let place = at + 8;
  // One of the flags is enough for all optional fields to be there.
  if ((bytes[at]! & 7) !== 0) {
    if (place + 4 > end) return DropReason.Decoded;
    let next = (bytes[at]! & 4) !== 0 ? bytes[place + 3]! : 0;
    place += 4;
    for (let count = 0; next !== 0; count++) {
      if (place >= end || bytes[place] === 0 || count === maxExtensions) return DropReason.Decoded;
      place += bytes[place]! * 4;
      if (place > end) return DropReason.Decoded;
      next = bytes[place - 1]!;
    }
  }
  if (place >= end) return DropReason.Decoded;
  decoding.at = at + 8;
  decoding.limit(length);
  decoding.at = place;
  return decoding.enter('gtp-u', tunnel, Layer.Ip);
}
