import { analyseRules, type RuleAnalysis, type RulesetAnalysis } from '../diagram/analyse-rules.ts';
import type { Ruleset } from '../ruleset.ts';
import { ownerOfChain } from './owners.ts';

const known = new WeakMap<Ruleset, RulesetAnalysis>();

/** Returns what the rules of a ruleset do and what hides them, reckoned once; undefined where a part is not followed. */
export function analysisOf(ruleset: Ruleset): RulesetAnalysis | undefined {
  if (ruleset.opaque.length > 0) return undefined;
  const found = known.get(ruleset) ?? analyseRules(ruleset);
  known.set(ruleset, found);
  return found;
}

/** Returns what is said of rules that the text's writer keeps: those in chains of other programs are theirs to mend. */
export function ownRules(ruleset: Ruleset): readonly RuleAnalysis[] {
  const rules = analysisOf(ruleset)?.rules ?? [];
  return rules.filter(({ table, chain }) => ownerOfChain(table, chain.name) === undefined);
}
