import { type PlacedText, ReplacedText, type Replacement } from './placed-text.ts';

/** A list as substitution needs it. */
export interface ListValues {
  /** Where in the order of first definitions it stands. */
  readonly index: number;
  readonly name: string;
  /** Items as they are put into conditions. */
  readonly values: readonly string[];
}

/** What a condition may grow to. */
export const maxConditionLength = 4 * 1024 * 1024;

/** What separates words for the substitution of lists. */
const WORD = /[^\s(),=]+/g;

/** Puts the items of lists in place of their names. */
export class ListSubstitution {
  /** Lists that something named. */
  readonly used: Set<string> = new Set();
  readonly #lists: ReadonlyMap<string, ListValues>;
  readonly #expanded = new Map<string, string | undefined>();

  constructor(lists: ReadonlyMap<string, ListValues>) {
    this.#lists = lists;
  }

  /**
   * Returns the text with names of lists replaced by their items, as Falco does before it parses: a name is replaced
   * wherever it stands as a word, also in what an earlier list put there. An empty list takes a comma with it. Undefined
   * when the text grows too long.
   */
  apply(source: PlacedText): PlacedText | undefined {
    const replaced: Replacement[] = [];
    let [text, taken] = ['', 0];
    for (const { 0: word, index } of source.text.matchAll(WORD)) {
      const list = this.#lists.get(word);
      if (list === undefined) continue;
      const values = this.#expand(list);
      if (values === undefined) return undefined;
      text += source.text.slice(taken, index);
      taken = index + word.length;
      if (values === '') {
        if (/,\s*$/.test(text)) text = text.slice(0, text.lastIndexOf(','));
        else taken += /^\s*,/.exec(source.text.slice(taken, taken + 200))?.[0].length ?? 0;
      }
      const start = text.length;
      text += values;
      if (text.length > maxConditionLength) return undefined;
      replaced.push({ was: { start: index, end: index + word.length }, now: { start, end: text.length } });
    }
    if (replaced.length === 0) return source;
    return new ReplacedText(source, text + source.text.slice(taken), replaced);
  }

  /** The items of a list, those that name a later list replaced in turn. */
  #expand({ index, name, values }: ListValues): string | undefined {
    this.used.add(name);
    if (this.#expanded.has(name)) return this.#expanded.get(name);
    const parts: string[] = [];
    let length = 0;
    for (const value of values) {
      const later = this.#lists.get(value);
      const part = later !== undefined && later.index > index ? this.#expand(later) : value;
      length += part === undefined ? Number.POSITIVE_INFINITY : part.length + 2;
      if (length > maxConditionLength) break;
      if (part !== undefined && part !== '') parts.push(part);
    }
    const expanded = length > maxConditionLength ? undefined : parts.join(', ');
    this.#expanded.set(name, expanded);
    return expanded;
  }
}

/** Returns an item as it must stand in a condition: in quotes when it has signs that would end it. */
export function quoteItem(item: string): string {
  if (!/[\s(),=]/.test(item) || /^["']/.test(item)) return item;
  return item.includes('"') ? `'${item}'` : `"${item}"`;
}
