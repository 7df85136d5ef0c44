import type { Range } from '../manifest/locations.ts';
import {
  type Base,
  builtInChains,
  type Chain,
  type FirewallProblem,
  type Match,
  type OpaquePart,
  type Policy,
  type Rule,
  type Ruleset,
  type Table,
  type TableFamily,
} from './ruleset.ts';

/** A chain that is being written. */
export interface DraftChain extends Chain {
  base?: Base;
  policy?: Policy;
  readonly rules: Rule[];
}

/** A table that is being written. */
export interface DraftTable extends Table {
  readonly chains: Map<string, DraftChain>;
}

/** Gathers what commands and dumps declare, one after another, beginning with empty tables. */
export class RulesetBuilder {
  readonly problems: FirewallProblem[] = [];
  readonly #tables: DraftTable[] = [];
  readonly #opaque: OpaquePart[] = [];

  /** Notes a part that is not followed and may change any rule. */
  notFollowed(at: Range, why: string): void {
    this.#opaque.push({ at, why });
  }

  problem(at: Range, message: string, help?: string): void {
    this.problems.push({ at, message, ...(help !== undefined && { help }) });
  }

  /** Returns a table of iptables with its built-in chains, or undefined when there is none of this name. */
  ipTable(family: 'ip' | 'ip6', backend: Table['backend'], name: string): DraftTable | undefined {
    const found = this.find(family, backend, name);
    const bases = builtInChains(name);
    if (found !== undefined || bases === undefined) return found;
    const table = this.add(family, backend, name);
    for (const base of bases) table.chains.set(base.hook, { name: base.hook, base, rules: [] });
    return table;
  }

  find(family: TableFamily, backend: Table['backend'], name: string): DraftTable | undefined {
    return this.#tables.find((one) => one.family === family && one.backend === backend && one.name === name);
  }

  add(family: TableFamily, backend: Table['backend'], name: string): DraftTable {
    const table: DraftTable = { family, backend, name, chains: new Map() };
    this.#tables.push(table);
    return table;
  }

  remove(table: DraftTable): void {
    this.#tables.splice(this.#tables.indexOf(table), 1);
  }

  /** Returns the tables of one backend and family. */
  tables(family: TableFamily, backend: Table['backend']): readonly DraftTable[] {
    return this.#tables.filter((one) => one.family === family && one.backend === backend);
  }

  get ruleset(): Ruleset {
    return { tables: this.#tables, opaque: this.#opaque };
  }
}

/** Tells whether two rules are the same to `-C` and `-D`: same conditions, in any order, and same target. */
export function sameRule(a: Rule, b: Rule): boolean {
  return keyOf(a) === keyOf(b);
}

const keys = new WeakMap<Rule, string>();

function keyOf(rule: Rule): string {
  const known = keys.get(rule);
  if (known !== undefined) return known;
  const key = JSON.stringify([...rule.matches.map(matchKey).sort(), rule.target]);
  keys.set(rule, key);
  return key;
}

function matchKey(match: Match): string {
  return JSON.stringify(match, (_key, value: unknown) => {
    if (value instanceof Set) return [...value].sort();
    const isSet = typeof value === 'object' && value !== null && 'ranges' in value;
    return isSet ? String(value) : value;
  });
}
