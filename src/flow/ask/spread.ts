/**
 * Spreads a whole `amount` evenly over the time from `start` to `end` (ms) and calls `add` with the beginning of each
 * bucket of `step` ms that gets a share. Shares are whole numbers and add up to `amount`. Of a time of more than `maxShares`
 * buckets, so many evenly chosen ones get a share.
 */
export function spread(
  start: number,
  end: number,
  amount: number,
  step: number,
  add: (bucket: number, share: number) => void,
  maxShares = 10_000,
): void {
  const first = Math.floor(start / step);
  const last = Math.max(first, Math.floor(end / step));
  if (first === last || amount === 0) {
    if (amount !== 0) add(first * step, amount);
    return;
  }
  const stride = Math.ceil((last - first + 1) / maxShares);
  let given = 0;
  for (let bucket = first; bucket <= last; bucket += stride) {
    const reached = Math.min(end, (bucket + stride) * step);
    const upTo = bucket + stride > last ? amount : Math.floor((amount * (reached - start)) / (end - start));
    if (upTo > given) add(bucket * step, upTo - given);
    given = Math.max(given, upTo);
  }
}
