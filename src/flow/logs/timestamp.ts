const pattern = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)?$/;

/**
 * Returns the milliseconds since the epoch, with a fraction, of a date and time as RFC 3339 has it; also with a zone
 * of four digits, as Suricata writes it, and without one, which is taken for UTC. Undefined for anything else.
 */
export function parseTimestamp(text: unknown): number | undefined {
  if (typeof text !== 'string' || text.length > 48) return undefined;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const whole = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (Number(month) > 12 || Number(day) > 31 || Number(hour) > 24) return undefined;
  const nanoseconds = Number(fraction.padEnd(9, '0'));
  return checked(whole - offsetOf(zone) + nanoseconds / 1e6);
}

/**
 * Returns the milliseconds since the epoch of seconds with a fraction in decimal text or as a number; text keeps its microseconds
 * exactly as far as a double does. Undefined for anything else.
 */
export function parseSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return checked(Math.round(value * 1e6) / 1e3);
  if (typeof value !== 'string') return undefined;
  const match = /^(\d{1,11})(?:\.(\d{1,9})\d*)?$/.exec(value);
  if (match === null) return undefined;
  // In whole microseconds first: one rounding then, as everywhere that times are rounded to them.
  return checked((Number(match[1]) * 1e6 + Number((match[2] ?? '').padEnd(9, '0')) / 1e3) / 1e3);
}

/** Minutes and hours of a zone in milliseconds. */
function offsetOf(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (zone[0] === '-' ? -minutes : minutes) * 60_000;
}

/** The largest time that a Date can be (ECMA-262, 21.4.1.1). */
const maxTime = 8.64e15;

function checked(time: number): number | undefined {
  return time >= 0 && time <= maxTime ? time : undefined;
}
