/** How much of a text is looked at. What comes from elsewhere is bounded: telling that something is no JSON takes long. */
export interface ItemLimits {
  /** Items, whatever they are. */
  readonly items: number;
  /** Lines that are no JSON. */
  readonly unreadable: number;
}

export const noLimits: ItemLimits = { items: Number.POSITIVE_INFINITY, unreadable: Number.POSITIVE_INFINITY };

export type ParsedJson = { readonly value: unknown } | { readonly message: string };

/** How a text is read. */
export interface ItemReader {
  parse(text: string): ParsedJson;
  /** What one JSON text holds. */
  itemsOf(value: unknown): readonly unknown[];
  /** Takes an item with its number, or that of its line, from 1. */
  take(value: unknown, item: number): void;
  /** Is told of a line that is no JSON. */
  fault(message: string, item: number): void;
}

/**
 * Reads the items of one JSON text, or of one JSON text a line. Returns how many items or lines it did not look at, since there were too
 * many before them.
 */
export function readItems(text: string, reader: ItemReader, limits: ItemLimits = noLimits): number {
  const whole = reader.parse(text);
  if (!('value' in whole)) return readLines(text, reader, limits);
  const items = reader.itemsOf(whole.value);
  const end = Math.min(items.length, limits.items);
  for (let index = 0; index < end; index++) reader.take(items[index], index + 1);
  return items.length - end;
}

/** Says how many items were not looked at. */
export function leftText(count: number): string {
  return `from here on ${count} ${count === 1 ? 'is' : 'are'} not looked at: there are too many at once`;
}

function readLines(text: string, reader: ItemReader, limits: ItemLimits): number {
  let [items, unreadable, left] = [0, 0, 0];
  for (let start = 0, number = 1; start < text.length; number++) {
    const newline = text.indexOf('\n', start);
    const line = newline < 0 ? text.slice(start) : text.slice(start, newline);
    start += line.length + 1;
    if (line.trim() === '') continue;
    if (items >= limits.items || unreadable >= limits.unreadable) {
      left++;
      continue;
    }
    const parsed = reader.parse(line);
    if ('value' in parsed) {
      for (const value of reader.itemsOf(parsed.value)) {
        if (items++ < limits.items) reader.take(value, number);
        else left++;
      }
    } else {
      unreadable++;
      reader.fault(parsed.message, number);
    }
  }
  return left;
}
