import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from './digest.ts';

/** The same chain of blocks by another SHA-1. */
function expected(text: string): string {
  const bytes = Buffer.from(text);
  let digest = Buffer.alloc(20);
  for (let from = 0; from === 0 || from < bytes.length; from += 32)
    digest = createHash('sha1')
      .update(digest)
      .update(bytes.subarray(from, from + 32))
      .digest();
  return digest.toString('hex');
}

test('it is SHA-1 over blocks that each begin with the one before, by Node too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(digestOf(text)).toBe(expected(text));
    }),
  );
  for (const length of [0, 1, 31, 32, 33, 63, 64, 65])
    expect(digestOf('x'.repeat(length))).toBe(expected('x'.repeat(length)));
});

test('texts that only differ in length or in one character have other digests', () => {
  const texts = Array.from({ length: 100 }, (_, n) => 'x'.repeat(n));
  expect(new Set(texts.map(digestOf)).size).toBe(100);
  expect(digestOf('a')).not.toBe(digestOf('b'));
});
