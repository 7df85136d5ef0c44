import type { Field } from './format.ts';

/** Returns the unsigned integer of 1, 2, 4 or (its low half) 8 bytes of `field` in the record at `at`; 0 without the field. */
export function readUint(bytes: Uint8Array, at: number, field: Field | undefined): number {
  if (field === undefined) return 0;
  const p = at + field.offset;
  if (field.size === 1) return bytes[p]!;
  const low = bytes[p]! | (bytes[p + 1]! << 8);
  if (field.size === 2) return low;
  return (low | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)) >>> 0;
}

/** Returns the 4 bytes at `p`, most significant first, unsigned. */
export function readNetworkWord(bytes: Uint8Array, p: number): number {
  return ((bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!) >>> 0;
}

/**
 * Returns the text of `field` in the record of `length` bytes at `at`, up to its first NUL; empty without the field
 * or when its locator points outside the record.
 */
export function readText(bytes: Uint8Array, at: number, length: number, field: Field | undefined): string {
  if (field === undefined) return '';
  let start = field.offset;
  let size = field.size;
  if (field.placement !== 'fixed') {
    const locator = readUint(bytes, at, field);
    start = (locator & 0xffff) + (field.placement === 'relative' ? field.offset + 4 : 0);
    size = locator >>> 16;
  }
  if (start + size > length) return '';
  const text = bytes.subarray(at + start, at + start + size);
  const end = text.indexOf(0);
  return Buffer.from(text.buffer, text.byteOffset, end < 0 ? size : end).toString('utf8');
}
