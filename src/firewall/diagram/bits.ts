import type { Address, Family } from '../../net/address.ts';
import { ipv4, ipv6 } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import type { IntegerRange } from '../../net/integer-set.ts';
import { always, type Diagrams, type Node, never } from './diagrams.ts';

/** The bits of a number, the highest first; each a function of the packet as it came. */
export type Bits = readonly Node[];

/** All numbers whose first `length` bits are those of `lanes`: words of 32 bits, the highest first, aligned to the left. */
export interface BitPrefix {
  readonly lanes: readonly number[];
  readonly length: number;
}

/** Returns where the number `bits` lies in one of the prefixes, which are sorted and apart. */
export function bitsWithin(diagrams: Diagrams, bits: Bits, prefixes: readonly BitPrefix[]): Node {
  const below = (from: number, to: number, at: number): Node => {
    if (from === to) return never;
    if (prefixes[from]!.length <= at) return always;
    const middle = firstUp(prefixes, from, to, at);
    return diagrams.ite(bits[at]!, below(middle, to, at + 1), below(from, middle, at + 1));
  };
  return below(0, prefixes.length, 0);
}

/** Returns the first of the sorted prefixes `from` to `to` whose bit is up. */
function firstUp(prefixes: readonly BitPrefix[], from: number, to: number, bit: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bitOf(prefixes[middle]!.lanes, bit) === 1) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Returns where the number `bits` is `value`. */
export function bitsEqual(diagrams: Diagrams, bits: Bits, value: number): Node {
  return bitsWithin(diagrams, bits, [{ lanes: [align(value, bits.length)], length: bits.length }]);
}

/** Returns the bits of a constant. */
export function constantBits(lanes: readonly number[], width: number): Bits {
  return Array.from({ length: width }, (_, at) => bitOf(lanes, at));
}

/** Returns a number of `width` bits, at most 32, aligned to the left. */
export function align(value: number, width: number): number {
  return (value << (32 - width)) >>> 0;
}

/** Returns the words of an address. */
export function lanesOf({ family, a, b, c, d }: Address): number[] {
  return family === 4 ? [d] : [a, b, c, d];
}

/** Returns the prefixes of a set that are of one family. */
export function addressPrefixes(set: AddressSet, family: Family): BitPrefix[] {
  return set
    .prefixes()
    .filter(({ address }) => address.family === family)
    .map(({ address, length }) => ({ lanes: lanesOf(address), length }));
}

/** Returns the fewest prefixes that hold the numbers of sorted ranges, of numbers of `width` bits, at most 32. */
export function rangePrefixes(ranges: readonly IntegerRange[], width: number): BitPrefix[] {
  const prefixes: BitPrefix[] = [];
  const highest = 2 ** width - 1;
  for (const { from, to } of ranges) {
    const last = Math.min(to, highest);
    for (let start = from; start <= last; ) {
      let size = 1;
      while (start % (size * 2) === 0 && start + size * 2 - 1 <= last) size *= 2;
      prefixes.push({ lanes: [align(start, width)], length: width - Math.log2(size) });
      start += size;
    }
  }
  return prefixes;
}

/**
 * Returns the numbers that a function of a number's variables holds, as prefixes in order; undefined when they are more
 * than `most`.
 */
export function prefixesOf(
  diagrams: Diagrams,
  node: Node,
  variables: readonly number[],
  most: number,
): BitPrefix[] | undefined {
  const found: BitPrefix[] = [];
  const lanes = new Array<number>(Math.ceil(variables.length / 32)).fill(0);
  const walk = (at: Node, bit: number): boolean => {
    if (at === never) return true;
    if (at === always) return found.push({ lanes: [...lanes], length: bit }) <= most;
    const isAsked = diagrams.variableOf(at) === variables[bit];
    if (!walk(isAsked ? diagrams.low(at) : at, bit + 1)) return false;
    const mask = 1 << (31 - (bit & 31));
    lanes[bit >> 5] = (lanes[bit >> 5]! | mask) >>> 0;
    const isWhole = walk(isAsked ? diagrams.high(at) : at, bit + 1);
    lanes[bit >> 5] = (lanes[bit >> 5]! & ~mask) >>> 0;
    return isWhole;
  };
  return walk(node, 0) ? found : undefined;
}

/** Returns the prefixes of numbers of `width` bits, in order, as ranges that do not touch. */
export function rangesOf(prefixes: readonly BitPrefix[], width: number): IntegerRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const { lanes, length } of prefixes) {
    const from = lanes[0]! >>> (32 - width);
    const to = from + 2 ** (width - length) - 1;
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === from) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}

/** Returns the prefixes of addresses as a set. */
export function addressesOf(prefixes: readonly BitPrefix[], family: Family): AddressSet {
  return AddressSet.ofPrefixes(
    prefixes.map(({ lanes, length }) => ({ address: addressOf(lanes, family), length })),
  );
}

/** Returns the address that words make. */
export function addressOf([a = 0, b = 0, c = 0, d = 0]: readonly number[], family: Family): Address {
  return family === 4 ? ipv4(a) : ipv6(a, b, c, d);
}

/** Returns a bit of words, 0 the highest of the first. */
export function bitOf(lanes: readonly number[], at: number): 0 | 1 {
  return ((lanes[at >> 5]! >>> (31 - (at & 31))) & 1) as 0 | 1;
}
