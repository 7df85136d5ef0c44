import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { layerOfEtherType } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';

/** Reads the header of a Linux cooked capture, version 1 (LINKTYPE_LINUX_SLL): protocol at its end. */
export function cookedV1(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 16 > end) return DropReason.Link;
  const hardware = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  decoding.at = at + 16;
  return layerOfCooked(hardware, (bytes[at + 14]! << 8) | bytes[at + 15]!);
}

/** Reads the header of a Linux cooked capture, version 2 (LINKTYPE_LINUX_SLL2): protocol at its beginning. */
export function cookedV2(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 20 > end) return DropReason.Link;
  const hardware = (bytes[at + 8]! << 8) | bytes[at + 9]!;
  decoding.at = at + 20;
  return layerOfCooked(hardware, (bytes[at]! << 8) | bytes[at + 1]!);
}

/** What follows depends on the kind of the interface first (ARPHRD_ numbers of Linux), then on the protocol. */
function layerOfCooked(hardware: number, protocol: number): Step {
  if (hardware === 803) return Layer.Radiotap;
  if (hardware === 801) return Layer.Wlan;
  if (hardware === 824) return DropReason.NotIp;
  // ETH_P_802_2: a frame with a length, of which LLC is what is left.
  return protocol === 4 ? Layer.Llc : layerOfEtherType(protocol);
}
