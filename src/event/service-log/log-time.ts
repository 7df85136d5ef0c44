/** How times in logs are understood. */
export interface LogTime {
  /** No line is from much later than this, ms since the epoch: now, or when the file was last written. */
  readonly reference: number;
  /** Makes the time of clocks on the wall where the log was written (ms as if they showed UTC) one since the epoch. Default: they show UTC. */
  readonly utcOf?: (wall: number) => number;
}

const dayMs = 86_400_000;
const months: readonly string[] = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];

/** Years between two that have a 29th of February, at most. */
const leapYears = 8;

/** Returns the number of a month from 0, or -1. */
export function monthOf(name: string): number {
  return months.indexOf(name);
}

/** Returns ms as if the clock showed UTC; undefined where there is no such date or time. */
export function wallTime(
  year: number,
  month: number,
  day: number,
  [hour, minute, second]: readonly [number, number, number],
): number | undefined {
  const time = Date.UTC(year, month, day, hour, minute, second);
  const isReal = month >= 0 && month < 12 && new Date(Date.UTC(year, month, day)).getUTCDate() === day;
  // A leap second is written as 60.
  return isReal && hour < 24 && minute < 60 && second <= 60 ? time : undefined;
}

/** Returns the time since the epoch of one on the wall. */
export function fromWall(wall: number, { utcOf }: LogTime): number {
  return utcOf === undefined ? wall : utcOf(wall);
}

/**
 * Returns the time of a date without a year (RFC 3164 §4.1.2): the latest that is not more than a day after the reference, since clocks
 * differ and logs are not from the future. Undefined where there is no such date.
 */
export function yearlessTime(
  month: number,
  day: number,
  clock: readonly [number, number, number],
  time: LogTime,
): number | undefined {
  const latest = new Date(time.reference).getUTCFullYear() + 1;
  for (let year = latest; year >= latest - leapYears - 1; year--) {
    const wall = wallTime(year, month, day, clock);
    if (wall === undefined) continue;
    const at = fromWall(wall, time);
    if (at <= time.reference + dayMs) return at;
  }
  return undefined;
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

/** Returns the time of a text as RFC 3339 has it; without a zone it is one on the wall. Undefined for anything else. */
export function fullTime(text: string, time: LogTime): number | undefined {
  const match = text.length > 48 ? null : rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
  const clock = [Number(hour), Number(minute), Number(second)] as const;
  const wall = wallTime(Number(year), Number(month) - 1, Number(day), clock);
  if (wall === undefined) return undefined;
  const at = zone === undefined ? fromWall(wall, time) : wall - offsetOf(zone);
  return at + Math.floor(Number(`0.${fraction || 0}`) * 1000);
}

/** Returns minutes and hours of a zone (`Z`, `+0100`, `+01:00`) in milliseconds. */
export function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (zone[0] === '-' ? -minutes : minutes) * 60_000;
}
