import type { Position, Span } from './diagnostic.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Where the lines of one text begin: offset → line and column without scanning again. Lines end at `\n`,
 * `\r\n` or a lone `\r` (YAML 1.2 §5.4). Columns count UTF-16 code units, as editors and the Language
 * Server Protocol do; a byte order mark at the start takes no column.
 */
export class LineIndex {
  readonly text: string;
  /** Number of lines; a text that ends in a line break has an empty last line. */
  readonly lineCount: number;
  readonly #starts: Uint32Array;

  constructor(text: string) {
    this.text = text;
    this.#starts = lineStarts(text);
    this.lineCount = this.#starts.length;
  }

  /** The position of `offset`, clamped to the text. */
  position(offset: number): Position {
    const at = Math.min(Math.max(offset, 0), this.text.length);
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    const mark = low === 0 && at > 0 && this.text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
    return { line: low + 1, column: at - starts[low]! + 1 - mark, offset: at };
  }

  /** The span of `file` from offset `start` to offset `end`, end exclusive. */
  span(file: string, start: number, end: number): Span {
    return { file, start: this.position(start), end: this.position(Math.max(start, end)) };
  }

  /** Offset of the first character of the 1-based `line`; the text's length beyond the last line. */
  lineStart(line: number): number {
    return line < 1 ? 0 : (this.#starts[line - 1] ?? this.text.length);
  }

  /** The characters of the 1-based `line` without its line break and without a byte order mark. */
  lineText(line: number): string {
    let start = this.lineStart(line);
    let end = this.lineStart(line + 1);
    if (line < this.lineCount) {
      end--;
      if (this.text.charCodeAt(end) === LINE_FEED && this.text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
    }
    if (start === 0 && this.text.charCodeAt(0) === BYTE_ORDER_MARK) start = 1;
    return this.text.slice(start, Math.max(start, end));
  }
}

function lineStarts(text: string): Uint32Array {
  let starts = new Uint32Array(Math.max(16, text.length >>> 5));
  let count = 1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== LINE_FEED && unit !== CARRIAGE_RETURN) continue;
    if (unit === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) at++;
    if (count === starts.length) {
      const larger = new Uint32Array(starts.length * 2);
      larger.set(starts);
      starts = larger;
    }
    starts[count++] = at + 1;
  }
  return starts.slice(0, count);
}
