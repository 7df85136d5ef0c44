import { expect, test } from 'vitest';
import { WordSet } from './word-set.ts';

test('the highest word is a member like any other', () => {
  const high = WordSet.range(0x80000000, 0xffffffff);
  expect([high.contains(0xffffffff), high.contains(0x7fffffff), high.size]).toEqual([true, false, 2 ** 31]);
  expect(high.complement().equals(WordSet.range(0, 0x7fffffff))).toBe(true);
  expect(high.union(high.complement()).isAll).toBe(true);
  expect(() => WordSet.of(2 ** 32)).toThrow(RangeError);
});

test('it is written in hexadecimal', () => {
  expect(
    `${WordSet.ofRanges([
      { from: 16, to: 31 },
      { from: 1, to: 1 },
    ])}`,
  ).toBe('0x1,0x10-0x1f');
  expect(`${WordSet.empty}`).toBe('none');
});
