/** How long to wait before trying again, in ms. */
export interface BackoffOptions {
  readonly first: number;
  readonly longest: number;
}

export const defaultBackoff: BackoffOptions = { first: 500, longest: 60_000 };

/**
 * Returns the pause after the n-th failure in a row (from 1): doubled each time up to the longest, half of it by chance, so
 * that many senders of one receiver do not come back together. `random` is 0 to below 1.
 */
export function backoff(failures: number, random: number, { first, longest }: BackoffOptions): number {
  const full = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}
