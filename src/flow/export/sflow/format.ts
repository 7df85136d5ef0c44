/** Formats of samples, as enterprise << 12 | format (sFlow version 5, §5; sflow_drops.txt). */
export const Sample = {
  Flow: 1,
  Counters: 2,
  ExpandedFlow: 3,
  ExpandedCounters: 4,
  Discarded: 5,
} as const;

/** Formats of the records of flow samples. */
export const FlowRecord = {
  Header: 1,
  Ethernet: 2,
  Ipv4: 3,
  Ipv6: 4,
  Switch: 1001,
  Nat: 1007,
  NatPorts: 1020,
} as const;

/** Formats of the records of counter samples. */
export const CounterRecord = { Interface: 1 } as const;

/** What comes first in a sampled header. */
export const HeaderProtocol = { Ethernet: 1, Ipv4: 11, Ipv6: 12 } as const;

/** How an interface of a flow sample is told: by its index; the packet was discarded, for a reason; it went to several. */
export const InterfaceFormat = { Index: 0, Discarded: 1, Several: 2 } as const;

/** No interface of the device: the packet began or ended in it. */
export const internalInterface = 0x3fffffff;

/** Dropped, for an unknown reason (IPFIX element 89). */
const dropped = 128;
/** `forwardingStatus` (IPFIX element 89) of reasons from 256 (sFlow version 5, §5, and sflow_drops.txt); what it has no value for is dropped. */
const statusFrom256: readonly number[] = [
  128, // unknown
  137, // time to live
  129, // access list
  143, // no buffer space
  139, // random early detection
  138, // traffic shaping
  133, // packet too big
];
/** ICMP codes of "destination unreachable" (RFC 792, RFC 1812 §5.2.7.1) for lack of a route. */
const unroutable: ReadonlySet<number> = new Set([0, 1, 5, 6, 7, 8, 11, 12]);
/** Administratively prohibited. */
const prohibited: ReadonlySet<number> = new Set([9, 10, 13]);

/** Returns the value of IPFIX element 89 (RFC 7270 §4.12) for the reason why a packet was discarded. */
export function forwardingStatusOf(reason: number): number {
  if (reason >= 256) return statusFrom256[reason - 256] ?? dropped;
  if (reason === 4) return 133;
  if (unroutable.has(reason)) return 131;
  return prohibited.has(reason) ? 129 : dropped;
}
