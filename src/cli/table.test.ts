import { expect, test } from 'vitest';
import { displayWidth, printable, table, wrap } from './table.ts';

test('columns are as wide as their widest cell, wide characters count two', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['日本', 'x'],
        ['abc', 'y'],
      ],
    ),
  ).toBe('A     B\n日本  x\nabc   y\n');
});

test('styles take no width', () => {
  expect(displayWidth('\u001b[31mred\u001b[39m')).toBe(3);
});

test('control characters of outside text become visible', () => {
  expect(printable('a\u001b[2Jb\n\u202e')).toBe('a\\x1b[2Jb\\x0a\\x202e');
});

test('wraps at blanks', () => {
  expect(wrap('one two three four', 10, '  ')).toBe('  one two\n  three\n  four');
});
