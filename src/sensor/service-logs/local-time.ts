/** Returns the time since the epoch, ms, of a time on the clocks of this machine's zone (ms as if they showed UTC), summer time considered. */
export function utcOfLocal(wall: number): number {
  const date = new Date(wall);
  return new Date(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  ).getTime();
}
