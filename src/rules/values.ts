import type { FieldType } from '../event/field.ts';
import { type Address, parseAddress } from '../net/address.ts';
import { hostPrefix, type Prefix, parsePrefix } from '../net/prefix.ts';

/** A value in a condition, read as its field's type wants it. */
export type Constant = string | number | bigint | boolean | Address | Prefix | Uint8Array;

/** Returns a value as the type reads it; undefined when it is none of that type. */
export function parseConstant(type: FieldType, text: string): Constant | undefined {
  switch (type) {
    case 'string':
    case 'bytes':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'address':
      return parseAddress(text);
    case 'network': {
      const address = parseAddress(text);
      return address === undefined ? parsePrefix(text) : hostPrefix(address);
    }
    default:
      return parseNumber(text);
  }
}

/** Decimal, hexadecimal and with an exponent; a bigint where a number would lose digits. */
export function parseNumber(text: string): number | bigint | undefined {
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(text) || /^[+-]?\d{16,20}$/.test(text)) {
    const value = BigInt(text.replace(/^\+/, ''));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  return /^[+-]?\d{1,15}(?:\.\d{0,15})?(?:[eE][+-]?\d{1,2})?$/.test(text) ? Number(text) : undefined;
}

/** Returns the bytes that hexadecimal digits write, or undefined. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text === '' || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(index * 2, index * 2 + 2), 16),
  );
}
