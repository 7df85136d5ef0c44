import type { Chain, Table, Target } from './ruleset.ts';

/** Jumps may nest this deep in the kernel (NFT_JUMP_STACK_SIZE). */
const deepest = 16;

const known = new WeakMap<Table, ReadonlySet<Chain>>();

/**
 * Returns the chains that a rule may jump to: no base chains, none that lead back to themselves, none that nest deeper
 * than the kernel allows. Linear; reckoned once for each table.
 */
export function followableChains(table: Table): ReadonlySet<Chain> {
  const found = known.get(table) ?? reckon(table);
  known.set(table, found);
  return found;
}

function reckon(table: Table): ReadonlySet<Chain> {
  const followable = new Set<Chain>();
  const heights = new Map<Chain, number>();
  const callers = new Map<Chain, Chain[]>();
  const waiting = new Map<Chain, number>();
  const ready: Chain[] = [];
  for (const chain of table.chains.values()) {
    const targets = targetsOf(table, chain);
    for (const target of targets) {
      const list = callers.get(target);
      if (list === undefined) callers.set(target, [chain]);
      else list.push(chain);
    }
    waiting.set(chain, targets.length);
    if (targets.length === 0) ready.push(chain);
  }
  for (let chain = ready.pop(); chain !== undefined; chain = ready.pop()) {
    const height = heights.get(chain) ?? 1;
    if (chain.base === undefined && height <= deepest) followable.add(chain);
    for (const caller of callers.get(chain) ?? []) {
      heights.set(caller, Math.max(heights.get(caller) ?? 1, height + 1));
      const left = (waiting.get(caller) ?? 0) - 1;
      waiting.set(caller, left);
      if (left === 0) ready.push(caller);
    }
  }
  return followable;
}

/** The declared chains that rules of this one lead to, each once. */
function targetsOf({ chains }: Table, { rules }: Chain): Chain[] {
  const targets = new Set<Chain>();
  for (const { target } of rules) {
    for (const name of jumpsOf(target)) {
      const chain = chains.get(name);
      if (chain !== undefined) targets.add(chain);
    }
  }
  return [...targets];
}

/** Returns the names of the chains that a target may lead to, those of its cases too. */
export function jumpsOf({ effect, name, cases }: Target): readonly string[] {
  if (effect === 'jump' || effect === 'goto') return [name];
  return effect === 'choose' ? (cases ?? []).flatMap((one) => jumpsOf(one.target)) : [];
}
