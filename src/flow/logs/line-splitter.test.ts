import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function split(pieces: readonly Uint8Array[], limit?: number): (string | null)[] {
  const lines: (string | null)[] = [];
  const splitter = new LineSplitter(
    { line: (text) => lines.push(text), tooLong: () => lines.push(null) },
    limit,
  );
  for (const piece of pieces) splitter.take(piece);
  splitter.end();
  return lines;
}

/** What one would write without a thought for memory. */
function naive(bytes: Uint8Array, limit: number): (string | null)[] {
  const parts = Buffer.from(bytes).toString('latin1').split('\n');
  if (parts.at(-1) === '') parts.pop();
  return parts.map((part, at) => {
    const raw = Buffer.from(part, 'latin1');
    if (raw.length > limit) return null;
    const text = raw.toString('utf8');
    return (at === 0 ? text.replace(/^\ufeff/, '') : text).replace(/\r$/, '');
  });
}

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }).map((text) => new TextEncoder().encode(text)) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('\n', '\r\n', '\n\n', 'ä', '\ufeff')
      .map((text) => new TextEncoder().encode(text)),
  },
  fc.uint8Array({ maxLength: 8 }),
);

test('lines are the same however the bytes come', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const whole = new Uint8Array(pieces.flatMap((one) => [...one]));
      const expected = naive(whole, 1 << 20);
      expect(split(pieces)).toEqual(expected);
      expect(split([whole])).toEqual(expected);
      expect(split([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('a line that is too long is told and gone, and the next one is whole', () => {
  const bytes = new TextEncoder().encode(`short\n${'x'.repeat(20)}\nafter\n${'y'.repeat(30)}`);
  const expected = ['short', null, 'after', null];
  expect(split([bytes], 10)).toEqual(expected);
  expect(
    split(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      10,
    ),
  ).toEqual(expected);
});

test('a line without an end takes no more memory than the limit', () => {
  const splitter = new LineSplitter({ line: () => {}, tooLong: () => {} }, 1 << 16);
  const chunk = new Uint8Array(1 << 16).fill(0x61);
  const before = process.memoryUsage().arrayBuffers;
  for (let count = 0; count < 200; count++) splitter.take(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
});
