import { followableChains } from './jumps.ts';
import { matchesAll, type Packet } from './packet.ts';
import type { Chain, Hook, Rule, Ruleset, Table, TableFamily } from './ruleset.ts';

/** One rule or policy that the packet meets. */
export interface Step {
  readonly table: Table;
  readonly chain: Chain;
  /** Absent at the end of a base chain. */
  readonly rule?: Rule;
  /** False when it is not known whether the rule matches. */
  readonly certain: boolean;
}

/** What becomes of a packet. */
export interface PacketVerdict {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  /** What decided: of a deny the rule or policy that drops; of an allow the last that accepts. */
  readonly step?: Step;
  /** Everything on the way that matched or may have matched, in order. */
  readonly trail: readonly Step[];
  /** Of unknown: why, as a clause. */
  readonly why?: string;
}

/** Which ends a walk through a chain may have. */
interface Ends {
  accept?: Step;
  drop?: Step;
  /** It comes back to the chain that jumped here. */
  back: boolean;
  /** Why an end is possible that no rule names. */
  why?: string;
}

/** Hooks that a packet passes before and in each built-in chain. */
const passes: Readonly<Record<Packet['chain'], readonly Hook[]>> = {
  INPUT: ['PREROUTING', 'INPUT'],
  FORWARD: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
  OUTPUT: ['OUTPUT', 'POSTROUTING'],
};

/**
 * Returns what the rules do with one packet: it goes through the base chains of each hook by priority; a drop is
 * final, an accept ends its own base chain only (nft(8), VERDICT STATEMENT; netfilter hooks). What is not known, of
 * rules or packet, leaves both ends of it open. Linear in the rules.
 */
export function judgePacket(ruleset: Ruleset, packet: Packet): PacketVerdict {
  const trail: Step[] = [];
  const [opaque] = ruleset.opaque;
  if (opaque !== undefined) return { outcome: 'unknown', trail, why: opaque.why };
  let allowed: Step | undefined;
  let doubt: Ends | undefined;
  for (const { table, chain, hook } of baseChains(ruleset, packet)) {
    const ends = new Walk(table, packet, hook, trail).chain(chain);
    if (ends.back) {
      const step: Step = { table, chain, certain: ends.accept === undefined && ends.drop === undefined };
      trail.push(step);
      if (chain.policy?.effect === 'drop') ends.drop ??= step;
      else ends.accept ??= step;
    }
    if (ends.accept === undefined) {
      const certain = ends.drop!;
      return { outcome: 'deny', step: certain, trail };
    }
    if (ends.drop !== undefined) doubt ??= ends;
    if (ends.accept.rule !== undefined || allowed === undefined) allowed = ends.accept;
  }
  if (doubt === undefined) return { outcome: 'allow', ...(allowed && { step: allowed }), trail };
  return {
    outcome: 'unknown',
    trail,
    ...(doubt.drop && { step: doubt.drop }),
    why: doubt.why ?? whyOf(trail),
  };
}

/** Returns the base chains that a packet of this kind goes through, in order. */
export function baseChains(
  { tables }: Ruleset,
  { family, chain, state }: Pick<Packet, 'family' | 'chain' | 'state'>,
): { readonly table: Table; readonly chain: Chain; readonly hook: Hook }[] {
  const families: readonly TableFamily[] = [family === 4 ? 'ip' : 'ip6', 'inet'];
  return passes[chain].flatMap((hook) =>
    tables
      .filter((table) => families.includes(table.family))
      .flatMap((table) => [...table.chains.values()].map((one) => ({ table, chain: one, hook })))
      .filter(({ chain: { base } }) => base?.hook === hook && (state === 'NEW' || !base.nat))
      .sort((a, b) => (a.chain.base?.priority ?? 0) - (b.chain.base?.priority ?? 0)),
  );
}

/** A walk of one packet through the chains of one table. */
class Walk {
  readonly #table: Table;
  readonly #packet: Packet;
  readonly #hook: Hook;
  readonly #trail: Step[];
  readonly #done = new Map<Chain, Ends>();
  readonly #followable: ReadonlySet<Chain>;

  constructor(table: Table, packet: Packet, hook: Hook, trail: Step[]) {
    this.#table = table;
    this.#packet = packet;
    this.#hook = hook;
    this.#trail = trail;
    this.#followable = followableChains(table);
  }

  /** Returns the possible ends of the walk through a chain. Each chain is walked once. */
  chain(chain: Chain): Ends {
    const known = this.#done.get(chain);
    if (known !== undefined) return { ...known };
    const ends: Ends = { back: false };
    let lives = true;
    for (const rule of chain.rules) {
      const matches = matchesAll(rule.matches, this.#packet, this.#hook);
      if (matches === false) continue;
      const step: Step = { table: this.#table, chain, rule, certain: matches === true };
      if (rule.target.effect !== 'continue') this.#trail.push(step);
      const after = this.#follow(step, rule);
      if (after.accept !== undefined) ends.accept ??= after.accept;
      if (after.drop !== undefined && !ends.drop?.certain) ends.drop = after.drop;
      ends.back ||= after.returns;
      if (after.why !== undefined) ends.why ??= after.why;
      lives = matches !== true || after.continues;
      if (!lives) break;
    }
    ends.back ||= lives;
    this.#done.set(chain, ends);
    return { ...ends };
  }

  #follow(step: Step, rule: Rule): Omit<Ends, 'back'> & { continues: boolean; returns: boolean } {
    const stays = { continues: false, returns: false };
    const { effect, name } = rule.target;
    switch (effect) {
      case 'accept':
        return { ...stays, accept: step };
      case 'drop':
        return { ...stays, drop: step };
      case 'return':
        return { ...stays, returns: true };
      case 'continue':
        return { ...stays, continues: true };
      case 'jump':
      case 'goto': {
        const target = this.#table.chains.get(name);
        if (target === undefined || !this.#followable.has(target)) {
          const { back, ...open } = anything(
            step,
            target === undefined
              ? `the chain ${name} is not declared here`
              : `the kernel refuses to jump to ${name}`,
          );
          return { ...open, continues: back, returns: false };
        }
        const { back, ...ends } = this.chain(target);
        return effect === 'jump'
          ? { ...ends, continues: back, returns: false }
          : { ...ends, continues: false, returns: back };
      }
      default: {
        const { back, ...open } = anything(step, whyEffect(rule));
        return { ...open, continues: back, returns: false };
      }
    }
  }
}

function anything(step: Step, why: string): Ends {
  return { accept: step, drop: step, back: true, why };
}

function whyEffect({ target: { effect, name } }: Rule): string {
  if (effect === 'translate') return `${name} sends it elsewhere`;
  if (effect === 'choose') return 'its map is not followed';
  if (effect === 'untrack') return `${name} takes it out of connection tracking`;
  return `what ${name} does is not known`;
}

/** Names the first rule of which it is not known whether it matches. */
function whyOf(trail: readonly Step[]): string {
  const step = trail.find(({ certain, rule }) => !certain && rule !== undefined);
  return step?.rule === undefined
    ? 'a rule hangs on what is not known'
    : `it is not known whether the rule \`${step.rule.text}\` matches`;
}
