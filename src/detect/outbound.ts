import { z } from 'zod';
import type { End, Flow, SeenBy } from '../flow/flow.ts';
import { type Address, isLinkLocal, isLoopback, isMulticast, isUnspecified } from '../net/address.ts';
import { type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts';
import { Protocol } from '../net/protocol.ts';

/**
 * Ports of what every machine talks to at regular times anyway: DNS (53, 853, 5353 and 5355 for one link), DHCP, time (123), SSDP. A
 * beacon through DNS itself is a tunnel, which another detector looks for.
 */
const infrastructure: ReadonlySet<number> = new Set([53, 67, 68, 123, 547, 853, 1900, 5353, 5355]);

/** Whether the port is one of DNS, time and the like, see above. */
export function isInfrastructure(port: number): boolean {
  return infrastructure.has(port);
}

/** Whether the address is of a network that nobody routes: RFC 1918, RFC 6598 (carriers' NAT), RFC 4193, link-local, loopback. */
export function isInside(address: Address): boolean {
  const { family, a, d } = address;
  if (isLoopback(address) || isLinkLocal(address)) return true;
  if (family === 6) return a >>> 25 === 0xfc >>> 1;
  return d >>> 24 === 10 || d >>> 20 === 0xac1 || d >>> 16 === 0xc0a8 || d >>> 22 === 0x6440 >>> 6;
}

/**
 * Whether a flow is one to a service somewhere outside that nobody declared, and of the kinds that beacons use: not to many at once, not
 * infrastructure, and not one that this machine itself has accepted.
 */
export function isOutbound({ destination, protocol, seenBy }: Flow): boolean {
  if (protocol !== Protocol.Tcp && protocol !== Protocol.Udp && protocol !== Protocol.Sctp) return false;
  if (seenBy === 'destination' || infrastructure.has(destination.port) || isDeclared(destination))
    return false;
  return isOutside(destination.address);
}

/** Whether the address is one machine's that lies behind the site's way out: not private, not of many at once, not none. */
export function isOutside(address: Address): boolean {
  const isBroadcast = address.family === 4 && address.d === 0xffffffff;
  return !isInside(address) && !isMulticast(address) && !isUnspecified(address) && !isBroadcast;
}

/** Whether a manifest, or this machine, has a name for an end. */
export function isDeclared({ identity }: End): boolean {
  return identity !== undefined && identity.kind !== 'unknown';
}

/** The option of detectors that names public networks of ours. */
export const ownNetworks = z
  .array(z.string().refine((text) => parsePrefix(text) !== undefined, 'is no prefix such as 203.0.113.0/24'))
  .max(64)
  .default([])
  .describe('public networks that are our own');

/** Which ends are ours, where `networks` (see {@link ownNetworks}) are. */
export class Ours {
  readonly #networks: readonly Prefix[];

  constructor(networks: readonly string[]) {
    this.#networks = networks.map((text) => parsePrefix(text)!);
  }

  /** Whether the source is: told of by its own machine, declared, in a private network or in one of ours. */
  hasSource({ source, seenBy }: Flow): boolean {
    return this.#has(source, seenBy, 'source');
  }

  /** Whether the destination is, likewise. */
  hasDestination({ destination, seenBy }: Flow): boolean {
    return this.#has(destination, seenBy, 'destination');
  }

  #has(end: End, seenBy: SeenBy, which: SeenBy): boolean {
    if (seenBy === which || seenBy === 'both' || isDeclared(end) || isInside(end.address)) return true;
    for (const own of this.#networks) if (prefixContains(own, end.address)) return true;
    return false;
  }
}
