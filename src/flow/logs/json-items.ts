/**
 * Cuts objects out of JSON whose text comes line by line and need not respect them: the elements of a list, or objects one after
 * another over several lines each. A list of any length is read in bounded memory. What stands between objects is passed over.
 */
export class JsonItems {
  readonly #base: number;
  readonly #item: (text: string) => void;
  readonly #tooLong: () => void;
  readonly #limit: number;
  #depth = 0;
  #inText = false;
  #isEscaped = false;
  #parts: string[] = [];
  #length = 0;
  #isLost = false;

  /** `limit`: characters of one object. */
  constructor(
    within: 'list' | 'nothing',
    item: (text: string) => void,
    tooLong: () => void,
    limit = 1 << 20,
  ) {
    this.#base = within === 'list' ? 1 : 0;
    this.#item = item;
    this.#tooLong = tooLong;
    this.#limit = limit;
  }

  /** Whether an object has begun and not ended. */
  get isOpen(): boolean {
    return this.#depth > this.#base;
  }

  /** Takes one more line. */
  take(line: string): void {
    let start = 0;
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      if (this.#inText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === 0x5c) this.#isEscaped = true;
        else if (code === 0x22) this.#inText = false;
      } else if (code === 0x22) this.#inText = true;
      else if (code === 0x7b || code === 0x5b) {
        if (this.#depth === this.#base) start = at;
        this.#depth++;
      } else if (code === 0x7d || code === 0x5d) {
        if (this.#depth === 0) continue;
        this.#depth--;
        if (this.#depth !== this.#base) continue;
        this.#add(line.slice(start, at + 1));
        this.#end();
      }
    }
    if (this.isOpen) this.#add(`${line.slice(start)}\n`);
  }

  #add(text: string): void {
    if (this.#isLost) return;
    this.#length += text.length;
    if (this.#length > this.#limit) {
      this.#isLost = true;
      this.#parts = [];
    } else this.#parts.push(text);
  }

  #end(): void {
    if (this.#isLost) this.#tooLong();
    else this.#item(this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
    this.#isLost = false;
  }
}
