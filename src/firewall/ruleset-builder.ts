import type { Range } from '../manifest/locations.ts';
import type { Ipset, Ipsets } from './ipset.ts';
import { NftSets } from './nft-sets.ts';
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
  /** Of nft: a hook that is not followed. */
  elsewhere?: string;
  policy?: Policy;
  readonly rules: Rule[];
}

/** A table that is being written. */
export interface DraftTable extends Table {
  readonly chains: Map<string, DraftChain>;
  /** Its chains hang nowhere for the time being. */
  dormant?: boolean;
}

/** Gathers what commands and dumps declare, one after another, beginning with empty tables. */
export class RulesetBuilder {
  readonly problems: FirewallProblem[] = [];
  /** Sets, variables and handles of nft. */
  readonly nft = new NftSets();
  /** Sets of ipset. */
  readonly ipsets: Ipsets;
  /** Grows whenever they change. */
  ipsetVersion = 0;
  /** Those that rules change. */
  readonly changedSets = new Set<string>();
  readonly #tables: DraftTable[] = [];
  readonly #opaque: OpaquePart[] = [];
  /** How to read rules of which not all is known before the end. */
  readonly #later = new WeakMap<Rule, (rule: Rule) => Rule>();
  readonly #read = new WeakMap<Rule, { readonly rule: Rule; readonly version: string }>();

  /** `ipsets`: sets that are there already. */
  constructor(ipsets: Ipsets = new Map()) {
    const copies = [...ipsets].map(([name, set]): [string, Ipset] => [
      name,
      { ...set, entries: new Map(set.entries) },
    ]);
    this.ipsets = new Map(copies);
  }

  /** Notes a part that is not followed and may change any rule. */
  notFollowed(at: Range, why: string): void {
    this.#opaque.push({ at, why });
  }

  /** The rule is read when the ruleset is asked for: what it names may be declared after it. */
  later(rule: Rule, read: (rule: Rule) => Rule): void {
    this.#later.set(rule, read);
  }

  /** The rule stands where another one stood, and is read as that one was to be. */
  replaced(before: Rule, rule: Rule): void {
    const read = this.#later.get(before);
    if (read !== undefined) this.#later.set(rule, read);
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

  /** The ruleset as it is now. */
  get ruleset(): Ruleset {
    const opaque = [...this.#opaque];
    const tables = this.#tables.map((table): Table => {
      const chains = [...table.chains].map(([name, chain]): [string, Chain] => [
        name,
        this.#finish(table, chain, opaque),
      ]);
      const { family, backend, name } = table;
      return { family, backend, name, chains: new Map(chains) };
    });
    return { tables, opaque };
  }

  #finish({ dormant = false }: DraftTable, chain: DraftChain, opaque: OpaquePart[]): Chain {
    const { base, elsewhere, ...rest } = chain;
    const acts = chain.rules.length > 0 || chain.policy?.effect === 'drop';
    if (elsewhere !== undefined && acts && !dormant) {
      const at = chain.at ?? chain.rules[0]?.at ?? { start: 0, end: 0 };
      opaque.push({ at, why: `chains at ${elsewhere} are not followed` });
    }
    const version = `${this.nft.version} ${this.ipsetVersion} ${this.changedSets.size}`;
    const rules = chain.rules.map((rule) => this.#finished(rule, version));
    return { ...rest, ...(base && !dormant && { base }), rules };
  }

  /** Reads a rule that waits for that, once for each state of the sets. */
  #finished(rule: Rule, version: string): Rule {
    const read = this.#later.get(rule);
    if (read === undefined) return rule;
    const before = this.#read.get(rule);
    if (before?.version === version) return before.rule;
    const finished = read(rule);
    this.#read.set(rule, { rule: finished, version });
    return finished;
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
