/** Table of the reflected polynomial 0xEDB88320 (ISO 3309, RFC 1952 §8). */
const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Returns the CRC-32 of a stretch of bytes, as gzip has it: an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let value = 0xffffffff;
  for (let at = start; at < end; at++)
    value = (value >>> 8) ^ (table[(value ^ (bytes[at] as number)) & 0xff] as number);
  return (value ^ 0xffffffff) >>> 0;
}
