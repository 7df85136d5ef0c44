const prime = 2n ** 255n - 19n;
const a24 = 121665n;

/**
 * Returns the public key of a private one, both 32 bytes: X25519 with the base point 9 (RFC 7748 §5). About a
 * millisecond, and not in constant time: for comparing configurations, never for a handshake.
 */
export function publicKeyBytes(privateKey: Uint8Array): Uint8Array {
  const clamped = Uint8Array.from(privateKey);
  clamped[0] = clamped[0]! & 248;
  clamped[31] = (clamped[31]! & 127) | 64;
  return bytesOf(ladder(numberOf(clamped), 9n));
}

/** The Montgomery ladder of RFC 7748 §5. */
function ladder(scalar: bigint, u: bigint): bigint {
  let [x2, z2, x3, z3] = [1n, 0n, u, 1n];
  let swap = false;
  for (let bit = 254n; bit >= 0n; bit--) {
    const isSet = ((scalar >> bit) & 1n) === 1n;
    if (swap !== isSet) [x2, x3, z2, z3] = [x3, x2, z3, z2];
    swap = isSet;
    const [a, b] = [x2 + z2, modulo(x2 - z2)];
    const [aa, bb] = [modulo(a * a), modulo(b * b)];
    const e = modulo(aa - bb);
    const [da, cb] = [modulo((x3 - z3) * a), modulo((x3 + z3) * b)];
    x3 = modulo((da + cb) ** 2n);
    z3 = modulo(u * modulo((da - cb) ** 2n));
    x2 = modulo(aa * bb);
    z2 = modulo(e * (aa + a24 * e));
  }
  if (swap) [x2, z2] = [x3, z3];
  return modulo(x2 * inverse(z2));
}

function modulo(value: bigint): bigint {
  const rest = value % prime;
  return rest < 0n ? rest + prime : rest;
}

/** By Fermat's little theorem. */
function inverse(value: bigint): bigint {
  let [result, base] = [1n, value];
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}

/** Little-endian, as everywhere in RFC 7748. */
function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}
