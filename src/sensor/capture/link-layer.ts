/** LINKTYPE numbers (the registry of tcpdump.org). */
export const LinkType = { ethernet: 1, raw: 101, ieee80211: 105, radiotap: 127 } as const;

/** By what Linux calls the hardware of an interface (ARPHRD_…, linux/if_arp.h). */
const byHardware: ReadonlyMap<number, number> = new Map([
  [1, LinkType.ethernet],
  // The loopback interface has headers of Ethernet, of zeros.
  [772, LinkType.ethernet],
  [801, LinkType.ieee80211],
  [803, LinkType.radiotap],
]);

/** ARPHRD_LOOPBACK. */
export const loopbackHardware = 772;

/**
 * Returns the link type of frames of an interface with its header; undefined where the header is of no use, or where there is none (tun,
 * WireGuard, IP tunnels, PPP), so that only the packet of the network is taken, as {@link LinkType.raw}.
 */
export function linkTypeOf(hardware: number): number | undefined {
  return byHardware.get(hardware);
}
