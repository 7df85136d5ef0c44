import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Goes into a mirrored frame without a header of its own (draft-foschiano-erspan §4.1). */
export function erspanI(decoding: Decoding): Step {
  return decoding.enter('erspan', -1, Layer.Ethernet);
}

/** Reads a header of type II: eight bytes, version 1, the session in its ten lowest bits of the first word (§4.2). */
export function erspanII(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at]! >> 4 !== 1) return DropReason.Decoded;
  decoding.at = at + 8;
  return decoding.enter('erspan', session(bytes, at), Layer.Ethernet);
}

/** Reads a header of type III: twelve bytes, version 2, and eight more where its last bit is set (§4.3). Frames may be bare IP. */
export function erspanIII(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 12 > end || bytes[at]! >> 4 !== 2) return DropReason.Decoded;
  const frameType = (bytes[at + 10]! >> 2) & 0x1f;
  const hasPlatform = (bytes[at + 11]! & 1) !== 0;
  decoding.at = at + (hasPlatform ? 20 : 12);
  return decoding.enter('erspan', session(bytes, at), frameType === 2 ? Layer.Ip : Layer.Ethernet);
}

function session(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 2]! & 3) << 8) | bytes[at + 3]!;
}
