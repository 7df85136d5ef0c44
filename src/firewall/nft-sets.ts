import type { NftToken } from './nft-lexer.ts';

/** A named set, as far as the text tells what is in it. */
export interface NftSet {
  readonly values: string[];
  /** It changes while it is in use, or holds what is not understood. */
  changes: boolean;
  /** A rule has asked for it already. */
  used: boolean;
}

/** The named sets of all tables. */
export class NftSets {
  readonly #sets = new Map<string, NftSet>();

  get(table: string, name: string): NftSet | undefined {
    return this.#sets.get(`${table} ${name}`);
  }

  /** Returns the set, made now if there was none. */
  open(table: string, name: string): NftSet {
    const found = this.get(table, name) ?? { values: [], changes: false, used: false };
    this.#sets.set(`${table} ${name}`, found);
    return found;
  }
}

/** Returns the elements between braces, separated by commas; undefined when one is more than a single value. */
export function elementsOf(tokens: readonly NftToken[]): string[] | undefined {
  const values: string[] = [];
  let single = true;
  let length = 0;
  for (const token of tokens) {
    if (!token.known) return undefined;
    if (token.text === '{' || token.text === '}' || token.text === '\n') continue;
    if (token.text === ',') {
      length = 0;
      continue;
    }
    if (++length > 1) single = false;
    values.push(token.text);
  }
  return single ? values : undefined;
}
