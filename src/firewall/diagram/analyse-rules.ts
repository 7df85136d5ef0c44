import { passes } from '../hooks.ts';
import type { Chain, Rule, Ruleset, Table } from '../ruleset.ts';
import { TooLarge } from './diagrams.ts';
import type { Path } from './fields.ts';
import { PathAnalysis } from './path-analysis.ts';
import { merge, notKnown, type RuleFault, type Seen } from './seen.ts';
import { PacketSpace, type SpaceOptions } from './space.ts';
import { walkChains } from './walk.ts';

export interface RuleAnalysis {
  readonly table: Table;
  readonly chain: Chain;
  readonly rule: Rule;
  /** Packets come to it. */
  readonly reached: boolean;
  /** It matches packets that come to it. */
  readonly matched: boolean;
  readonly fault?: RuleFault;
  /** Whether it has a fault is not known: sets that would tell are too large. */
  readonly tooLarge?: true;
  /** Of `shadowed`: the earlier rules that hide it, in their order, each of which takes some; at most {@link mostCovers}. */
  readonly covers?: readonly Rule[];
  /** It is not all that hides it. */
  readonly coversCut?: boolean;
}

/** What becomes of packets that no rule asks for. */
export interface EffectiveDefault {
  readonly path: Path;
  readonly table: Table;
  readonly chain: Chain;
  /**
   * `policy`: it decides of what comes to the end of the chain; `last rule`: a rule that asks for nothing decides before
   * it; `rules`: several rules together leave nothing to it.
   */
  readonly by: 'policy' | 'last rule' | 'rules';
  readonly effect: 'accept' | 'drop' | 'several';
  /** Of `last rule`. */
  readonly rule?: Rule;
}

export interface RulesetAnalysis {
  readonly rules: readonly RuleAnalysis[];
  readonly defaults: readonly EffectiveDefault[];
  /** Paths of which not all is said, since sets are too large; rules of which something is missing say so. */
  readonly tooLarge: readonly Path[];
}

export interface AnalysisOptions extends SpaceOptions {
  /**
   * The set before each rule is kept for all chains, as it is for those that change packets: dearer, with the same
   * answer.
   */
  readonly inOrder?: boolean;
}

const paths: readonly Path[] = ([4, 6] as const).flatMap((family) =>
  (['INPUT', 'FORWARD', 'OUTPUT'] as const).map((chain) => ({ family, chain })),
);

/**
 * Says of each rule of a ruleset whether packets come to it, whether it matches any, and what hides it or makes it do
 * nothing (Al-Shaer & Hamed, Discovery of Policy Anomalies in Distributed Firewalls, 2004, with sets in the place of
 * pairs of rules): exactly, over all paths and both IP versions. A condition that is not modelled may hold or not. Rules that
 * change packets, count or log, and jumps, are never redundant. Parts that are not followed are taken for nothing.
 */
export function analyseRules(ruleset: Ruleset, options: AnalysisOptions = {}): RulesetAnalysis {
  const seen = new Map<Rule, Seen>();
  const defaults: EffectiveDefault[] = [];
  const tooLarge: Path[] = [];
  const see = (rule: Rule, one: Seen) => seen.set(rule, merge(seen.get(rule), one));
  for (const path of paths) {
    const analysis = analysePath(path, ruleset, options);
    for (const [rule, one] of analysis?.rules() ?? []) see(rule, one);
    for (const rule of notWalked(path, ruleset, analysis)) see(rule, notKnown);
    const found = analysis?.defaults();
    for (const one of found ?? []) if (one !== undefined) defaults.push({ path, ...one });
    if (analysis === undefined || analysis.isCut || found!.includes(undefined)) tooLarge.push(path);
  }
  const rules = everyRule(ruleset).map(({ table, chain, rule }): RuleAnalysis => {
    const one = seen.get(rule);
    const fault = one === undefined ? 'chain not reached' : one.fault;
    return {
      ...{ table, chain, rule, reached: one?.reached ?? false, matched: one?.matched ?? false },
      ...(fault === 'not known' ? { tooLarge: true } : fault !== undefined && { fault }),
      ...(fault === 'shadowed' && { covers: one!.covers, coversCut: one!.coversCut }),
    };
  });
  return { rules, defaults, tooLarge };
}

/** Returns undefined where the sets of the path are too large. */
function analysePath(
  path: Path,
  ruleset: Ruleset,
  { inOrder = false, ...options }: AnalysisOptions,
): PathAnalysis | undefined {
  try {
    const space = new PacketSpace(path, [ruleset], options);
    const chains = walkChains(space, ruleset, { inOrder });
    if (!chains.isCut) return new PathAnalysis(space, chains);
    const most = chains.bases.length;
    if (most === 0) return undefined;
    // Once more in a new space, without the chain that took the nodes.
    const rest = new PacketSpace(path, [ruleset], options);
    return new PathAnalysis(rest, walkChains(rest, ruleset, { inOrder, most }));
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return undefined;
  }
}

/** The rules that packets of a path may come to in chains that were not walked, or not all ways into them. */
function notWalked(
  { family, chain: way }: Path,
  { tables }: Ruleset,
  analysis: PathAnalysis | undefined,
): Rule[] {
  if (analysis?.isCut === false) return [];
  return tables
    .filter((table) => table.family === 'inet' || (table.family === 'ip') === (family === 4))
    .flatMap((table) => [...table.chains.values()])
    .filter(({ base }) => base === undefined || passes[way].includes(base.hook))
    .filter((chain) => !analysis?.hasBase(chain))
    .flatMap((chain) => chain.rules);
}

function everyRule({ tables }: Ruleset) {
  return tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain) => chain.rules.map((rule) => ({ table, chain, rule }))),
  );
}
