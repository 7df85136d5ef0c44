import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TextEdit } from './diagnostic.ts';
import { applyEdits, applyFix } from './fix.ts';
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
