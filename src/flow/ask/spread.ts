/** Most buckets that one amount is spread over; of a longer time, so many evenly chosen buckets get a share. */
const maxShares = 10_000;

/**
 * Spreads a whole `amount` evenly over the time from `start` to `end` (ms) and calls `add` with the beginning of each
 * bucket of `step` ms that gets a share. Shares are whole numbers and add up to `amount`.
 */
export function spread(
  start: number,
  end: number,
  amount: number,
  step: number,
  add: (bucket: number, share: number) => void,
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
