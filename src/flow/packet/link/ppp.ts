import type { Decoding } from '../decoding.ts';
import { DropReason } from '../drop-reason.ts';
import { layerOfEtherType } from '../ethertype.ts';
import { Layer, type Step } from '../step.ts';

/**
 * Reads the header of PPP (RFC 1661 §2, RFC 1662 §3.1): address and control where they were not negotiated away, and the protocol
 * in one byte or two (RFC 1661 §6.5).
 */
export function ppp(decoding: Decoding): Step {
  const { bytes, end } = decoding;
  let { at } = decoding;
  if (at + 2 <= end && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
  if (at + 1 > end) return DropReason.Link;
  let protocol = bytes[at++]!;
  if ((protocol & 1) === 0) {
    if (at + 1 > end) return DropReason.Link;
    protocol = (protocol << 8) | bytes[at++]!;
  }
  decoding.at = at;
  switch (protocol) {
    case 0x0021:
    case 0x0057:
      return Layer.Ip;
    case 0x0281:
    case 0x0283:
      return Layer.Mpls;
    default:
      return DropReason.NotIp;
  }
}

/** Reads PPP on a serial line (LINKTYPE 50): with a first byte of 0x0f or 0x8f it is Cisco's HDLC. */
export function pppSerial(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 1 > end) return DropReason.Link;
  return bytes[at] === 0x0f || bytes[at] === 0x8f ? Layer.Chdlc : Layer.Ppp;
}

/** Reads the header of Cisco's HDLC (RFC 1547 §4.3.1): address, control, EtherType. */
export function chdlc(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 4 > end) return DropReason.Link;
  decoding.at = at + 4;
  return layerOfEtherType((bytes[at + 2]! << 8) | bytes[at + 3]!);
}
