import type { Chain, Rule, Ruleset, Table } from '../ruleset.ts';
import type { FirewallSubject } from './subject.ts';

/** A rule that every run of a script adds once more. */
export interface AddedAgain {
  readonly table: Table;
  readonly chain: Chain;
  /** As the second run has added it. */
  readonly rule: Rule;
  /** The rule of an earlier run that ends every packet before it comes to this one. */
  readonly behind?: Rule;
}

/**
 * Returns the rules that a second run leaves twice: all is done again over what the first run has left, `-C`, `-D` and
 * `-F` included. Empty where a part that is not followed may take rules away.
 */
export function addedAgain(firewall: FirewallSubject): AddedAgain[] {
  const second = firewall.secondRun?.();
  if (second === undefined || second.opaque.some(({ at }) => clears.test(firewall.text(at)))) return [];
  return copies(second.ruleset);
}

const clears = /\s-[FDX]\b|--(?:flush|delete)\b|\b(?:flush|delete|destroy|reset)\b|restore|nft\s+-f/;

function copies({ tables }: Ruleset): AddedAgain[] {
  return tables.flatMap((table) => [...table.chains.values()].flatMap((chain) => copiesIn(table, chain)));
}

/** Rules that stand at one place of the text are one command's: the second of them is the second run's. */
function copiesIn(table: Table, chain: Chain): AddedAgain[] {
  const seen = new Set<number>();
  let behind: Rule | undefined;
  return chain.rules.flatMap((rule) => {
    const again = seen.has(rule.at.start);
    seen.add(rule.at.start);
    const found = again ? [{ table, chain, rule, ...(behind && { behind }) }] : [];
    if (endsAll(rule)) behind ??= rule;
    return found;
  });
}

/** Whether no packet comes past the rule. */
function endsAll({ matches, target: { effect } }: Rule): boolean {
  return matches.length === 0 && (effect === 'accept' || effect === 'drop');
}
