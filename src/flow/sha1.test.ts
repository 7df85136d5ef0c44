import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha1 } from './sha1.ts';

test('digests are those of node:crypto', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha1(bytes)).toEqual(new Uint8Array(createHash('sha1').update(bytes).digest()));
    }),
  );
  for (const length of [0, 55, 56, 63, 64, 119, 120, 128]) {
    const bytes = new Uint8Array(length).fill(0xa5);
    expect(sha1(bytes)).toEqual(new Uint8Array(createHash('sha1').update(bytes).digest()));
  }
});
