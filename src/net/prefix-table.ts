import type { Address, Family } from './address.ts';
import { rank, rankWide } from './boundaries.ts';
import { type Prefix, prefixOf } from './prefix.ts';
import { type PrefixColumns, toColumns } from './prefix-columns.ts';
import { flatten, noOwner, type PrefixRanges } from './prefix-ranges.ts';

/** A prefix and what belongs to it. */
export interface PrefixEntry<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

/**
 * An immutable table that finds the longest prefix containing an address (RFC 1812 §5.2.4.3), over both families.
 * The nested prefixes are flattened to disjoint ranges that each know their owner, so that a lookup is one binary
 * search; IPv4 first narrows it by the leading bits. At most 17 bytes per IPv4 prefix and 256 KB besides the values.
 */
export class PrefixTable<T> {
  private readonly ipv4: FamilyTable<T>;
  private readonly ipv6: FamilyTable<T>;

  private constructor(ipv4: FamilyTable<T>, ipv6: FamilyTable<T>) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  /** Returns the table of the entries. Of several with the same prefix the last one counts. */
  static from<T>(entries: Iterable<readonly [Prefix, T]>): PrefixTable<T> {
    const prefixes: Record<Family, Prefix[]> = { 4: [], 6: [] };
    const values: Record<Family, T[]> = { 4: [], 6: [] };
    for (const [prefix, value] of entries) {
      prefixes[prefix.address.family].push(prefix);
      values[prefix.address.family].push(value);
    }
    return new PrefixTable(
      tableOf(toColumns(prefixes[4], 4), values[4]),
      tableOf(toColumns(prefixes[6], 6), values[6]),
    );
  }

  /** Returns the value of the longest prefix that contains the address, or undefined. */
  lookup(address: Address): T | undefined {
    const table = address.family === 4 ? this.ipv4 : this.ipv6;
    const owner = ownerOf(table, address);
    return owner < 0 ? undefined : table.values[owner];
  }

  /** Returns the longest prefix that contains the address, with its value, or undefined. */
  lookupEntry(address: Address): PrefixEntry<T> | undefined {
    const table = address.family === 4 ? this.ipv4 : this.ipv6;
    const owner = ownerOf(table, address);
    if (owner < 0) return undefined;
    return { prefix: prefixOf(address, table.lengths[owner]!), value: table.values[owner]! };
  }
}

interface FamilyTable<T> extends PrefixRanges {
  readonly lengths: Uint8Array;
  readonly values: readonly T[];
  /** IPv4: `buckets[i]` is the number of starts below i × 2^shift. Empty for IPv6. */
  readonly buckets: Uint32Array;
  readonly shift: number;
}

function tableOf<T>(columns: PrefixColumns, values: readonly T[]): FamilyTable<T> {
  const ranges = flatten(columns);
  const { lengths } = columns;
  if (columns.width === 4) return { ...ranges, lengths, values, buckets: new Uint32Array(0), shift: 0 };
  // About one bucket per two ranges, and 2 to 65536 of them.
  const bits = Math.min(16, Math.max(1, 31 - Math.clz32(ranges.owners.length)));
  return { ...ranges, lengths, values, buckets: bucketsOf(ranges.starts, bits), shift: 32 - bits };
}

function bucketsOf(starts: Uint32Array, bits: number): Uint32Array {
  const size = 2 ** (32 - bits);
  return Uint32Array.from({ length: 2 ** bits + 1 }, (_, i) => rank(starts, i * size - 1, 0, starts.length));
}

function ownerOf<T>(table: FamilyTable<T>, { family, a, b, c, d }: Address): number {
  const { starts, owners, buckets, shift } = table;
  if (family === 6) return owners[rankWide(starts, a, b, c, d) - 1] ?? noOwner;
  const bucket = d >>> shift;
  return owners[rank(starts, d, buckets[bucket]!, buckets[bucket + 1]!) - 1] ?? noOwner;
}
