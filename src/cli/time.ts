import { UsageError } from './command.ts';

const units: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 };

/** Parses `30s`, `15m`, `2h`, `7d` (before `now`; `-2h` too) or a date as ISO 8601. Returns ms since the epoch; throws UsageError. */
export function parseTime(text: string, now: number): number {
  const [, amount, unit] = /^-?(\d+)([smhd])$/.exec(text) ?? [];
  if (amount && unit) return now - Number(amount) * units[unit]!;
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date))
    throw new UsageError(`not a time: ${text}`, 'write 15m, 2h, 7d, or 2026-11-23T10:00:00Z');
  return date;
}

/** Parses a duration such as `20s` or `5m`. Returns ms; throws UsageError. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (!amount || !unit) throw new UsageError(`not a duration: ${text}`, 'write 20s, 5m or 2h');
  return Number(amount) * units[unit]!;
}

/** Local clock time, `HH:MM:SS`. */
export function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Local date and time, `YYYY-MM-DD HH:MM:SS`. */
export function dateTime(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(at)}`;
}
