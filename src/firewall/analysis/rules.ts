import type { Chain, Hook, Rule, Ruleset, Table } from '../ruleset.ts';

/** A rule where it stands. */
export interface PlacedRule {
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  /** Its number in the chain, from 0. */
  readonly index: number;
}

/** Every rule of a ruleset, table by table and chain by chain. */
export function* rulesOf({ tables }: Ruleset): Generator<PlacedRule> {
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      for (const [index, rule] of chain.rules.entries()) yield { table, chain, rule, index };
    }
  }
}

/** Returns the ruleset with the rules of one chain replaced. */
export function withRules(ruleset: Ruleset, chain: Chain, rules: readonly Rule[]): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) =>
      table.chains.get(chain.name) === chain
        ? { ...table, chains: new Map(table.chains).set(chain.name, { ...chain, rules }) }
        : table,
    ),
  };
}

/** Returns the ruleset without the base chains of one hook. */
export function withoutHook(ruleset: Ruleset, hook: Hook): Ruleset {
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({
      ...table,
      chains: new Map([...table.chains].filter(([, { base }]) => base?.hook !== hook)),
    })),
  };
}
