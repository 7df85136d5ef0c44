import { followableChains } from '../../jumps.ts';
import type { Packet } from '../../packet.ts';
import type { Chain, Match, Rule, Ruleset, Table } from '../../ruleset.ts';
import { baseChains } from '../../simulate.ts';

/** A rule that accepts or drops, with the conditions of the jumps that lead to it before its own. */
export interface FlatRule {
  readonly rule: Rule;
  readonly matches: readonly Match[];
  readonly effect: 'accept' | 'drop';
}

/** A rule that no HostFirewall can say, and why, as a clause. */
export interface LeftRule {
  readonly rule: Rule;
  readonly why: string;
}

/** A base chain with what it jumps to put in place. */
export interface FlatChain {
  readonly rules: readonly FlatRule[];
  readonly left: readonly LeftRule[];
  /** What becomes of what no rule matches. */
  readonly policy: 'accept' | 'drop';
  readonly logs: boolean;
}

/** Rules that one base chain may come to: chains that many jump to are put in place for each. */
const mostRules = 2000;

/**
 * Returns the base chains that filter packets of a kind, those of translation aside, in the order in which they are met. Only
 * what decides is left in them.
 */
export function flatChains(ruleset: Ruleset, about: Pick<Packet, 'family' | 'chain' | 'state'>): FlatChain[] {
  return baseChains(ruleset, about)
    .filter(({ chain }) => !chain.base?.nat)
    .map(({ table, chain }) => new Flattening(table).run(chain));
}

class Flattening {
  readonly #table: Table;
  readonly #followable: ReadonlySet<Chain>;
  readonly #rules: FlatRule[] = [];
  readonly #left: LeftRule[] = [];
  #logs = false;

  constructor(table: Table) {
    this.#table = table;
    this.#followable = followableChains(table);
  }

  run(chain: Chain): FlatChain {
    this.#chain(chain, []);
    return {
      rules: this.#rules,
      left: this.#left,
      policy: chain.policy?.effect ?? 'accept',
      logs: this.#logs,
    };
  }

  #chain(chain: Chain, before: readonly Match[]): void {
    for (const rule of chain.rules) {
      if (this.#rules.length >= mostRules) {
        this.#leave(rule, 'the chains come to too many rules');
        return;
      }
      if (this.#rule(rule, before)) return;
    }
  }

  /** Returns whether nothing comes to the rules behind it. */
  #rule(rule: Rule, before: readonly Match[]): boolean {
    const { effect, name } = rule.target;
    const always = rule.matches.length === 0;
    if ((rule.actions ?? []).length > 0) this.#leave(rule, 'it changes the packet');
    switch (effect) {
      case 'accept':
      case 'drop':
        this.#rules.push({ rule, matches: [...before, ...rule.matches], effect });
        return always && before.length === 0;
      case 'continue':
        this.#logs ||= /^(?:log|nflog)$/i.test(name) || /\blog\b/.test(rule.text);
        return false;
      case 'jump': {
        const target = this.#table.chains.get(name);
        if (target === undefined || !this.#followable.has(target))
          this.#leave(rule, `the chain ${name} is not declared here`);
        else this.#chain(target, [...before, ...rule.matches]);
        return false;
      }
      case 'return':
        if (!always) this.#leave(rule, 'it leaves the chain under a condition');
        return always;
      default:
        this.#leave(
          rule,
          effect === 'translate' ? `${name} sends it elsewhere` : `${name || effect} cannot be said`,
        );
        return false;
    }
  }

  #leave(rule: Rule, why: string): void {
    if (!this.#left.some((one) => one.rule === rule)) this.#left.push({ rule, why });
  }
}
