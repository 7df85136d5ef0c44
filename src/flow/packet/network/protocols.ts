import { Layer, type Step } from '../step.ts';

/** Numbers of protocols that only decoding speaks of (IANA, Assigned Internet Protocol Numbers). */
export const Carried = {
  HopByHop: 0,
  Ipv4: 4,
  Dccp: 33,
  Ipv6: 41,
  Routing: 43,
  Fragment: 44,
  Gre: 47,
  Esp: 50,
  Authentication: 51,
  NoNextHeader: 59,
  DestinationOptions: 60,
  UdpLite: 136,
  Mpls: 137,
} as const;

/** Returns who reads what IP carries. */
export function layerOfProtocol(protocol: number): Step {
  switch (protocol) {
    case 6:
      return Layer.Tcp;
    case 17:
      return Layer.Udp;
    case 1:
      return Layer.Icmp;
    case 58:
      return Layer.Icmpv6;
    case 132:
      return Layer.Sctp;
    case Carried.Ipv4:
    case Carried.Ipv6:
      return Layer.IpInIp;
    case Carried.Gre:
      return Layer.Gre;
    case Carried.Dccp:
      return Layer.Dccp;
    case Carried.UdpLite:
      return Layer.UdpLite;
    case Carried.Mpls:
      return Layer.MplsInIp;
    default:
      return Layer.Plain;
  }
}

/** Whether the first four bytes of a protocol are its ports. */
export function hasPorts(protocol: number): boolean {
  return (
    protocol === 6 ||
    protocol === 17 ||
    protocol === 132 ||
    protocol === Carried.Dccp ||
    protocol === Carried.UdpLite
  );
}
