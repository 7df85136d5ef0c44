import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { layerOfEtherType } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';

/** Reads a VXLAN header (RFC 7348 §5): only with the flag that says that there is a network identifier. */
export function vxlan(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || (bytes[at]! & 0x08) === 0) return DropReason.Decoded;
  decoding.at = at + 8;
  return decoding.enter('vxlan', networkOf(bytes, at), Layer.Ethernet);
}

/** Reads a GENEVE header (RFC 8926 §3.4): version 0, options of up to 252 bytes, an EtherType. */
export function geneve(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 8 > end || bytes[at]! >> 6 !== 0) return DropReason.Decoded;
  const length = 8 + (bytes[at]! & 0x3f) * 4;
  // Control messages are between the ends of the tunnel.
  if ((bytes[at + 1]! & 0x80) !== 0 || at + length > end) return DropReason.Decoded;
  const next = layerOfEtherType((bytes[at + 2]! << 8) | bytes[at + 3]!);
  if (next === DropReason.NotIp) return DropReason.Decoded;
  decoding.at = at + length;
  return decoding.enter('geneve', networkOf(bytes, at), next);
}

function networkOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!;
}
