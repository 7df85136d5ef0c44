/** One character of a source line as it is shown. */
export interface Cell {
  readonly shown: string;
  /** Terminal columns it takes. */
  readonly width: number;
  /** Index of its first UTF-16 code unit in the line. */
  readonly index: number;
}

const TAB_STOP = 4;
/** Longest text, in UTF-16 code units, that a manifest may put into a message. */
const MAX_TEXT = 600;
const COMBINING = /^[\p{Mn}\p{Me}]$/u;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;
/** Characters that a terminal obeys or hides: controls, format characters (bidirectional overrides, zero widths), lone surrogates, unassigned ones, line separators. */
const UNSAFE = /^[\p{C}\u2028\u2029]$/u;
const ANY_UNSAFE = /[\p{C}\u2028\u2029]/gu;

/**
 * Lays a line out for a terminal: tabs reach the next stop, wide characters take two columns, combining ones none, and
 * whatever could act on the terminal stands as visible text. The line may be cut out of a longer one that begins
 * `firstIndex` code units before it. Widths follow the Unicode scripts, not any one terminal's tables.
 */
export function layOut(line: string, firstIndex = 0): Cell[] {
  const cells: Cell[] = [];
  let column = 0;
  let index = firstIndex;
  for (const character of line) {
    const cell = cellOf(character, index, column);
    cells.push(cell);
    column += cell.width;
    index += character.length;
  }
  return cells;
}

function cellOf(character: string, index: number, column: number): Cell {
  if (character >= ' ' && character <= '~') return { shown: character, width: 1, index };
  if (character === '\t') {
    const width = TAB_STOP - (column % TAB_STOP);
    return { shown: ' '.repeat(width), width, index };
  }
  if (UNSAFE.test(character)) {
    const shown = harmless(character);
    return { shown, width: shown.length, index };
  }
  const width = COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return { shown: character, width, index };
}

/** A text for one line of a terminal, cut to a bearable length, with everything that could act on the terminal made visible. */
export function visible(text: string): string {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return bounded.replaceAll(ANY_UNSAFE, harmless);
}

/** C0 controls as their control pictures (U+2400 block), everything else by number. */
function harmless(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}
