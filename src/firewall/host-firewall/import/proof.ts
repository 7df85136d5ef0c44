import { compareRulesets, type Difference, type PathComparison } from '../../compare/compare.ts';
import type { Chain, Hook, Match, Rule, Ruleset } from '../../ruleset.ts';
import { compileHostFirewall } from '../compile.ts';
import { resolveHostFirewall } from '../resolve.ts';
import { rulesOf } from '../ruleset.ts';
import { type Imported, specOf } from './import.ts';

/** How far a declaration means the same as what it was made from. */
export interface ImportProof {
  /**
   * The declaration does the same with every packet as the original would, had it what every HostFirewall has; undefined where that is
   * not known. What is not followed of the original is left aside.
   */
  readonly equal: boolean | undefined;
  /** Packets for which it does not, or may not. */
  readonly differences: readonly Difference[];
  /**
   * What changes because every HostFirewall does it so: existing connections, loopback, ICMP that networks need, the other IP version,
   * untracked packets where nothing says which those are.
   */
  readonly meant: readonly Difference[];
  readonly paths: readonly PathComparison[];
}

/** Differences that are listed of one kind and path. */
const most = 4;

/**
 * Compares what was imported, compiled again, with the original, for packets for the machine and for those directions that are declared.
 * Translation of addresses is left aside: a HostFirewall has none.
 */
export function proveImport(original: Ruleset, imported: Imported): ImportProof {
  const { firewall } = resolveHostFirewall(specOf(imported), []);
  const now = rulesOf(compileHostFirewall(firewall)).ruleset;
  const old: Ruleset = {
    opaque: [],
    tables: withChains(original, (chain) => (chain.base?.nat ? [] : [chain])),
  };
  const alike = withAlike(old, imported);
  const found = compareRulesets(alike, now, { most });
  const isMeant = ({ kind, path }: Difference) =>
    kind === 'closed' && path.chain === 'INPUT' && imported.closes.includes(path.family);
  const differences = found.differences.filter((one) => !isMeant(one));
  const isKnown = found.paths.every(({ tooLarge }) => tooLarge === undefined);
  const isCertain = differences.some(({ kind }) => kind !== 'may differ');
  return {
    equal: isCertain ? false : isKnown && differences.length === 0 ? true : undefined,
    differences,
    meant: [...compareRulesets(old, alike, { most }).differences, ...found.differences.filter(isMeant)],
    paths: found.paths,
  };
}

/** The original with the rules that stand before all others in every HostFirewall. */
function withAlike(old: Ruleset, { dhcp, forward, outbound }: Imported): Ruleset {
  const spec = {
    dhcp,
    icmp: { echo: false },
    ...(forward && { forward: {} }),
    ...(outbound && { outbound: {} }),
  };
  const [table] = rulesOf(compileHostFirewall(resolveHostFirewall(spec, []).firewall)).ruleset.tables;
  const byHook = new Map<Hook, readonly Rule[]>();
  for (const { base, rules } of table?.chains.values() ?? []) {
    if (base !== undefined) byHook.set(base.hook, rules);
  }
  const isTracked = !untracks(old);
  const tables = withChains(old, (chain) => {
    const before = (chain.base && byHook.get(chain.base.hook)) ?? [];
    return [{ ...chain, rules: [...before, ...(isTracked ? chain.rules.map(untrackedAsNew) : chain.rules)] }];
  });
  // What an IP version without any chain of the original meets of them.
  const own = table && withChains({ tables: [table], opaque: [] }, openChain);
  return { ...old, tables: [...tables, ...(own ?? [])] };
}

/** Whether a rule decides that packets belong to no connection. */
function untracks({ tables }: Ruleset): boolean {
  const rules = tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules));
  return rules.some(
    ({ target, actions = [] }) =>
      target.effect === 'untrack' || actions.some(({ action }) => action.kind === 'untrack'),
  );
}

/** No HostFirewall tells untracked packets from those of new connections: a rule that does not name them has them where it has those. */
function untrackedAsNew(rule: Rule): Rule {
  const matches = rule.matches.map((match): Match => {
    const isUnsaid = match.kind === 'state' && match.states.has('NEW') && !match.states.has('UNTRACKED');
    return isUnsaid ? { ...match, states: new Set([...match.states, 'UNTRACKED']) } : match;
  });
  return { ...rule, matches };
}

function openChain({ policy: _, ...chain }: Chain): readonly Chain[] {
  return [chain];
}

function withChains({ tables }: Ruleset, change: (chain: Chain) => readonly Chain[]): Ruleset['tables'] {
  return tables.map((table) => ({
    ...table,
    chains: new Map([...table.chains.values()].flatMap(change).map((chain) => [chain.name, chain])),
  }));
}
