import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mostBits, sha1OfBlock } from './sha1.ts';

test('digests are those of node:crypto', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: mostBits >>> 3 }), (bytes) => {
      const block = new DataView(new ArrayBuffer(64));
      for (const [at, byte] of bytes.entries()) block.setUint8(at, byte);
      block.setUint8(bytes.length, 0x80);
      const words = Int32Array.from({ length: 16 }, (_, i) => block.getInt32(i * 4));
      const digest = Buffer.alloc(20);
      for (const [i, word] of sha1OfBlock(words, bytes.length * 8).entries())
        digest.writeInt32BE(word, i * 4);
      expect(digest).toEqual(createHash('sha1').update(bytes).digest());
    }),
  );
});
