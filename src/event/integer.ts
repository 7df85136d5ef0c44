import type { RawValue } from './raw-event.ts';

/** Returns an integer as a number; undefined for what is none. */
export function integerOf(value: RawValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}
