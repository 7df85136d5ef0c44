const number = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayAndYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** Returns `count` with thousands separators. */
export function formatCount(count: number): string {
  return number.format(count);
}

/** Returns `count` and its noun in the right number, e.g. `1 alert`, `2,000 alerts`. */
export function formatNoun(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Returns bytes in binary units with at most one decimal, e.g. `4.2 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Returns the local time of day of `at` (ms since the epoch), e.g. `09:12:03`. */
export function formatClock(at: number): string {
  return clock.format(at);
}

/**
 * Returns the local time of `at` with as much of the date as a reader at `now` needs: `09:12:03`,
 * `3 Feb 09:12:03`, `3 Feb 2024 09:12:03`. Both in ms since the epoch.
 */
export function formatWhen(at: number, now: number): string {
  const date = new Date(at);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return clock.format(at);
  const label = date.getFullYear() === today.getFullYear() ? day.format(at) : dayAndYear.format(at);
  return `${label} ${clock.format(at)}`;
}

/** Returns a length of time in ms in its two largest units, e.g. `3 h 4 min`; `0 s` for anything below a second. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return two(hours, 'h', minutes % 60, 'min');
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** Returns how long something short took, e.g. `0.4 ms`, `12 ms`, `3.1 s`, `4 min 2 s`. */
export function formatLatency(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

/** Returns how long ago `at` was at `now`, e.g. `just now`, `12 s ago`. */
export function formatAge(at: number, now: number): string {
  return now - at < 2000 ? 'just now' : `${formatDuration(now - at)} ago`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
