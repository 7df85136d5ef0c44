import type { Span } from '../../diagnostic/diagnostic.ts';
import type { TextRange } from '../ast.ts';

/** A text and where its characters stand in the user's files. */
export interface PlacedText {
  readonly text: string;
  at(range: TextRange): Span;
}

/** Several texts one after another, a separator between them. */
export class JoinedText implements PlacedText {
  readonly text: string;
  readonly #parts: { readonly start: number; readonly text: PlacedText }[] = [];

  constructor(parts: readonly PlacedText[], separator: string) {
    let start = 0;
    for (const part of parts) {
      this.#parts.push({ start, text: part });
      start += part.text.length + separator.length;
    }
    this.text = parts.map(({ text }) => text).join(separator);
  }

  at({ start, end }: TextRange): Span {
    const found = this.#parts.findLast((part) => part.start <= start) ?? this.#parts[0];
    if (found === undefined) throw new RangeError('a text without parts has no places');
    const { length } = found.text.text;
    const from = Math.min(start - found.start, length);
    return found.text.at({ start: from, end: Math.min(Math.max(from, end - found.start), length) });
  }
}

/** A text that was written for the user: all of it stands where its cause stands. */
export function textAt(text: string, span: Span): PlacedText {
  return { text, at: () => span };
}

/** A text in which stretches of another one were replaced. */
export class ReplacedText implements PlacedText {
  readonly text: string;
  readonly #source: PlacedText;
  readonly #replaced: readonly Replacement[];

  constructor(source: PlacedText, text: string, replaced: readonly Replacement[]) {
    this.text = text;
    this.#source = source;
    this.#replaced = replaced;
  }

  at({ start, end }: TextRange): Span {
    const from = this.#origin(start, 'start');
    return this.#source.at({ start: from, end: Math.max(from, this.#origin(Math.max(end, start), 'end')) });
  }

  #origin(offset: number, side: keyof TextRange): number {
    const last = this.#replaced.findLast(({ now }) => now.start <= offset);
    if (last === undefined) return offset;
    if (offset < last.now.end || (side === 'end' && offset === last.now.end)) return last.was[side];
    return last.was.end + (offset - last.now.end);
  }
}

/** One stretch that was replaced, as it lies in the text before and after. */
export interface Replacement {
  readonly was: TextRange;
  readonly now: TextRange;
}
