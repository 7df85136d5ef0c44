import {
  anyOf,
  type Boundaries,
  combine,
  complement,
  holds,
  Operation,
  sameBoundaries,
} from './boundaries.ts';

/** A range of integers, both ends inside. */
export interface IntegerRange {
  readonly from: number;
  readonly to: number;
}

/** An immutable set of the integers from 0 to `max`, kept as sorted disjoint ranges. */
export abstract class IntegerSet<Self extends IntegerSet<Self>> {
  protected readonly boundaries: Boundaries;

  protected constructor(boundaries: Boundaries) {
    this.boundaries = boundaries;
  }

  /** The largest value that can be a member. */
  abstract readonly max: number;

  /** Returns the set with these boundaries. */
  protected abstract derive(boundaries: Boundaries): Self;

  get isEmpty(): boolean {
    return this.boundaries.length === 0;
  }

  /** True when every value from 0 to `max` is a member. */
  get isAll(): boolean {
    return this.boundaries.length === 1 && this.boundaries[0] === 0;
  }

  /** How many members there are. */
  get size(): number {
    return this.ranges().reduce((sum, { from, to }) => sum + to - from + 1, 0);
  }

  union(other: Self): Self {
    return this.derive(combine(this.boundaries, other.boundaries, 1, Operation.Union));
  }

  intersect(other: Self): Self {
    return this.derive(combine(this.boundaries, other.boundaries, 1, Operation.Intersection));
  }

  /** Returns the members that `other` does not have. */
  subtract(other: Self): Self {
    return this.derive(combine(this.boundaries, other.boundaries, 1, Operation.Difference));
  }

  /** Returns the set of all other values up to `max`. */
  complement(): Self {
    return this.derive(complement(this.boundaries, 1));
  }

  /** False for everything that is not an integer from 0 to `max`. */
  contains(value: number): boolean {
    return isWithin(value, this.max) && holds(this.boundaries, value);
  }

  /** Tells whether every member of `other` is a member of this set. */
  covers(other: Self): boolean {
    return !anyOf(other.boundaries, this.boundaries, 1, Operation.Difference);
  }

  /** Tells whether the sets have a member in common. */
  overlaps(other: Self): boolean {
    return anyOf(this.boundaries, other.boundaries, 1, Operation.Intersection);
  }

  equals(other: Self): boolean {
    return sameBoundaries(this.boundaries, other.boundaries);
  }

  /** Returns the smallest member, or undefined for the empty set. */
  first(): number | undefined {
    return this.boundaries[0];
  }

  /** Returns the maximal runs of members, in order. */
  ranges(): IntegerRange[] {
    const ranges: IntegerRange[] = [];
    for (let i = 0; i < this.boundaries.length; i += 2) {
      ranges.push({ from: this.boundaries[i]!, to: (this.boundaries[i + 1] ?? this.max + 1) - 1 });
    }
    return ranges;
  }
}

/**
 * Returns the boundaries of the values that lie in any of the ranges, given in any order, in a universe that ends at
 * `max`. Throws a RangeError unless each range is of integers with 0 ≤ from ≤ to ≤ max.
 */
export function mergeRanges(ranges: readonly IntegerRange[], max: number): Boundaries {
  const points: number[] = [];
  for (const { from, to } of ranges.toSorted((x, y) => x.from - y.from)) {
    if (!isWithin(from, max) || !isWithin(to, max) || from > to) {
      throw new RangeError(`${from}-${to} is no range within 0-${max}`);
    }
    const end = points.at(-1) ?? -1;
    if (from > end) points.push(from, to + 1);
    else points[points.length - 1] = Math.max(end, to + 1);
  }
  if (points.at(-1) === max + 1) points.pop();
  return Uint32Array.from(points);
}

function isWithin(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
