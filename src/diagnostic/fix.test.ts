import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TextEdit } from './diagnostic.ts';
import { applyEdits, applyFix, compatibleFixes } from './fix.ts';
import { LineIndex } from './position.ts';

function edit(text: string, start: number, end: number, replacement: string, file = 'f'): TextEdit {
  return { span: new LineIndex(text).span(file, start, end), text: replacement };
}

describe('applyEdits', () => {
  test('keeps what is between the edits and replaces the rest, in any order of the list', () => {
    const piece = fc.record({ kept: fc.string(), old: fc.string({ minLength: 1 }), new: fc.string() });
    fc.assert(
      fc.property(fc.array(piece), fc.string(), fc.nat(), (pieces, tail, rotation) => {
        const text = pieces.map((one) => one.kept + one.old).join('') + tail;
        let at = 0;
        const edits = pieces.map((one) => {
          const start = at + one.kept.length;
          at = start + one.old.length;
          return edit(text, start, at, one.new);
        });
        const turn = edits.length === 0 ? 0 : rotation % edits.length;
        const rotated = [...edits.slice(turn), ...edits.slice(0, turn)];
        expect(applyEdits(rotated, text)).toBe(pieces.map((one) => one.kept + one.new).join('') + tail);
      }),
    );
  });

  test('insertions at one place keep their order', () => {
    expect(applyEdits([edit('ab', 1, 1, 'x'), edit('ab', 1, 1, 'y')], 'ab')).toBe('axyb');
  });

  test('overlaps and places outside the text are refused', () => {
    expect(() => applyEdits([edit('abcd', 0, 2, ''), edit('abcd', 1, 3, '')], 'abcd')).toThrow('overlap');
    expect(() => applyEdits([edit('abcd', 0, 4, '')], 'ab')).toThrow('outside');
  });
});

test('applyFix makes the edits of the named file only', () => {
  const edits = [edit('ab', 0, 1, 'x', 'one'), edit('ab', 0, 1, 'y', 'two')];
  expect(applyFix({ title: '', safe: true, edits }, 'two', 'ab')).toBe('yb');
});

describe('compatibleFixes', () => {
  const text = 'abcdefgh';
  const fix = (start: number, end: number, safe = true) => ({
    title: `${start}`,
    safe,
    edits: [edit(text, start, end, 'x')],
  });
  const titles = (...args: Parameters<typeof compatibleFixes>) =>
    compatibleFixes(...args).map((one) => one.title);

  test('earlier ones go before those that touch the same text', () => {
    expect(titles([fix(0, 2), fix(1, 3), fix(2, 4), fix(5, 6)], false)).toEqual(['0', '5']);
  });

  test('unsafe ones only when asked', () => {
    expect(titles([fix(0, 2, false), fix(4, 5)], false)).toEqual(['4']);
    expect(titles([fix(0, 2, false), fix(4, 5)], true)).toEqual(['0', '4']);
  });
});
