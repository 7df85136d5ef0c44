/** Returns the 32 bits at a place, lowest byte first. */
export function u32le(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Returns the 32 bits at a place, highest byte first. */
export function u32be(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Returns the 32 bits at a place in the order that is told. */
export function u32(bytes: Uint8Array, at: number, isBig: boolean): number {
  return isBig ? u32be(bytes, at) : u32le(bytes, at);
}

/** Returns the 16 bits at a place in the order that is told. */
export function u16(bytes: Uint8Array, at: number, isBig: boolean): number {
  return isBig ? (bytes[at]! << 8) | bytes[at + 1]! : bytes[at]! | (bytes[at + 1]! << 8);
}

/** Returns the 64 bits at a place in the order that is told; what lies above 2^53 is not exact. */
export function u64(bytes: Uint8Array, at: number, isBig: boolean): number {
  const [high, low] = isBig ? [at, at + 4] : [at + 4, at];
  return u32(bytes, high, isBig) * 2 ** 32 + u32(bytes, low, isBig);
}

/** As {@link u64}, with a sign. */
export function i64(bytes: Uint8Array, at: number, isBig: boolean): number {
  const [high, low] = isBig ? [at, at + 4] : [at + 4, at];
  return (u32(bytes, high, isBig) | 0) * 2 ** 32 + u32(bytes, low, isBig);
}
