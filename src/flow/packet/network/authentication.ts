import type { Decoding } from '../decoding.ts';

/**
 * Passes an authentication header (RFC 4302 §2), whose length counts words of four bytes less two, unlike all others. Returns the
 * protocol behind it, or -1 where it was cut or does not hold.
 */
export function passAuthentication(decoding: Decoding): number {
  const { bytes, at, end } = decoding;
  if (at + 12 > end) return -1;
  const length = (bytes[at + 1]! + 2) * 4;
  if (length < 12 || at + length > decoding.wireEnd) return -1;
  decoding.at = Math.min(at + length, end);
  return bytes[at]!;
}
