import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineIndex } from './position.ts';

/** Line and column by walking from the start, the slow way. */
function walk(text: string, offset: number) {
  let line = 1;
  let column = 1;
  for (let at = 0; at < offset; at++) {
    const unit = text[at];
    if (unit === '\n' || (unit === '\r' && text[at + 1] !== '\n')) {
      line++;
      column = 1;
    } else if (!(at === 0 && unit === '\ufeff')) {
      column++;
    }
  }
  return { line, column, offset };
}

describe('LineIndex', () => {
  test('agrees with a walk over the text', () => {
    const characters = fc.constantFrom('a', '\n', '\r', '\r\n', '\ufeff', '😀', '\t', '');
    fc.assert(
      fc.property(fc.array(characters), fc.nat(40), (parts, offset) => {
        const text = parts.join('');
        const at = Math.min(offset, text.length);
        // A position between \r and \n belongs to the line that they end.
        fc.pre(!(text[at - 1] === '\r' && text[at] === '\n'));
        expect(new LineIndex(text).position(offset)).toEqual(walk(text, at));
      }),
    );
  });

  test('lines come without their breaks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[ab]{0,3}$/), { minLength: 1 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        (lines, ending) => {
          const index = new LineIndex(lines.join(ending));
          expect(Array.from({ length: index.lineCount }, (_, at) => index.lineText(at + 1))).toEqual(lines);
        },
      ),
    );
  });

  test('a byte order mark takes no column and no place in the line', () => {
    const index = new LineIndex('\ufeffab\nc');
    expect(index.position(1)).toEqual({ line: 1, column: 1, offset: 1 });
    expect(index.position(4)).toEqual({ line: 2, column: 1, offset: 4 });
    expect(index.lineText(1)).toBe('ab');
  });

  test('positions beyond the text are clamped to its end', () => {
    expect(new LineIndex('ab').position(9)).toEqual({ line: 1, column: 3, offset: 2 });
    expect(new LineIndex('').position(-1)).toEqual({ line: 1, column: 1, offset: 0 });
  });
});
