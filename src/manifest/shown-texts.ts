import type { Range } from './locations.ts';
import { maskValues } from './mask.ts';
import type { SourceTexts } from './resource.ts';

/** The texts that were read, as diagnostics may show them: what was hidden is masked when a text is first asked for. */
export class ShownTexts implements SourceTexts {
  readonly #texts = new Map<string, string>();
  readonly #hidden = new Map<string, Range[]>();

  add(file: string, text: string): void {
    this.#texts.set(file, text);
  }

  /** Masks the values between two offsets of the file. */
  hide(file: string, range: Range): void {
    const ranges = this.#hidden.get(file);
    if (ranges) ranges.push(range);
    else this.#hidden.set(file, [range]);
  }

  get(file: string): string | undefined {
    const text = this.#texts.get(file);
    const hidden = this.#hidden.get(file);
    if (text === undefined || !hidden) return text;
    const pieces: string[] = [];
    let done = 0;
    for (const { start, end } of hidden.sort((x, y) => x.start - y.start)) {
      if (end <= done) continue;
      const from = Math.max(start, done);
      pieces.push(text.slice(done, from), maskValues(text.slice(from, end)));
      done = end;
    }
    const masked = pieces.join('') + text.slice(done);
    this.#hidden.delete(file);
    this.#texts.set(file, masked);
    return masked;
  }
}
