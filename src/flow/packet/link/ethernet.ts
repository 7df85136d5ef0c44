import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { etherType, layerOfEtherType, layerOfNumber } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';

/** Reads the header of an Ethernet frame (IEEE 802.3 §3.1.1). */
export function ethernet(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 14 > end) return DropReason.Link;
  decoding.at = at + 14;
  return layerOfNumber(decoding, (bytes[at + 12]! << 8) | bytes[at + 13]!);
}

/** Reads a VLAN tag behind its EtherType (IEEE 802.1Q §9.6). Id 0 is a priority tag and no VLAN. */
export function vlan(decoding: Decoding): Step {
  const { bytes, at, end, packet } = decoding;
  if (at + 4 > end) return DropReason.Link;
  const id = ((bytes[at]! & 0x0f) << 8) | bytes[at + 1]!;
  if (id !== 0 && packet.vlanCount < packet.vlans.length) packet.vlans[packet.vlanCount++] = id;
  decoding.at = at + 4;
  return decoding.tag(layerOfNumber(decoding, (bytes[at + 2]! << 8) | bytes[at + 3]!));
}

/** Reads LLC (IEEE 802.2 §5.4) and SNAP (IEEE 802 §10.3). */
export function llc(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 3 > end) return DropReason.Link;
  const isUnnumbered = bytes[at + 2] === 3;
  if (bytes[at] === 0x06 && bytes[at + 1] === 0x06 && isUnnumbered) {
    decoding.at = at + 3;
    return Layer.Ip;
  }
  if (bytes[at] !== 0xaa || bytes[at + 1] !== 0xaa || !isUnnumbered) return DropReason.NotIp;
  if (at + 8 > end) return DropReason.Link;
  // Organisation 0 has EtherTypes (RFC 1042), 0xf8 too (bridge tunnels, IEEE 802.1H).
  if (bytes[at + 3] !== 0 || bytes[at + 4] !== 0 || (bytes[at + 5] !== 0 && bytes[at + 5] !== 0xf8))
    return DropReason.NotIp;
  decoding.at = at + 8;
  return decoding.tag(layerOfEtherType((bytes[at + 6]! << 8) | bytes[at + 7]!));
}

/** Passes an 802.1BR E-TAG behind its EtherType: six bytes. */
export function eTag(decoding: Decoding): Step {
  decoding.at += 6;
  return decoding.tag(etherType(decoding));
}

/** Passes Cisco MetaData with a security group tag behind its EtherType: version, length, option, tag. */
export function securityTag(decoding: Decoding): Step {
  decoding.at += 6;
  return decoding.tag(etherType(decoding));
}

/** Passes the I-TAG of provider backbone bridging (IEEE 802.1Q §9.7): service, then the customer's addresses. */
export function providerBackbone(decoding: Decoding): Step {
  decoding.at += 16;
  return decoding.tag(etherType(decoding));
}

/** Passes the FTAG of Cisco FabricPath, behind which the frame begins that it carries. */
export function fabricPath(decoding: Decoding): Step {
  decoding.at += 2;
  return decoding.tag(Layer.Ethernet);
}

/** Passes the tag of MACsec (IEEE 802.1AE §9.3) where it only protects integrity: what it encrypts cannot be read. */
export function macSec(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 6 > end) return DropReason.Link;
  const control = bytes[at]!;
  if ((control & 0x0c) !== 0) return DropReason.Encrypted;
  decoding.at = at + ((control & 0x20) !== 0 ? 14 : 6);
  decoding.trim(16);
  return decoding.tag(etherType(decoding));
}
