import { parseDump } from '../iptables-restore.ts';
import { parseNft } from '../nft.ts';
import { frozenNftText, splitNftTables } from '../nft-tables.ts';
import type { Ruleset } from '../ruleset.ts';

/** What programs print of a packet filter. */
export interface FilterTexts {
  /** Tables as `nft list` prints them. */
  readonly nft: string;
  /** Dumps of iptables by the name of the program that made them, e.g. `iptables-nft-save`. */
  readonly dumps: Readonly<Record<string, string>>;
}

const iptablesTables = new Set(['raw', 'mangle', 'nat', 'filter', 'security']);

/**
 * Returns the ruleset of a machine. Tables that iptables made in nf_tables are read from its own dump where there is one, since nft
 * does not print all of their matches. Sets hold what they hold at this moment. Never throws.
 */
export function readMachineRules({ nft, dumps }: FilterTexts): Ruleset {
  const { tables } = splitNftTables(nft);
  const rulesets = tables
    .filter(({ family, name }) => !isDumped(dumps, family, name))
    .map(({ text }) => parseNft(frozenNftText(text)).ruleset);
  for (const [program, text] of Object.entries(dumps))
    rulesets.push(parseDump(text, program.startsWith('ip6') ? 'ip6' : 'ip').ruleset);
  return joinRulesets(rulesets);
}

/** Returns one ruleset with the tables of several, each walked beside the others. */
export function joinRulesets(rulesets: readonly Ruleset[]): Ruleset {
  return {
    tables: rulesets.flatMap(({ tables }) => tables),
    opaque: rulesets.flatMap(({ opaque }) => opaque),
  };
}

/** Tells whether a table of nf_tables is among what iptables has dumped. */
export function isDumped(dumps: FilterTexts['dumps'], family: string, name: string): boolean {
  if (!iptablesTables.has(name) || (family !== 'ip' && family !== 'ip6')) return false;
  const dump = dumps[family === 'ip' ? 'iptables-nft-save' : 'ip6tables-nft-save'];
  return dump?.split('\n').includes(`*${name}`) === true;
}
