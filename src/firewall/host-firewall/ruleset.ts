import { LineIndex } from '../../diagnostic/position.ts';
import type { Path } from '../../manifest/resource.ts';
import { parseNft } from '../nft.ts';
import type { Chain, Rule, Ruleset } from '../ruleset.ts';
import type { CompiledHostFirewall } from './compile.ts';

/** The rules of a compiled declaration, for questions. */
export interface HostFirewallRules {
  readonly ruleset: Ruleset;
  /** Returns what of the declaration an offset into the text comes from; undefined for what stands in every table. */
  pathAt(offset: number): Path | undefined;
}

/**
 * Returns the rules by which a packet is judged that is within every limit and whose source is in no block set: what drops by what
 * came before the packet is left out.
 */
export function rulesOf({ text, lines }: CompiledHostFirewall): HostFirewallRules {
  const index = new LineIndex(text);
  const lineAt = (offset: number) => lines[index.position(offset).line - 1];
  const stays = ({ at }: Rule) => lineAt(at.start)?.part === 'rule';
  const withoutHistory = (chain: Chain): Chain => ({ ...chain, rules: chain.rules.filter(stays) });
  const { tables, opaque } = parseNft(text).ruleset;
  return {
    ruleset: {
      opaque,
      tables: tables.map((table) => ({
        ...table,
        chains: new Map([...table.chains].map(([name, chain]) => [name, withoutHistory(chain)])),
      })),
    },
    pathAt: (offset) => lineAt(offset)?.path,
  };
}
