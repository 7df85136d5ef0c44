import type { CodeDefinition } from './diagnostic.ts';
import { nearest } from './suggest.ts';

/** Every code that a program can print, joined from the lists of its rooms. */
export class CodeRegistry {
  readonly #definitions = new Map<string, CodeDefinition>();

  /** Throws an Error when a code is malformed (`PKT` and four digits) or given twice. */
  constructor(lists: Iterable<Iterable<CodeDefinition>>) {
    const definitions = [...lists].flatMap((list) => [...list]);
    definitions.sort((x, y) => (x.code < y.code ? -1 : x.code > y.code ? 1 : 0));
    for (const definition of definitions) {
      const { code, title } = definition;
      if (!/^PKT\d{4}$/.test(code)) throw new Error(`malformed code ${code} (${title})`);
      const taken = this.#definitions.get(code);
      if (taken) throw new Error(`code ${code} is given twice: "${taken.title}" and "${title}"`);
      this.#definitions.set(code, definition);
    }
  }

  /** The definition of a code; letter case is free. */
  get(code: string): CodeDefinition | undefined {
    return this.#definitions.get(code.toUpperCase());
  }

  /** All definitions, by ascending code. */
  all(): readonly CodeDefinition[] {
    return [...this.#definitions.values()];
  }

  /** The code that a mistyped one most likely meant: bare digits, then the nearest spelling. */
  nearest(code: string): string | undefined {
    const digits = /^\D*(\d{1,4})$/.exec(code)?.[1];
    const padded = digits && `PKT${digits.padStart(4, '0')}`;
    if (padded && this.#definitions.has(padded)) return padded;
    return nearest(code, this.#definitions.keys());
  }
}
