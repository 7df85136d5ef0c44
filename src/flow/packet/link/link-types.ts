import { DropReason } from '../drop-reason.ts';
import { Layer, type Step } from '../step.ts';

/** Who reads frames of a link type first, by the number that it has in the registry of tcpdump.org. */
const layers: Uint8Array = new Uint8Array(512).fill(DropReason.LinkType);
layers[0] = Layer.Null;
layers[1] = Layer.Ethernet;
layers[9] = Layer.Ppp;
layers[12] = Layer.Ip;
layers[14] = Layer.Ip;
layers[50] = Layer.PppSerial;
layers[51] = Layer.Pppoe;
layers[101] = Layer.Ip;
layers[104] = Layer.Chdlc;
layers[105] = Layer.Wlan;
layers[108] = Layer.Null;
layers[113] = Layer.CookedV1;
layers[117] = Layer.Pflog;
layers[127] = Layer.Radiotap;
layers[192] = Layer.Ppi;
layers[228] = Layer.Ip;
layers[229] = Layer.Ip;
layers[239] = Layer.Nflog;
layers[276] = Layer.CookedV2;

/** Returns the layer of a link type, or {@link DropReason.LinkType}. */
export function layerOfLinkType(linkType: number): Step {
  return layers[linkType] ?? DropReason.LinkType;
}
