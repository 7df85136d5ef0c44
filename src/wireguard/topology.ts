import type { Range } from '../manifest/locations.ts';
import { sameAddress } from '../net/address.ts';
import { type Prefix, prefixContains, prefixCovers } from '../net/prefix.ts';
import { PrefixTable } from '../net/prefix-table.ts';
import type { Field, InterfaceAddress, WireguardConfig, WireguardPeer } from './model.ts';

/** Returns which addresses lie behind which peer: the longest of all AllowedIPs counts; of equal ones the last (wg(8)). */
export function peerRoutes({ peers }: WireguardConfig): PrefixTable<WireguardPeer> {
  return PrefixTable.from(
    peers.flatMap((peer) => peer.allowedIps.map(({ value }): [Prefix, WireguardPeer] => [value, peer])),
  );
}

/** Two AllowedIPs of different peers that hold the same addresses. */
export interface Overlap {
  readonly outer: Field<Prefix>;
  readonly inner: Field<Prefix>;
  readonly outerPeer: WireguardPeer;
  readonly innerPeer: WireguardPeer;
  /** Equal prefixes: the later peer takes all traffic from the earlier. Else the inner one takes its part. */
  readonly equal: boolean;
}

/** How many overlaps of one interface are told. */
const mostOverlaps = 100;

/** Returns the overlapping AllowedIPs between peers of one interface, the first hundred. */
export function overlappingPeers({ peers }: WireguardConfig): Overlap[] {
  const all = peers.flatMap((peer) => peer.allowedIps.map((field) => ({ peer, field })));
  // Outer prefixes come before those inside them, so that a stack of the enclosing ones suffices.
  const sorted = all.toSorted((a, b) => {
    const [x, y] = [a.field.value, b.field.value];
    const { address: p } = x;
    const { address: q } = y;
    return p.family - q.family || p.a - q.a || p.b - q.b || p.c - q.c || p.d - q.d || x.length - y.length;
  });
  const found: Overlap[] = [];
  const enclosing: typeof sorted = [];
  for (const one of sorted) {
    const { length } = one.field.value;
    while (enclosing.length > 0 && !prefixCovers(enclosing.at(-1)!.field.value, one.field.value))
      enclosing.pop();
    for (const outer of enclosing) {
      if (found.length >= mostOverlaps) return found;
      if (outer.peer === one.peer) continue;
      const equal = outer.field.value.length === length;
      found.push({ outer: outer.field, inner: one.field, outerPeer: outer.peer, innerPeer: one.peer, equal });
    }
    const again = enclosing.some(({ peer, field }) => peer === one.peer && field.value.length === length);
    if (!again) enclosing.push(one);
  }
  return found;
}

/** How many own addresses are compared with all peers. */
const mostAddresses = 100;

/**
 * Returns the own addresses (of the first hundred) that lie inside a peer's AllowedIPs, with these. A default route is left
 * out.
 */
export function ownAddressesAtPeers({ interface: own, peers }: WireguardConfig): {
  readonly address: Field<InterfaceAddress>;
  readonly allowed: Field<Prefix>;
  readonly peer: WireguardPeer;
}[] {
  return (own?.addresses ?? [])
    .slice(0, mostAddresses)
    .flatMap((address) =>
      peers.flatMap((peer) =>
        peer.allowedIps
          .filter(({ value }) => value.length > 0 && prefixContains(value, address.value.address))
          .map((allowed) => ({ address, allowed, peer })),
      ),
    );
}

/** One end of tunnels, by its name. */
export interface TunnelEnd {
  readonly name: string;
  readonly config: WireguardConfig;
}

/** Something that only one end may have, and two have. */
export interface Duplicate {
  readonly what: 'private key' | 'address';
  readonly first: { readonly end: TunnelEnd; readonly at: Range };
  readonly second: { readonly end: TunnelEnd; readonly at: Range };
}

/** Returns the private keys and addresses that several ends share; each is told against the first that has it. */
export function duplicates(ends: readonly TunnelEnd[]): Duplicate[] {
  const seen = new Map<string, { readonly end: TunnelEnd; readonly at: Range }>();
  const found: Duplicate[] = [];
  const note = (what: Duplicate['what'], key: string, second: { end: TunnelEnd; at: Range }) => {
    const first = seen.get(`${what} ${key}`);
    if (first === undefined) seen.set(`${what} ${key}`, second);
    else if (first.end !== second.end) found.push({ what, first, second });
  };
  for (const end of ends) {
    const own = end.config.interface;
    if (own?.privateKey) note('private key', own.privateKey.value.publicKey, { end, at: own.privateKey.at });
    for (const { value, at } of own?.addresses ?? [])
      note('address', JSON.stringify(value.address), { end, at });
  }
  return found;
}

/** A peer of one end that is another end. */
export interface Link {
  readonly end: TunnelEnd;
  readonly peer: WireguardPeer;
  readonly other: TunnelEnd;
  /** What the other end says of this one; undefined when it does not know it, so that no handshake succeeds. */
  readonly back: WireguardPeer | undefined;
}

/** Returns which peer of which end is which other end, by public keys. */
export function links(ends: readonly TunnelEnd[]): Link[] {
  const byKey = new Map<string, TunnelEnd>();
  for (const end of ends) {
    const key = end.config.interface?.privateKey?.value.publicKey;
    if (key !== undefined && !byKey.has(key)) byKey.set(key, end);
  }
  return ends.flatMap((end) => {
    const own = end.config.interface?.privateKey?.value.publicKey;
    return end.config.peers.flatMap((peer): Link[] => {
      const other = peer.publicKey && byKey.get(peer.publicKey.value);
      if (other === undefined || other === end) return [];
      const back = other.config.peers.find(({ publicKey }) => publicKey?.value === own);
      return [{ end, peer, other, back }];
    });
  });
}

/**
 * Returns the peers that have to open the conversation themselves, since their Endpoint is not known here: for those
 * the listening port has to be reachable from outside, and fixed.
 */
export function diallingPeers({ peers }: WireguardConfig): WireguardPeer[] {
  return peers.filter(({ endpoint }) => endpoint === undefined);
}

/** Tells whether the interface has this very address. */
export function hasAddress(
  { interface: own }: WireguardConfig,
  address: InterfaceAddress['address'],
): boolean {
  return (own?.addresses ?? []).some(({ value }) => sameAddress(value.address, address));
}
