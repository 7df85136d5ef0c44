/**
 * A set of unsigned integers, written as the points at which membership changes, in strictly increasing order:
 * the first boundary is the first member, the second the first non-member after it, and so on. An odd number of
 * boundaries means that the last range reaches to the top of the universe. {5, 6, 9} is [5, 7, 9, 10].
 *
 * Each boundary takes `width` unsigned 32-bit lanes, most significant first: 1 for ports, protocols and IPv4,
 * 4 for IPv6. Equal sets have equal boundaries.
 */
export type Boundaries = Uint32Array;

/** Lanes per boundary. */
export type Width = 1 | 4;

/** Which combinations of membership in two sets a result holds, bit 1 + bit 2 × … of its truth table. */
export type Operation = (typeof Operation)[keyof typeof Operation];

/** Bit `2 × (in x) + (in y)` is set when such a value belongs to the result. */
export const Operation = {
  Union: 0b1110,
  Intersection: 0b1000,
  Difference: 0b0100,
} as const;

/** The set of nothing. */
export const nothing: Boundaries = new Uint32Array(0);

/** Returns the set of everything. */
export function everything(width: Width): Boundaries {
  return new Uint32Array(width);
}

/** Returns the boundaries of `operation` over two sets of the same width, in one pass over both. */
export function combine(x: Boundaries, y: Boundaries, width: Width, operation: Operation): Boundaries {
  const result = new Uint32Array(x.length + y.length);
  return result.slice(0, sweep(x, y, width, operation, result));
}

/** Tells whether `operation` over two sets of the same width has any member; stops at the first. */
export function anyOf(x: Boundaries, y: Boundaries, width: Width, operation: Operation): boolean {
  return sweep(x, y, width, operation, undefined) > 0;
}

/** Returns the set of everything that `x` does not hold. */
export function complement(x: Boundaries, width: Width): Boundaries {
  const startsAtZero = x.length > 0 && isZero(x, 0, width);
  if (startsAtZero) return x.slice(width);
  const result = new Uint32Array(x.length + width);
  result.set(x, width);
  return result;
}

/** Tells whether both sets, of the same width, hold the same. */
export function sameBoundaries(x: Boundaries, y: Boundaries): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Tells whether a set of width 1 holds the value. */
export function holds(x: Boundaries, value: number): boolean {
  return (rank(x, value, 0, x.length) & 1) === 1;
}

/** Tells whether a set of width 4 holds the value with these lanes. */
export function holdsWide(x: Boundaries, a: number, b: number, c: number, d: number): boolean {
  return (rankWide(x, a, b, c, d) & 1) === 1;
}

/**
 * Returns how many of the strictly increasing `points` are at most `value`, given that the answer lies between
 * `low` and `high`.
 */
export function rank(points: Uint32Array, value: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same as {@link rank} for points of four lanes each. */
export function rankWide(points: Uint32Array, a: number, b: number, c: number, d: number): number {
  let low = 0;
  let high = points.length >>> 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle << 2;
    const order = points[at]! - a || points[at + 1]! - b || points[at + 2]! - c || points[at + 3]! - d;
    if (order <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Compares the values at lane `i` of `x` and lane `j` of `y`; negative, 0 or positive. */
export function compareLanes(x: Uint32Array, i: number, y: Uint32Array, j: number, width: Width): number {
  let order = x[i]! - y[j]!;
  for (let lane = 1; order === 0 && lane < width; lane++) order = x[i + lane]! - y[j + lane]!;
  return order;
}

/** Copies the value at lane `i` of `from` to lane `j` of `to`. */
export function copyLanes(from: Uint32Array, i: number, to: Uint32Array, j: number, width: Width): void {
  for (let lane = 0; lane < width; lane++) to[j + lane] = from[i + lane]!;
}

/**
 * Turns the first value of a block of 2^(32 × width − length) values, at lane `at`, into the first value after the
 * block. Returns false, and leaves zero, when the block is the last of the universe.
 */
export function skipBlock(lanes: Uint32Array, at: number, length: number, width: Width): boolean {
  if (length === 0) return false;
  const last = Math.min((length - 1) >> 5, width - 1);
  let step = 2 ** (31 - ((length - 1) & 31));
  for (let lane = last; lane >= 0; lane--) {
    const sum = lanes[at + lane]! + step;
    lanes[at + lane] = sum;
    if (sum <= 0xffffffff) return true;
    step = 1;
  }
  return false;
}

function isZero(x: Uint32Array, at: number, width: Width): boolean {
  for (let lane = 0; lane < width; lane++) if (x[at + lane] !== 0) return false;
  return true;
}

/**
 * Walks both sets' boundaries in order and writes those of the result. Returns the number of lanes written;
 * without a place to write to, stops at the first.
 */
function sweep(
  x: Boundaries,
  y: Boundaries,
  width: Width,
  operation: Operation,
  result: Boundaries | undefined,
): number {
  let written = 0;
  let i = 0;
  let j = 0;
  let membership = 0;
  let inside = 0;
  while (i < x.length || j < y.length) {
    const order = i >= x.length ? 1 : j >= y.length ? -1 : compareLanes(x, i, y, j, width);
    const from = order <= 0 ? x : y;
    const at = order <= 0 ? i : j;
    if (order <= 0) {
      membership ^= 0b10;
      i += width;
    }
    if (order >= 0) {
      membership ^= 0b01;
      j += width;
    }
    const now = (operation >> membership) & 1;
    if (now === inside) continue;
    inside = now;
    if (!result) return width;
    copyLanes(from, at, result, written, width);
    written += width;
  }
  return written;
}
