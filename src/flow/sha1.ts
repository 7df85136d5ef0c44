/** Words of a block, the first 16 of which are the message's. */
const schedule = new Int32Array(80);
const state = new Int32Array(5);

/** Bits that one block has room for beside its end mark and its length. */
export const mostBits = 447;

/**
 * Returns the digest (RFC 3174) of a message that one block holds, as five words, which the next call fills anew; no library, so
 * that it works at once and anywhere. `words` are the message's, highest byte first, the end mark (one bit) behind it included;
 * `bits` is the length without that, at most {@link mostBits}.
 */
export function sha1OfBlock(words: Int32Array, bits: number): Int32Array {
  for (let i = 0; i < 15; i++) schedule[i] = words[i]!;
  schedule[15] = bits;
  for (let i = 16; i < 80; i++) {
    const x = schedule[i - 3]! ^ schedule[i - 8]! ^ schedule[i - 14]! ^ schedule[i - 16]!;
    schedule[i] = (x << 1) | (x >>> 31);
  }
  let a = 0x67452301;
  let b = 0xefcdab89 | 0;
  let c = 0x98badcfe | 0;
  let d = 0x10325476;
  let e = 0xc3d2e1f0 | 0;
  // One loop for each function, of 32-bit integers only: this is asked for every flow.
  for (let i = 0; i < 20; i++) {
    const next = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + ((e + 0x5a827999) | 0) + schedule[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 20; i < 40; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + ((e + 0x6ed9eba1) | 0) + schedule[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 40; i < 60; i++) {
    const next =
      (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + ((e + 0x8f1bbcdc) | 0) + schedule[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (let i = 60; i < 80; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + ((e + 0xca62c1d6) | 0) + schedule[i]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = a + 0x67452301;
  state[1] = b + 0xefcdab89;
  state[2] = c + 0x98badcfe;
  state[3] = d + 0x10325476;
  state[4] = e + 0xc3d2e1f0;
  return state;
}
