import { type Address, compareAddresses, ipv4, ipv6 } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { formatPrefix, type Prefix } from '../net/prefix.ts';

/** Addresses between which no prefix makes a difference. */
export interface AddressAtom {
  /** From 0. */
  readonly index: number;
  /** Any of them. */
  readonly sample: Address;
}

/** A maximal run of addresses that lie in the same prefixes, both ends included. */
interface Interval {
  readonly from: Address;
  readonly to: Address;
  readonly atom: number;
}

/**
 * The address space cut at the bounds of prefixes, with the pieces that lie in the same prefixes put together: within one
 * atom every address gets the same answers. Both families are covered wholly.
 */
export class AddressAtoms {
  readonly atoms: readonly AddressAtom[];
  readonly #intervals: readonly Interval[];
  readonly #ranges = new Map<string, AddressSet>();

  constructor(prefixes: Iterable<Prefix>) {
    const distinct = new Map<string, Prefix>();
    for (const prefix of prefixes) distinct.set(formatPrefix(prefix), prefix);
    const texts = [...distinct.keys()];
    const atoms: AddressAtom[] = [];
    const intervals: Interval[] = [];
    const bySignature = new Map<string, number>();
    for (const family of [4, 6] as const) {
      const bits = family === 4 ? 32 : 128;
      const own = texts.flatMap((text, id) => {
        const prefix = distinct.get(text) as Prefix;
        if (prefix.address.family !== family) return [];
        const start = numberOf(prefix.address);
        return [{ id, start, end: start + (1n << BigInt(bits - prefix.length)) }];
      });
      for (const { from, to, ids } of sweep(own, 1n << BigInt(bits))) {
        const signature = `${family}:${ids}`;
        let atom = bySignature.get(signature);
        if (atom === undefined) {
          atom = atoms.length;
          bySignature.set(signature, atom);
          atoms.push({ index: atom, sample: addressOf(from, family) });
        }
        intervals.push({ from: addressOf(from, family), to: addressOf(to - 1n, family), atom });
      }
    }
    this.atoms = atoms;
    this.#intervals = intervals;
  }

  /** Returns the atoms whose addresses lie in the set, which must be made of prefixes that cut the space. */
  in(set: AddressSet): number[] {
    return this.atoms.filter(({ sample }) => set.contains(sample)).map(({ index }) => index);
  }

  /** Returns the number of the atom that an address is in. */
  at(address: Address): number {
    const found = this.#intervals.find(({ from, to }) => {
      return (
        from.family === address.family &&
        compareAddresses(from, address) <= 0 &&
        compareAddresses(address, to) <= 0
      );
    });
    return (found as Interval).atom;
  }

  /** Returns the addresses of several atoms; `atoms` ascends. */
  range(atoms: readonly number[]): AddressSet {
    const key = atoms.join();
    let range = this.#ranges.get(key);
    if (range === undefined) {
      const wanted = new Set(atoms);
      range = joined(this.#intervals.filter(({ atom }) => wanted.has(atom)));
      this.#ranges.set(key, range);
    }
    return range;
  }
}

interface Bound {
  readonly id: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** Yields the pieces of 0 … `limit` - 1 in order, each with the numbers of the bounds that hold it, ascending. */
function* sweep(bounds: readonly Bound[], limit: bigint) {
  const points = [...new Set([0n, limit, ...bounds.flatMap(({ start, end }) => [start, end])])];
  points.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const starting = Map.groupBy(bounds, ({ start }) => start);
  const ending = Map.groupBy(bounds, ({ end }) => end);
  const open = new Set<number>();
  for (const [index, from] of points.entries()) {
    const to = points[index + 1];
    if (to === undefined) return;
    for (const { id } of ending.get(from) ?? []) open.delete(id);
    for (const { id } of starting.get(from) ?? []) open.add(id);
    yield { from, to, ids: [...open].sort((a, b) => a - b) };
  }
}

/** Unites runs by halves, so that many cost no more than sorting them. */
function joined(intervals: readonly Interval[]): AddressSet {
  const [first] = intervals;
  if (first === undefined) return AddressSet.empty;
  if (intervals.length === 1) return AddressSet.ofRange(first.from, first.to);
  const middle = intervals.length >>> 1;
  return joined(intervals.slice(0, middle)).union(joined(intervals.slice(middle)));
}

function numberOf({ family, a, b, c, d }: Address): bigint {
  const low = BigInt(d >>> 0);
  if (family === 4) return low;
  return (BigInt(a >>> 0) << 96n) | (BigInt(b >>> 0) << 64n) | (BigInt(c >>> 0) << 32n) | low;
}

function addressOf(value: bigint, family: 4 | 6): Address {
  const lane = (shift: bigint) => Number((value >> shift) & 0xffffffffn);
  return family === 4 ? ipv4(lane(0n)) : ipv6(lane(96n), lane(64n), lane(32n), lane(0n));
}
