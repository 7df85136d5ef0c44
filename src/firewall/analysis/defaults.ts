import type { Range } from '../../manifest/locations.ts';
import type { Family } from '../../net/address.ts';
import type { EffectiveDefault } from '../diagram/analyse-rules.ts';
import type { Packet } from '../packet.ts';
import type { Ruleset } from '../ruleset.ts';
import { analysisOf } from './rule-analysis.ts';

/** What becomes of packets that no rule asks for, on one path and in one IP version, over all chains that they meet. */
export interface PathDefault {
  readonly path: Packet['chain'];
  readonly family: Family;
  readonly outcome: 'accepted' | 'dropped' | 'not known';
  /** The rule or policy that drops. */
  readonly at?: Range;
  /** Of the chains that decide: drop where one of them drops. */
  readonly policy: 'accept' | 'drop';
  /** There is a chain of a filter on this path in this IP version. */
  readonly isFiltered: boolean;
}

const paths = ['INPUT', 'FORWARD', 'OUTPUT'] as const;

/**
 * Returns what becomes of packets that no rule asks for. The policy alone does not tell: a last rule without conditions may drop
 * where the policy accepts, or accept where it drops. One chain that drops is enough.
 */
export function pathDefaults(ruleset: Ruleset): PathDefault[] {
  const analysis = analysisOf(ruleset);
  return paths.flatMap((path) =>
    ([4, 6] as const).map((family): PathDefault => {
      const isHere = (one: { readonly chain: string; readonly family: Family }) =>
        one.chain === path && one.family === family;
      const chains = (analysis?.defaults ?? []).filter((one) => isHere(one.path));
      const known = {
        path,
        family,
        policy: policyOf(chains),
        isFiltered: analysis === undefined || chains.some(filters),
      };
      const dropping = chains.find(({ effect }) => effect === 'drop');
      const at = dropping && (dropping.rule?.at ?? dropping.chain.policy?.at ?? dropping.chain.at);
      if (dropping !== undefined) return { ...known, outcome: 'dropped', ...(at && { at }) };
      const isUnknown =
        analysis === undefined ||
        analysis.tooLarge.some(isHere) ||
        chains.some(({ effect }) => effect === 'several');
      return { ...known, outcome: isUnknown ? 'not known' : 'accepted' };
    }),
  );
}

function policyOf(chains: readonly EffectiveDefault[]): 'accept' | 'drop' {
  return chains.some(({ chain }) => chain.policy?.effect === 'drop') ? 'drop' : 'accept';
}

function filters({ chain }: EffectiveDefault): boolean {
  return chain.rules.length > 0 || chain.policy?.effect === 'drop';
}
