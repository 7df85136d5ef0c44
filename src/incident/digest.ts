import { sha1OfBlock } from '../flow/sha1.ts';

const blockBytes = 52;

/**
 * Returns a digest of a text, 40 hexadecimal digits: SHA-1 over its bytes in blocks that each begin with what the one before gave, so
 * that who chooses parts of a text cannot give it the digest of another.
 */
export function digestOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const words = new Int32Array(16);
  let digest: Int32Array | undefined;
  for (let from = 0; from === 0 || from < bytes.length; from += blockBytes - 20) {
    words.fill(0);
    if (digest !== undefined) words.set(digest.subarray(0, 5));
    const part = bytes.subarray(from, from + blockBytes - 20);
    part.forEach((byte, at) => {
      words[5 + (at >> 2)]! |= byte << (24 - 8 * (at & 3));
    });
    words[5 + (part.length >> 2)]! |= 0x80 << (24 - 8 * (part.length & 3));
    digest = Int32Array.from(sha1OfBlock(words, 160 + part.length * 8).subarray(0, 5));
  }
  return Array.from(digest!, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
