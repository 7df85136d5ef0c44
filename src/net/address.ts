/**
 * An IP address as four unsigned 32-bit lanes, most significant first. IPv4 keeps its value in `d` and
 * leaves `a`, `b` and `c` at 0, so that one shape serves both families and stays cheap to compare.
 */
export interface Address {
  readonly family: Family;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** IP version. */
export type Family = 4 | 6;
