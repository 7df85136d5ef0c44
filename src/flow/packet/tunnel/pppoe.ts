import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Reads the header of a PPPoE session (RFC 2516 §4): version and type 1, code 0, session, length. */
export function pppoe(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 6 > end) return DropReason.Link;
  if (bytes[at] !== 0x11) return DropReason.Link;
  // Other codes are of discovery.
  if (bytes[at + 1] !== 0) return DropReason.NotIp;
  const session = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  decoding.at = at + 6;
  decoding.limit((bytes[at + 4]! << 8) | bytes[at + 5]!);
  return decoding.enter('pppoe', session, Layer.Ppp);
}
