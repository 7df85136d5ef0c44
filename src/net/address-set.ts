import { type Address, addressBits, compareAddresses, type Family, ipv4, ipv6 } from './address.ts';
import {
  anyOf,
  type Boundaries,
  combine,
  compareLanes,
  complement,
  copyLanes,
  everything,
  holds,
  holdsWide,
  nothing,
  Operation,
  sameBoundaries,
  skipBlock,
} from './boundaries.ts';
import { formatPrefix, hostPrefix, lastAddress, type Prefix } from './prefix.ts';
import { type PrefixColumns, sortedOrder, toColumns, widthOf } from './prefix-columns.ts';

/** A range of addresses of one family, both ends inside. */
export interface AddressRange {
  readonly from: Address;
  readonly to: Address;
}

/**
 * An immutable set of addresses of both families, kept as sorted disjoint ranges on typed arrays. Algebra takes one
 * pass over both sets, membership one binary search. IPv4-mapped IPv6 addresses are IPv6 addresses here.
 */
export class AddressSet {
  static readonly empty: AddressSet = new AddressSet(nothing, nothing);
  static readonly all: AddressSet = new AddressSet(everything(1), everything(4));

  private readonly ipv4: Boundaries;
  private readonly ipv6: Boundaries;

  private constructor(ipv4: Boundaries, ipv6: Boundaries) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  static of(address: Address): AddressSet {
    return AddressSet.ofPrefixes([hostPrefix(address)]);
  }

  /** Returns the addresses that lie in any of the prefixes, which may overlap and come in any order. */
  static ofPrefixes(prefixes: Iterable<Prefix>): AddressSet {
    const byFamily: Record<Family, Prefix[]> = { 4: [], 6: [] };
    for (const prefix of prefixes) byFamily[prefix.address.family].push(prefix);
    return new AddressSet(mergePrefixes(byFamily[4], 4), mergePrefixes(byFamily[6], 6));
  }

  /** Returns the addresses `from` to `to`, both inside. Throws a RangeError unless same family and from ≤ to. */
  static ofRange(from: Address, to: Address): AddressSet {
    if (from.family !== to.family || compareAddresses(from, to) > 0) {
      throw new RangeError('a range of addresses needs two of the same family in ascending order');
    }
    const width = widthOf(from.family);
    const { addresses } = toColumns([hostPrefix(from), hostPrefix(to)], from.family);
    const isBounded = skipBlock(addresses, width, addressBits(from.family), width);
    const boundaries = isBounded ? addresses : addresses.slice(0, width);
    return from.family === 4 ? new AddressSet(boundaries, nothing) : new AddressSet(nothing, boundaries);
  }

  get isEmpty(): boolean {
    return this.ipv4.length + this.ipv6.length === 0;
  }

  union(other: AddressSet): AddressSet {
    return this.combine(other, Operation.Union);
  }

  intersect(other: AddressSet): AddressSet {
    return this.combine(other, Operation.Intersection);
  }

  /** Returns the members that `other` does not have. */
  subtract(other: AddressSet): AddressSet {
    return this.combine(other, Operation.Difference);
  }

  /** Returns all other addresses of both families. */
  complement(): AddressSet {
    return new AddressSet(complement(this.ipv4, 1), complement(this.ipv6, 4));
  }

  contains({ family, a, b, c, d }: Address): boolean {
    return family === 4 ? holds(this.ipv4, d) : holdsWide(this.ipv6, a, b, c, d);
  }

  /** Tells whether every member of `other` is a member of this set. */
  covers(other: AddressSet): boolean {
    return !other.hasAny(this, Operation.Difference);
  }

  /** Tells whether the sets have a member in common. */
  overlaps(other: AddressSet): boolean {
    return this.hasAny(other, Operation.Intersection);
  }

  equals(other: AddressSet): boolean {
    return sameBoundaries(this.ipv4, other.ipv4) && sameBoundaries(this.ipv6, other.ipv6);
  }

  /** Returns the lowest member, IPv4 before IPv6, or undefined for the empty set. */
  first(): Address | undefined {
    if (this.ipv4.length > 0) return addressAt(this.ipv4, 0, 4);
    return this.ipv6.length > 0 ? addressAt(this.ipv6, 0, 6) : undefined;
  }

  /** Returns the maximal runs of members in order, IPv4 before IPv6. */
  ranges(): AddressRange[] {
    return [...rangesOf(this.ipv4, 4), ...rangesOf(this.ipv6, 6)];
  }

  /** Returns the fewest prefixes that hold exactly the members, in order, IPv4 before IPv6. */
  prefixes(): Prefix[] {
    return this.ranges().flatMap(splitRange);
  }

  /** Returns the minimal prefixes separated by commas; `none` for the empty set. */
  toString(): string {
    return this.isEmpty ? 'none' : this.prefixes().map(formatPrefix).join(',');
  }

  private combine(other: AddressSet, operation: Operation): AddressSet {
    return new AddressSet(
      combine(this.ipv4, other.ipv4, 1, operation),
      combine(this.ipv6, other.ipv6, 4, operation),
    );
  }

  private hasAny(other: AddressSet, operation: Operation): boolean {
    return anyOf(this.ipv4, other.ipv4, 1, operation) || anyOf(this.ipv6, other.ipv6, 4, operation);
  }
}

/** Returns the union of the prefixes, all of `family`. */
function mergePrefixes(prefixes: readonly Prefix[], family: Family): Boundaries {
  return prefixes.length === 0 ? nothing : mergeColumns(toColumns(prefixes, family));
}

function mergeColumns(columns: PrefixColumns): Boundaries {
  const { width, addresses, lengths } = columns;
  const merged = new Uint32Array(2 * addresses.length);
  let written = 0;
  for (const index of sortedOrder(columns)) {
    const start = index * width;
    // Enclosing prefixes come first, so one that starts before the end of the last range lies inside it.
    const order = written === 0 ? 1 : compareLanes(addresses, start, merged, written - width, width);
    if (order < 0) continue;
    if (order === 0) written -= width;
    else {
      copyLanes(addresses, start, merged, written, width);
      written += width;
    }
    copyLanes(addresses, start, merged, written, width);
    const isLast = !skipBlock(merged, written, lengths[index]!, width);
    if (isLast) break;
    written += width;
  }
  return merged.slice(0, written);
}

function addressAt(lanes: Uint32Array, at: number, family: Family): Address {
  if (family === 4) return ipv4(lanes[at]!);
  return ipv6(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
}

function rangesOf(boundaries: Boundaries, family: Family): AddressRange[] {
  const width = widthOf(family);
  const ranges: AddressRange[] = [];
  for (let at = 0; at < boundaries.length; at += 2 * width) {
    const end = at + width;
    const to = end < boundaries.length ? previous(addressAt(boundaries, end, family)) : highest(family);
    ranges.push({ from: addressAt(boundaries, at, family), to });
  }
  return ranges;
}

/** Splits a range into the fewest prefixes: again and again the largest block that starts here and fits. */
function splitRange({ from, to }: AddressRange): Prefix[] {
  const prefixes: Prefix[] = [];
  for (let start = from; ; ) {
    let length = addressBits(start.family) - trailingZeros(start);
    let last = lastAddress({ address: start, length });
    while (compareAddresses(last, to) > 0) last = lastAddress({ address: start, length: ++length });
    prefixes.push({ address: start, length });
    if (compareAddresses(last, to) === 0) return prefixes;
    start = next(last);
  }
}

/** Returns the number of zero bits at the end, at most the bits of the family. */
function trailingZeros({ family, a, b, c, d }: Address): number {
  if (d !== 0 || family === 4) return zerosOf(d);
  if (c !== 0) return 32 + zerosOf(c);
  return b !== 0 ? 64 + zerosOf(b) : 96 + zerosOf(a);
}

function zerosOf(lane: number): number {
  return lane === 0 ? 32 : 31 - Math.clz32(lane & -lane);
}

function highest(family: Family): Address {
  return family === 4 ? ipv4(-1) : ipv6(-1, -1, -1, -1);
}

/** The address before one that is not the lowest; lanes wrap as unsigned 32-bit integers. */
function previous({ family, a, b, c, d }: Address): Address {
  if (family === 4) return ipv4(d - 1);
  const borrowC = d === 0 ? 1 : 0;
  const borrowB = borrowC === 1 && c === 0 ? 1 : 0;
  const borrowA = borrowB === 1 && b === 0 ? 1 : 0;
  return ipv6(a - borrowA, b - borrowB, c - borrowC, d - 1);
}

/** The address after one that is not the highest. */
function next({ family, a, b, c, d }: Address): Address {
  if (family === 4) return ipv4(d + 1);
  const carryC = d === 0xffffffff ? 1 : 0;
  const carryB = carryC === 1 && c === 0xffffffff ? 1 : 0;
  const carryA = carryB === 1 && b === 0xffffffff ? 1 : 0;
  return ipv6(a + carryA, b + carryB, c + carryC, d + 1);
}
