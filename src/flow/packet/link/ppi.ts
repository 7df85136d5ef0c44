import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';
import { layerOfLinkType } from './link-types.ts';

const wlanCommon = 2;

/** Reads the header of Per-Packet Information (CACE PPI 1.0.10, little-endian), and says who reads the frame behind it. */
export function ppi(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at] !== 0) return DropReason.Link;
  const length = bytes[at + 2]! | (bytes[at + 3]! << 8);
  if (length < 8 || at + length > end) return DropReason.Link;
  const linkType = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
  decoding.at = at + length;
  // The common field of 802.11 says in its flags, behind eight bytes of time, whether the frame ends with a checksum.
  const isCommon = length >= 22 && (bytes[at + 8]! | (bytes[at + 9]! << 8)) === wlanCommon;
  if (isCommon && (bytes[at + 20]! & 1) !== 0) decoding.trim(4);
  const layer = layerOfLinkType(linkType);
  return layer === Layer.Ppi ? DropReason.LinkType : decoding.tag(layer);
}
