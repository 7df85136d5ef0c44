import { keyOf, type NftElement } from './nft-elements.ts';
import type { NftToken } from './nft-lexer.ts';
import type { Rule } from './ruleset.ts';

/** A named set or map, as far as the text tells what is in it. */
export interface NftSet {
  elements: NftElement[];
  /** Rules add to it or take from it, or something was done to it that is not followed. */
  changes: boolean;
  /** Elements stay for a while only, or count against a limit. */
  varies: boolean;
  /** What was read out of it, by what asked. */
  readonly read: Map<string, unknown>;
}

/** The named sets and maps of all tables, the variables, and the handles of rules. */
export class NftSets {
  readonly defines = new Map<string, readonly NftToken[]>();
  /** Handles of rules, where the text tells them. */
  readonly handles = new WeakMap<Rule, number>();
  /** Grows whenever what rules may look up changes. */
  version = 0;
  readonly #sets = new Map<string, NftSet>();

  /** `table` is family and name. */
  get(table: string, name: string): NftSet | undefined {
    return this.#sets.get(`${table} ${name}`);
  }

  /** Returns the set to be changed, made now if there was none. */
  open(table: string, name: string): NftSet {
    const found = this.get(table, name) ?? { elements: [], changes: false, varies: false, read: new Map() };
    this.#sets.set(`${table} ${name}`, found);
    found.read.clear();
    this.version++;
    return found;
  }

  delete(table: string, name: string): void {
    this.version++;
    this.#sets.delete(`${table} ${name}`);
  }

  /** Forgets the sets of a table. */
  deleteTable(table: string): void {
    this.version++;
    for (const key of [...this.#sets.keys()]) if (key.startsWith(`${table} `)) this.#sets.delete(key);
  }
}

/** Takes elements out of a set again; one that is not there as it is written may be part of another one. */
export function removeElements(set: NftSet, removed: readonly NftElement[]): void {
  const keys = new Set(removed.map(keyOf));
  const left = set.elements.filter((one) => !keys.has(keyOf(one)));
  if (set.elements.length - left.length < keys.size) set.changes = true;
  set.elements = left;
}
