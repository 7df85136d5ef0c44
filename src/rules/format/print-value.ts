import type { FieldType, FieldValue } from '../../event/field.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress } from '../../net/address.ts';

/** What stands in a text for a value that is missing. */
export const missing = '<NA>';

/** Returns a value as text: lists as `(a,b)`, bytes as text with dots for what cannot be shown. */
export function printValue(value: FieldValue | readonly FieldValue[]): string {
  if (Array.isArray(value)) return `(${value.map((one) => printOne(one)).join(',')})`;
  return printOne(value as FieldValue);
}

function printOne(value: FieldValue): string {
  if (value instanceof Uint8Array) return Array.from(value, shownByte).join('');
  return typeof value === 'object' ? formatAddress(value as Address) : String(value);
}

function shownByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

/** Returns a value as JSON: numbers and booleans as such, whole numbers of any size, null for a missing one. */
export function jsonValue(type: FieldType, value: FieldValue | readonly FieldValue[] | undefined): string {
  if (value === undefined) return 'null';
  if (Array.isArray(value)) return `[${value.map((one) => jsonValue(type, one)).join(',')}]`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return JSON.stringify(printOne(value as FieldValue));
}
