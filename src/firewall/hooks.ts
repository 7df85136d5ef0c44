import type { Packet } from './packet.ts';
import type { Base, Chain, Hook, Ruleset, Table, TableFamily } from './ruleset.ts';

/** A base chain with the table and the hook that it hangs in. */
export interface HookedChain {
  readonly table: Table;
  readonly chain: Chain;
  readonly hook: Hook;
}

/** Connection tracking looks at a packet here; chains of a lower priority see none (linux/netfilter_ipv4.h). */
export const conntrackPriority = -200;

/** Hooks that a packet passes before and in each built-in chain. */
export const passes: Readonly<Record<Packet['chain'], readonly Hook[]>> = {
  INPUT: ['PREROUTING', 'INPUT'],
  FORWARD: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
  OUTPUT: ['OUTPUT', 'POSTROUTING'],
};

/**
 * Returns the base chains of a hook for one IP version, in the order in which the kernel walks them: by priority. All
 * chains that translate addresses hang at one place of each hook, and their own priorities order them there
 * (nf_nat_core.c). Of equal priorities the one that is registered last comes first (netfilter/core.c), for which the
 * order of the tables and chains is taken.
 */
export function chainsOf({ tables }: Ruleset, family: Packet['family'], hook: Hook): HookedChain[] {
  const families: readonly TableFamily[] = [family === 4 ? 'ip' : 'ip6', 'inet'];
  return tables
    .filter((table) => families.includes(table.family))
    .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain, hook })))
    .filter(({ chain: { base } }) => base?.hook === hook)
    .reverse()
    .sort((a, b) => place(a.chain.base!) - place(b.chain.base!) || own(a.chain.base!) - own(b.chain.base!));
}

/** Tells whether the chain comes before connection tracking. */
export function isBeforeTracking({ chain, hook }: HookedChain): boolean {
  const { priority, nat } = chain.base!;
  return (hook === 'PREROUTING' || hook === 'OUTPUT') && !nat && priority < conntrackPriority;
}

const own = (base: Base): number => base.priority;

/** Priority at which the kernel calls all chains that translate: NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC. */
function place({ hook, priority, nat }: Base): number {
  if (!nat) return priority;
  return hook === 'PREROUTING' || hook === 'OUTPUT' ? -100 : 100;
}
