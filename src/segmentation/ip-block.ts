import type { Address } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixCovers, wholeFamily } from '../net/prefix.ts';
import { Ternary, unanimous } from './ternary.ts';
import { fieldsOf } from './values.ts';

/** A compiled `ipBlock`: a prefix with holes. */
export interface IpBlock {
  readonly prefix: Prefix;
  readonly except: readonly Prefix[];
}

/**
 * Returns the compiled form of a networking/v1 IPBlock, or a text that says what is wrong with it. Holes must lie
 * inside the block and be smaller than it (ValidateIPBlock of the API server).
 */
export function compileIpBlock(value: unknown): IpBlock | string {
  const { cidr, except: holes } = fieldsOf(value);
  const prefix = typeof cidr === 'string' ? parsePrefix(cidr) : undefined;
  if (prefix === undefined) return `ipBlock.cidr ${JSON.stringify(cidr)} is not a CIDR`;
  if (holes !== undefined && holes !== null && !Array.isArray(holes)) return 'ipBlock.except is not a list';
  const except: Prefix[] = [];
  for (const text of holes ?? []) {
    const hole = typeof text === 'string' ? parsePrefix(text) : undefined;
    if (hole === undefined) return `ipBlock.except ${JSON.stringify(text)} is not a CIDR`;
    if (!prefixCovers(prefix, hole) || hole.length === prefix.length) {
      return `ipBlock.except ${formatPrefix(hole)} is not a part of ${formatPrefix(prefix)}`;
    }
    except.push(hole);
  }
  return { prefix, except };
}

/** Returns the addresses that lie in any of the blocks. */
export function blockAddresses(blocks: readonly IpBlock[]): AddressSet {
  let all = AddressSet.ofPrefixes(
    blocks.filter(({ except }) => except.length === 0).map(({ prefix }) => prefix),
  );
  for (const { prefix, except } of blocks) {
    if (except.length === 0) continue;
    all = all.union(AddressSet.ofPrefixes([prefix]).subtract(AddressSet.ofPrefixes(except)));
  }
  return all;
}

/** Addresses that no pod has: unspecified, loopback, link-local and multicast ones (ValidateNonSpecialIP, core/v1). */
const special = AddressSet.ofPrefixes(
  ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '::/127', 'fe80::/10', 'ff00::/8'].map(
    (text) => parsePrefix(text) as Prefix,
  ),
);
const ordinary = special.complement();

/**
 * Returns whether something that uses one of these addresses lies in the set. When none is known, it has an address
 * that a pod or node can have: `Maybe`, unless the set holds all or none of those.
 */
export function setContainsOneOf(set: AddressSet, addresses: readonly Address[]): Ternary {
  if (addresses.length > 0) {
    return unanimous(addresses.map((address) => (set.contains(address) ? Ternary.Yes : Ternary.No)));
  }
  if (set.covers(ordinary)) return Ternary.Yes;
  return set.overlaps(ordinary) ? Ternary.Maybe : Ternary.No;
}

/** Returns whether every address of the family of `address` lies in the set. */
export function isWholeFamily(set: AddressSet, { family }: Address): boolean {
  return set.covers(AddressSet.ofPrefixes([wholeFamily(family)]));
}

/** Returns e.g. `10.0.0.0/8 except 10.1.0.0/16`. */
export function blockText({ prefix, except }: IpBlock): string {
  const holes = except.map(formatPrefix).join(', ');
  return holes === '' ? formatPrefix(prefix) : `${formatPrefix(prefix)} except ${holes}`;
}
