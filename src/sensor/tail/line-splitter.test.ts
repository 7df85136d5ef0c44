import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

/** The lines of bytes that come in pieces of these sizes. */
function split(bytes: Buffer, sizes: readonly number[], splitter: LineSplitter): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    splitter.push(chunk, lines);
    // The reader uses its buffer again.
    chunk.fill(0x78);
    at += size;
  }
  return lines;
}

test('however bytes are cut, lines are the same as of the whole text', () => {
  const text = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constant('\n')));
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 9 })), (parts, sizes) => {
      const whole = `${parts.join('')}\n`;
      const lines = split(Buffer.from(whole), sizes, new LineSplitter(1000));
      expect(lines).toEqual(whole.split('\n').filter((line) => line.trim() !== ''));
    }),
  );
});

test('lines that are too long are left out and counted once, the next ones taken', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 })), (sizes) => {
      const splitter = new LineSplitter(5);
      expect(split(Buffer.from('12345\n123456\n1\n12345678901234\n2\n'), sizes, splitter)).toEqual([
        '12345',
        '1',
        '2',
      ]);
      expect(splitter.tooLong).toBe(2);
    }),
  );
});

test('a line whose beginning was not seen is left out and not counted', () => {
  const splitter = new LineSplitter(5, true);
  expect(split(Buffer.from('the rest\nnext\n'), [], splitter)).toEqual(['next']);
  expect(splitter.tooLong).toBe(0);
});

test('a line without its end is kept until then, given at the end, or forgotten', () => {
  const splitter = new LineSplitter(50);
  expect(split(Buffer.from('begun'), [], splitter)).toEqual([]);
  expect(splitter.isInLine).toBe(true);
  expect(split(Buffer.from(' ended\nlast'), [], splitter)).toEqual(['begun ended']);
  expect([splitter.end(), splitter.end(), splitter.isInLine]).toEqual(['last', undefined, false]);
  split(Buffer.from('half'), [], splitter);
  splitter.restart();
  expect(split(Buffer.from('whole\n'), [], splitter)).toEqual(['whole']);
});
