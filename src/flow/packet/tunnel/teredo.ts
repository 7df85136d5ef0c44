import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Passes the indications of Teredo (RFC 4380 §5.1.1): authentication, then origin, both optional; IPv6 follows. */
export function teredo(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  let place = at;
  if (place + 4 <= end && bytes[place] === 0 && bytes[place + 1] === 1)
    place += 4 + bytes[place + 2]! + bytes[place + 3]! + 9;
  if (place + 2 <= end && bytes[place] === 0 && bytes[place + 1] === 0) place += 8;
  if (place >= end || bytes[place]! >> 4 !== 6) return DropReason.Decoded;
  decoding.at = place;
  return decoding.enter('teredo', -1, Layer.Ipv6);
}
