/** Returns the unsigned 32-bit integer at a place (RFC 4506 §4.2). The caller knows that it is there. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Returns the unsigned hyper integer at a place (RFC 4506 §4.5), at most 2^53. */
export function u64(bytes: Uint8Array, at: number): number {
  const high = u32(bytes, at);
  return high >= 0x200000 ? 2 ** 53 : high * 2 ** 32 + u32(bytes, at + 4);
}

/** Returns the length with the padding that follows opaque data (RFC 4506 §4.10). */
export function padded(length: number): number {
  return length + (-length & 3);
}

/**
 * Reads an address (sFlow v5: a type, then 4 or 16 bytes) that ends before `end` into lanes as in `net/address.ts`. Returns the bytes
 * that it takes; 4 for one that is not known, whose lanes are 0; 0 where there is none: another type, or it ends too early.
 */
export function addressAt(bytes: Uint8Array, at: number, end: number, lanes: Uint32Array): number {
  if (at + 4 > end) return 0;
  const type = u32(bytes, at);
  lanes.fill(0);
  if (type === 0) return 4;
  if (type === 1) {
    if (at + 8 > end) return 0;
    lanes[3] = u32(bytes, at + 4);
    return 8;
  }
  if (type !== 2 || at + 20 > end) return 0;
  for (let lane = 0; lane < 4; lane++) lanes[lane] = u32(bytes, at + 4 + lane * 4);
  return 20;
}
