/** A set of small integers (indexes of workloads or namespaces), 32 to a word. */
export type Bitset = Uint32Array;

/** Returns an empty set for members 0 … `size` - 1. */
export function emptyBitset(size: number): Bitset {
  return new Uint32Array((size + 31) >>> 5);
}

/** Returns the set of all of 0 … `size` - 1. */
export function fullBitset(size: number): Bitset {
  const set = emptyBitset(size).fill(0xffffffff);
  const rest = size & 31;
  if (rest !== 0) set[set.length - 1] = (1 << rest) - 1;
  return set;
}

/** Returns whether `member` is in `set`. */
export function has(set: Bitset, member: number): boolean {
  return ((set[member >>> 5] as number) & (1 << (member & 31))) !== 0;
}

/** Adds `member` to `set`. */
export function add(set: Bitset, member: number): void {
  (set[member >>> 5] as number) |= 1 << (member & 31);
}

/** Returns a new set: members of both. */
export function intersect(a: Bitset, b: Bitset): Bitset {
  return a.map((word, i) => word & (b[i] as number));
}

/** Returns a new set: members of either. */
export function unite(a: Bitset, b: Bitset): Bitset {
  return a.map((word, i) => word | (b[i] as number));
}

/** Returns a new set: members of `a` that are not in `b`. */
export function without(a: Bitset, b: Bitset): Bitset {
  return a.map((word, i) => word & ~(b[i] as number));
}

/** Returns whether nothing is in `set`. */
export function isEmpty(set: Bitset): boolean {
  return set.every((word) => word === 0);
}

/** The members of `set`, ascending. */
export function* members(set: Bitset): Generator<number> {
  for (let i = 0; i < set.length; i++) {
    for (let word = set[i] as number; word !== 0; word &= word - 1) {
      yield i * 32 + 31 - Math.clz32(word & -word);
    }
  }
}
