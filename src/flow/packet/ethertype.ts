import type { Decoding } from './decoding.ts';
import { DropReason } from './drop-reason.ts';
import { Layer, type Step } from './step.ts';

/** Returns who reads what an EtherType announces (IEEE 802 registry; protocol types of GRE are the same numbers). */
export function layerOfEtherType(type: number): Step {
  switch (type) {
    case 0x0800:
    case 0x86dd:
      return Layer.Ip;
    case 0x8100:
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300:
      return Layer.Vlan;
    case 0x8847:
    case 0x8848:
      return Layer.Mpls;
    case 0x8864:
      return Layer.Pppoe;
    case 0x880b:
      return Layer.Ppp;
    case 0x6558:
      return Layer.Ethernet;
    case 0x8903:
      return Layer.FabricPath;
    case 0x893f:
      return Layer.ETag;
    case 0x88e7:
      return Layer.ProviderBackbone;
    case 0x8909:
      return Layer.SecurityTag;
    case 0x88e5:
      return Layer.MacSec;
    default:
      return DropReason.NotIp;
  }
}

/** Whether a number is an EtherType that frames of Ethernet usually have: a sign that there is one. */
export function isCommonEtherType(type: number): boolean {
  return layerOfEtherType(type) !== DropReason.NotIp || type === 0x0806 || type === 0x88cc || type === 0x888e;
}

/** Reads an EtherType, and goes behind it. */
export function etherType(decoding: Decoding): Step {
  const { bytes, at, end } = decoding;
  if (at + 2 > end) return DropReason.Link;
  decoding.at = at + 2;
  return layerOfNumber(decoding, (bytes[at]! << 8) | bytes[at + 1]!);
}

/** Says who reads behind a number that is an EtherType or a length (IEEE 802.3 §3.2.6), and ends the frame there. */
export function layerOfNumber(decoding: Decoding, number: number): Step {
  if (number > 1500) return layerOfEtherType(number);
  decoding.limit(number);
  return Layer.Llc;
}
