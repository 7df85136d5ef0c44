/**
 * What a layer says comes next: a number of {@link DropReason} when the packet is done with (0: decoded), else the layer that is to read
 * on. Layers never call one another, so that depth costs no stack and is bounded in one place.
 */
export type Step = number;

/** Layers by number; all are greater than any reason. */
export const Layer = {
  Ethernet: 32,
  Vlan: 34,
  Llc: 35,
  Wlan: 36,
  Radiotap: 37,
  Null: 38,
  Ppp: 39,
  PppSerial: 40,
  Chdlc: 41,
  CookedV1: 42,
  CookedV2: 43,
  Nflog: 44,
  Pflog: 45,
  Ppi: 46,
  /** IPv4 or IPv6, as the first four bits say. */
  Ip: 50,
  Ipv4: 51,
  Ipv6: 52,
  Tcp: 60,
  Udp: 61,
  UdpLite: 62,
  Icmp: 63,
  Icmpv6: 64,
  Sctp: 65,
  Dccp: 66,
  /** A protocol without ports. */
  Plain: 67,
  Mpls: 80,
  Pppoe: 81,
  IpInIp: 82,
  Gre: 83,
  Vxlan: 84,
  Geneve: 85,
  GtpU: 86,
  Teredo: 87,
  Capwap: 88,
  L2tp: 89,
  /** MPLS straight in IP. */
  MplsInIp: 90,
  ErspanI: 91,
  ErspanII: 92,
  ErspanIII: 93,
  FabricPath: 94,
  ETag: 95,
  ProviderBackbone: 96,
  SecurityTag: 97,
  MacSec: 98,
} as const;

/** The smallest number of a layer. */
export const firstLayer = 32;
