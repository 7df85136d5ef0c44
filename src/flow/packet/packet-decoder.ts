import type { Frame } from '../capture/frame.ts';
import { Decoding, maxTunnels } from './decoding.ts';
import { DropReason, dropReasonNames } from './drop-reason.ts';

import { type FragmentCounters, FragmentTable, type FragmentTableOptions } from './fragment-table.ts';
import { cookedV1, cookedV2 } from './link/cooked.ts';
import {
  eTag,
  ethernet,
  fabricPath,
  llc,
  macSec,
  providerBackbone,
  securityTag,
  vlan,
} from './link/ethernet.ts';
import { layerOfLinkType } from './link/link-types.ts';
import { nflog } from './link/nflog.ts';
import { nullLoop } from './link/null.ts';
import { pflog } from './link/pflog.ts';
import { ppi } from './link/ppi.ts';
import { chdlc, ppp, pppSerial } from './link/ppp.ts';
import { radiotap, wlan } from './link/wlan.ts';
import { ip, ipv4 } from './network/ipv4.ts';
import { ipv6 } from './network/ipv6.ts';
import type { Packet } from './packet.ts';
import { firstLayer, Layer, type Step } from './step.ts';
import { icmp, icmpv6 } from './transport/icmp.ts';
import { dccp, sctp } from './transport/sctp.ts';
import { tcp } from './transport/tcp.ts';
import { plain } from './transport/transport.ts';
import { udp, udpLite } from './transport/udp.ts';
import { capwap } from './tunnel/capwap.ts';
import { erspanI, erspanII, erspanIII } from './tunnel/erspan.ts';
import { gre } from './tunnel/gre.ts';
import { gtpU } from './tunnel/gtp.ts';
import { ipInIp, mplsInIp } from './tunnel/ip-in-ip.ts';
import { l2tp } from './tunnel/l2tp.ts';
import { mpls } from './tunnel/mpls.ts';
import { pppoe } from './tunnel/pppoe.ts';
import { teredo } from './tunnel/teredo.ts';
import { geneve, vxlan } from './tunnel/vxlan.ts';
import { UsualFrames } from './usual-frames.ts';

export interface PacketDecoderOptions {
  /**
   * Whether tunnels that have addresses of their own are opened, so that the packet is the innermost one. Tags, labels and sessions below
   * IP are always passed. Default true.
   */
  readonly tunnels?: boolean;
  readonly fragments?: FragmentTableOptions;
}

/**
 * Makes packets of captured frames. Nothing is allocated for a frame, nothing is thrown for one; depth and memory are bounded. A payload
 * that looks like a tunnel and holds no packet is what the outer conversation carries. Of a fragmented tunnel packet the first fragment is
 * one of the inner conversation, the later ones are of the outer.
 */
export class PacketDecoder {
  /** Frames by {@link DropReason}: those decoded at 0; together as many as were given. */
  readonly counts: Float64Array = new Float64Array(dropReasonNames.length);
  /** Packets decoded that are of the outer conversation because what the tunnel holds is none, by reason of that. */
  readonly outerCounts: Float64Array = new Float64Array(dropReasonNames.length);
  /** Packets decoded whose transport header was cut or does not hold ({@link Packet.transportWhole}), later fragments aside. */
  brokenTransports = 0;
  readonly #fragments: FragmentTable;
  readonly #usual = new UsualFrames();
  readonly #decoding: Decoding;
  readonly #maxOpened: number;

  constructor({ tunnels = true, fragments = {} }: PacketDecoderOptions = {}) {
    this.#fragments = new FragmentTable(fragments);
    this.#decoding = new Decoding(this.#fragments);
    this.#maxOpened = tunnels ? maxTunnels : 0;
  }

  /** What was counted of fragments. */
  get fragmentCounters(): Readonly<FragmentCounters> {
    return this.#fragments.counters;
  }

  /** Bytes held, whatever comes. */
  get stateBytes(): number {
    return this.#fragments.bytes;
  }

  /**
   * Fills in `packet` from a frame and returns 0, or returns why that is not possible; then the packet means nothing. Its places of the
   * payload are valid as long as the frame is.
   */
  decode(frame: Frame, packet: Packet): DropReason {
    packet.seconds = frame.seconds;
    packet.nanoseconds = frame.nanoseconds;
    packet.wireLength = frame.wireLength;
    packet.interface = frame.interface;
    if (this.#usual.read(frame, packet)) {
      this.counts[DropReason.Decoded]!++;
      return DropReason.Decoded;
    }
    const decoding = this.#decoding;
    let step = this.#read(frame, packet, this.#maxOpened);
    if (step !== DropReason.Decoded && decoding.opened > 0) {
      // The innermost tunnel holds none: the conversation around it is read again, which costs less than keeping it for all others.
      this.outerCounts[step]!++;
      decoding.isAgain = true;
      step = this.#read(frame, packet, decoding.opened - 1);
      decoding.isAgain = false;
    }
    if (step === DropReason.Decoded && !packet.transportWhole && packet.fragmentOffset === 0)
      this.brokenTransports++;
    this.counts[step]!++;
    return step as DropReason;
  }

  #read(frame: Frame, packet: Packet, maxOpened: number): Step {
    const decoding = this.#decoding;
    decoding.begin(frame, packet, maxOpened);
    let step = layerOfLinkType(frame.linkType);
    while (step >= firstLayer) step = read(step, decoding);
    return step;
  }
}

/** Has one layer read. The usual ones come first. */
function read(layer: Step, decoding: Decoding): Step {
  switch (layer) {
    case Layer.Ethernet:
      return ethernet(decoding);
    case Layer.Ip:
      return ip(decoding);
    case Layer.Ipv4:
      return ipv4(decoding);
    case Layer.Tcp:
      return tcp(decoding);
    case Layer.Udp:
      return udp(decoding);
    case Layer.Ipv6:
      return ipv6(decoding);
    case Layer.Vlan:
      return vlan(decoding);
    case Layer.Icmp:
      return icmp(decoding);
    case Layer.Icmpv6:
      return icmpv6(decoding);
    case Layer.Plain:
      return plain(decoding);
    case Layer.Vxlan:
      return vxlan(decoding);
    case Layer.Gre:
      return gre(decoding);
    case Layer.IpInIp:
      return ipInIp(decoding);
    case Layer.GtpU:
      return gtpU(decoding);
    case Layer.Geneve:
      return geneve(decoding);
    case Layer.Mpls:
      return mpls(decoding);
    case Layer.Pppoe:
      return pppoe(decoding);
    case Layer.Ppp:
      return ppp(decoding);
    default:
      return readRare(layer, decoding);
  }
}

function readRare(layer: Step, decoding: Decoding): Step {
  switch (layer) {
    case Layer.Llc:
      return llc(decoding);
    case Layer.Wlan:
      return wlan(decoding);
    case Layer.Radiotap:
      return radiotap(decoding);
    case Layer.Null:
      return nullLoop(decoding);
    case Layer.PppSerial:
      return pppSerial(decoding);
    case Layer.Chdlc:
      return chdlc(decoding);
    case Layer.CookedV1:
      return cookedV1(decoding);
    case Layer.CookedV2:
      return cookedV2(decoding);
    case Layer.Nflog:
      return nflog(decoding);
    case Layer.Pflog:
      return pflog(decoding);
    case Layer.Ppi:
      return ppi(decoding);
    case Layer.UdpLite:
      return udpLite(decoding);
    case Layer.Sctp:
      return sctp(decoding);
    case Layer.Dccp:
      return dccp(decoding);
    case Layer.Teredo:
      return teredo(decoding);
    case Layer.Capwap:
      return capwap(decoding);
    case Layer.L2tp:
      return l2tp(decoding);
    case Layer.MplsInIp:
      return mplsInIp(decoding);
    case Layer.ErspanI:
      return erspanI(decoding);
    case Layer.ErspanII:
      return erspanII(decoding);
    case Layer.ErspanIII:
      return erspanIII(decoding);
    case Layer.FabricPath:
      return fabricPath(decoding);
    case Layer.ETag:
      return eTag(decoding);
    case Layer.ProviderBackbone:
      return providerBackbone(decoding);
    case Layer.SecurityTag:
      return securityTag(decoding);
    case Layer.MacSec:
      return macSec(decoding);
    default:
      return DropReason.LinkType;
  }
}
