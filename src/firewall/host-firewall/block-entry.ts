import { addressBits, type Family } from '../../net/address.ts';
import { formatPrefix, type Prefix } from '../../net/prefix.ts';
import { prefixText } from './rule-text.ts';

/** The sets of nft that one block set is made of. */
export interface BlockSetNames {
  /** Single addresses: a hash, in which an addition costs the same however many there are. */
  readonly single: string;
  /**
   * Ranges, each with the protocols that it is shut out from. A concatenation with intervals, since an addition to a plain set
   * of intervals costs as much as all that is in it.
   */
  readonly ranges: string;
}

/** Returns the names of the sets that hold the addresses of one IP version of a block set. */
export function blockSetNames(name: string, family: Family): BlockSetNames {
  return { single: `block_${name}_ip${family}`, ranges: `block_${name}_net${family}` };
}

/** Returns which set of `table inet picket` an address or range belongs into, and as what element. */
export function blockEntry(name: string, prefix: Prefix): { readonly set: string; readonly element: string } {
  const { family } = prefix.address;
  const { single, ranges } = blockSetNames(name, family);
  if (prefix.length === addressBits(family)) return { set: single, element: prefixText(prefix) };
  return { set: ranges, element: `${formatPrefix(prefix)} . 0-255` };
}
