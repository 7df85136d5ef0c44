import { type Address, parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import type { PortSet } from '../../net/port-set.ts';
import { hostPrefix } from '../../net/prefix.ts';
import { addressesOf, type Endpoint } from '../../segmentation/endpoint.ts';
import { apiProtocols } from '../../segmentation/protocol.ts';
import type { Owner } from '../address-book.ts';
import type { Declared } from '../posture.ts';
import type { ReachEnd } from '../reach/end.ts';
import type { PortsOf } from './transitions.ts';

/** Addresses for documentation (RFC 5737, RFC 3849): whoever reads them knows that they stand for any. */
const documentation: readonly Address[] = ['198.51.100.1', '203.0.113.1', '192.0.2.1', '2001:db8::1'].map(
  (text) => parseAddress(text) as Address,
);

/**
 * Returns one address of the set, one that is for documentation when it has any; undefined for the empty set. Where it
 * can, none that the given sets of manifests declare: that would be the declared thing, not something outside.
 */
export function exampleAddress(range: AddressSet, ...declared: readonly Declared[]): Address | undefined {
  const free = (address: Address) => declared.every(({ addresses }) => !isInside(addresses.owner(address)));
  const known = documentation.find((address) => range.contains(address) && free(address));
  if (known !== undefined) return known;
  const first = range.first();
  if (first === undefined || free(first)) return first;
  return declared.reduce((set, one) => set.subtract(declaredAddresses(one)), range).first() ?? first;
}

/** Returns the addresses of declared pods, nodes and Services: what has one of them is nothing outside. */
export function declaredAddresses({ inventory }: Declared): AddressSet {
  const { workloads, nodes, services } = inventory;
  const own = [
    ...workloads.flatMap(addressesOf),
    ...nodes.flatMap(({ addresses }) => addresses),
    ...services.flatMap(({ addresses }) => addresses),
  ];
  return AddressSet.ofPrefixes(own.map(hostPrefix));
}

function isInside(owner: Owner | undefined): boolean {
  return owner !== undefined && owner.kind !== 'host';
}

/**
 * Returns one protocol and port out of the given ones: a port that the destination's containers declare when there is
 * one, else the lowest real one. Undefined when there is no port at all.
 */
export function examplePort(
  ports: readonly PortsOf[],
  destination: ReachEnd | undefined,
): { readonly protocol: PortsOf['protocol']; readonly port: number } | undefined {
  if (destination?.kind === 'workload') {
    for (const declared of destination.workload.ports) {
      const entry = ports.find(({ protocol }) => apiProtocols[protocol] === declared.protocol);
      if (entry?.ports.contains(declared.port)) return { protocol: entry.protocol, port: declared.port };
    }
  }
  for (const entry of ports) {
    const port = lowest(entry.ports);
    if (port !== undefined) return { protocol: entry.protocol, port };
  }
  return undefined;
}

function lowest(ports: PortSet): number | undefined {
  const [first, second] = ports.ranges();
  if (first?.from !== 0) return first?.from;
  // Port 0 is reserved (RFC 6335): it stands for itself only when there is no other.
  return first.to > 0 ? 1 : (second?.from ?? 0);
}

/** Returns the end as one that a verdict can be asked for; undefined for an entry and for what nothing declares. */
export function endpointOf(
  end: ReachEnd,
  { addresses }: Declared,
  address: Address | undefined,
): Endpoint | undefined {
  if (end.kind === 'workload') return { kind: 'workload', workload: end.workload };
  return end.kind === 'external' && address !== undefined ? addresses.endpoint(address) : undefined;
}
