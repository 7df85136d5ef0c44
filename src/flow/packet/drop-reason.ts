/** Why a frame gives no packet. Numbers are places in arrays of counters; 0 is none. */
export const DropReason = {
  Decoded: 0,
  /** Nobody knows frames of this link type. */
  LinkType: 1,
  /** The frame ends, or was cut, before its IP header begins; or a header before it is impossible. */
  Link: 2,
  /** Carries something else than IP: ARP, LLDP, STP, control messages of PPP, ... */
  NotIp: 3,
  /** Encrypted below IP (802.11, MACsec). */
  Encrypted: 4,
  /** A frame of 802.11 that carries nothing: management, control, null data. */
  NoData: 5,
  /** A later fragment of a frame of 802.11: it has no headers. */
  LinkFragment: 6,
  /** The IP header was not captured whole. */
  IpCut: 7,
  /** Neither IPv4 nor IPv6. */
  IpVersion: 8,
  /** The IP header contradicts itself: lengths smaller than it is. */
  IpHeader: 9,
  /** The chain of IPv6 extension headers is too long, was cut, or does not hold. */
  Extensions: 10,
  /** Ports, or type and code of ICMP, were not captured or are not there. */
  Transport: 11,
  /** Too many headers of tunnels and tags, one in another. */
  Nesting: 12,
} as const;

export type DropReason = (typeof DropReason)[keyof typeof DropReason];

/** Names by number, as in metrics. */
export const dropReasonNames: readonly string[] = [
  'decoded',
  'link-type',
  'link-header',
  'not-ip',
  'encrypted',
  'no-data',
  'link-fragment',
  'ip-cut',
  'ip-version',
  'ip-header',
  'ip-extensions',
  'transport',
  'nesting',
];
