import type { Address } from '../net/address.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixContains, prefixCovers } from '../net/prefix.ts';
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

/** Returns whether the address lies in the block. */
export function blockContains({ prefix, except }: IpBlock, address: Address): boolean {
  return prefixContains(prefix, address) && !except.some((hole) => prefixContains(hole, address));
}

/** Returns whether something that uses one of these addresses lies in the block; `Maybe` when none is known. */
export function blockContainsOneOf(block: IpBlock, addresses: readonly Address[]): Ternary {
  return unanimous(addresses.map((address) => (blockContains(block, address) ? Ternary.Yes : Ternary.No)));
}

/** Returns whether every address of the family of `address` lies in the block. */
export function isWholeFamily({ prefix, except }: IpBlock, { family }: Address): boolean {
  return prefix.length === 0 && except.length === 0 && prefix.address.family === family;
}

/** Returns e.g. `10.0.0.0/8 except 10.1.0.0/16`. */
export function blockText({ prefix, except }: IpBlock): string {
  const holes = except.map(formatPrefix).join(', ');
  return holes === '' ? formatPrefix(prefix) : `${formatPrefix(prefix)} except ${holes}`;
}
