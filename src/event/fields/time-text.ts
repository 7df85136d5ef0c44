const second = 1_000_000_000n;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `HH:MM:SS.nnnnnnnnn` in UTC. */
export function clockText(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  const nanoseconds = String(time % second).padStart(9, '0');
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${nanoseconds}`;
}

/** RFC 3339 in UTC with nine decimals. */
export function isoText(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n)).toISOString();
  return `${date.slice(0, 19)}.${String(time % second).padStart(9, '0')}Z`;
}

/** `2026-11-23 10:20:30.123456789`. */
export function dateText(time: bigint): string {
  return isoText(time).replace('T', ' ').slice(0, -1);
}

/** The last millisecond of the year 9999, the last that RFC 3339 can write. */
const latest = 253_402_300_799_999;

/**
 * Returns the nanoseconds since the epoch of an RFC 3339 text with up to nine decimals; undefined when it is none, or lies before
 * the epoch.
 */
export function parseIsoText(text: string): bigint | undefined {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (found === null) return undefined;
  const milliseconds = Date.parse(`${found[1]}${found[3]}`);
  if (!(milliseconds >= 0 && milliseconds <= latest)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt((found[2] ?? '').padEnd(9, '0'));
}
