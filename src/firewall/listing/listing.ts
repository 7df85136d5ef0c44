import { type FirewallOwner, ownerOfChain, ownerOfRule } from '../analysis/owners.ts';
import { type FirewallFile, type FirewallFiles, readFirewallFiles } from '../analysis/read-files.ts';
import { chainsOf, passes } from '../hooks.ts';
import { readNftSets, splitNftTables } from '../nft-tables.ts';
import type { Packet } from '../packet.ts';
import { firewallForm } from '../read-text.ts';
import type { Chain, Hook, Rule, Ruleset, Table } from '../ruleset.ts';
import { actionWords, conditionWords, targetWords } from './rule-words.ts';

/** Everything that a packet filter does, in the order in which the kernel walks it. */
export interface Listing {
  readonly hooks: readonly ListedHook[];
  readonly sets: readonly ListedSet[];
  /** What is not followed, and may change any rule. */
  readonly notFollowed: readonly { readonly file: string; readonly line: number; readonly why: string }[];
}

export interface ListedHook {
  readonly hook: Hook;
  readonly chains: readonly ListedChain[];
}

export interface ListedChain {
  readonly name: string;
  readonly table: string;
  readonly family: Table['family'];
  readonly backend: Table['backend'];
  /** The program to which it belongs, where that is known. */
  readonly owner?: string;
  /** Of base chains. */
  readonly priority?: number;
  readonly type?: 'filter' | 'nat';
  readonly default?: 'accept' | 'drop';
  readonly rules: readonly ListedRule[];
}

export interface ListedRule {
  /** In words that are the same for iptables and nft. */
  readonly conditions: string;
  readonly does: string;
  readonly effect: string;
  readonly owner?: string;
  /** As written. */
  readonly text: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly place: { readonly file: string; readonly line: number };
  /** The chain that it leads to, at the first rule that does; a chain of others is not shown again. */
  readonly chain?: ListedChain;
}

export interface ListedSet {
  readonly name: string;
  readonly table: string;
  /** E.g. `type ipv4_addr; flags interval`. */
  readonly kind: string;
  readonly elements: number;
  /** The most that it can hold, where that is said. */
  readonly most?: number;
}

/** What of a packet filter is listed. */
export interface ListingFilter {
  /** Only the hooks that packets of this path pass. */
  readonly path?: Packet['chain'];
  /** Only chains and rules of this owner, by its name; `none` for those that nobody is known for. */
  readonly owner?: string;
}

const hooks: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** Returns what the texts of one machine's packet filter do, hook by hook and by priority. Never throws. */
export function listFirewall(inputs: readonly FirewallFile[], filter: ListingFilter = {}): Listing {
  const files = readFirewallFiles(inputs);
  const shown = filter.path === undefined ? hooks : passes[filter.path];
  return {
    hooks: shown.flatMap((hook) => {
      const chains = baseChainsOf(files.ruleset, hook).flatMap(({ table, chain }) =>
        keep(new Lister(files, table).base(chain), filter.owner),
      );
      return chains.length === 0 ? [] : [{ hook, chains }];
    }),
    // Whose a set is, no name tells.
    sets: filter.owner === undefined ? inputs.flatMap(setsOf) : [],
    notFollowed: files.ruleset.opaque.map(({ at, why }) => ({ ...placeOf(files, at), why })),
  };
}

/** Those of both IP versions, by priority. */
function baseChainsOf(ruleset: Ruleset, hook: Hook) {
  const found = new Map(
    [4, 6].flatMap((family) => chainsOf(ruleset, family as 4 | 6, hook)).map((one) => [one.chain, one]),
  );
  return [...found.values()]
    .filter(({ chain }) => chain.rules.length > 0 || chain.policy?.effect === 'drop')
    .sort((a, b) => (a.chain.base?.priority ?? 0) - (b.chain.base?.priority ?? 0));
}

/** Lists the chains of one table that one base chain leads to. */
class Lister {
  readonly #files: FirewallFiles;
  readonly #table: Table;
  readonly #listed = new Set<Chain>();

  constructor(files: FirewallFiles, table: Table) {
    this.#files = files;
    this.#table = table;
  }

  base(chain: Chain): ListedChain {
    const { priority = 0, nat } = chain.base ?? {};
    const { rules, ...rest } = this.#chain(chain);
    return {
      ...rest,
      priority,
      type: nat ? 'nat' : 'filter',
      default: chain.policy?.effect ?? 'accept',
      rules,
    };
  }

  #chain(chain: Chain): ListedChain {
    this.#listed.add(chain);
    const { family, backend, name } = this.#table;
    return {
      name: chain.name,
      table: name,
      family,
      backend,
      ...nameOf(ownerOfChain(this.#table, chain.name)),
      rules: chain.rules.map((rule) => this.#rule(chain, rule)),
    };
  }

  #rule(chain: Chain, rule: Rule): ListedRule {
    const { target } = rule;
    const leads = target.effect === 'jump' || target.effect === 'goto';
    const to = leads ? this.#table.chains.get(target.name) : undefined;
    return {
      conditions: conditionWords(rule.matches),
      does: [...actionWords(rule), targetWords(target)].join(', '),
      effect: target.effect,
      ...nameOf(ownerOfRule(this.#table, chain, rule)),
      text: rule.text,
      ...countersOf(rule.text, this.#files.text(rule.at)),
      place: placeOf(this.#files, rule.at),
      ...(to !== undefined && !this.#listed.has(to) && { chain: this.#chain(to) }),
    };
  }
}

function nameOf(owner: FirewallOwner | undefined): { readonly owner?: string } {
  return owner === undefined ? {} : { owner: owner.name };
}

function placeOf(files: FirewallFiles, at: Rule['at']): ListedRule['place'] {
  const { file, start } = files.span(at);
  return { file, line: start.line };
}

/** `[5:300]` before a rule of iptables-save -c, `counter packets 5 bytes 300` in one of nft. */
function countersOf(text: string, written: string): Pick<ListedRule, 'packets' | 'bytes'> {
  const [, packets, bytes] =
    /^\[(\d+):(\d+)\]/.exec(written) ?? /\bcounter packets (\d+) bytes (\d+)/.exec(text) ?? [];
  return packets === undefined ? {} : { packets: Number(packets), bytes: Number(bytes) };
}

/** Returns the chain with what is of the owner alone; nothing where nothing is. */
function keep(chain: ListedChain, owner: string | undefined): ListedChain[] {
  if (owner === undefined) return [chain];
  const wanted = owner.toLowerCase();
  const isWanted = (one: { readonly owner?: string }) => (one.owner ?? 'none').toLowerCase().includes(wanted);
  if (isWanted(chain) && chain.owner !== undefined) return [chain];
  const rules = chain.rules.flatMap((rule): ListedRule[] => {
    const { chain: inner, ...bare } = rule;
    const kept = inner === undefined ? [] : keep(inner, owner);
    if (kept[0] !== undefined) return [{ ...bare, chain: kept[0] }];
    return isWanted(rule) ? [rule] : [];
  });
  return rules.length === 0 ? [] : [{ ...chain, rules }];
}

function setsOf({ name, text }: FirewallFile): ListedSet[] {
  if (firewallForm(text, name) !== 'nft') return [];
  return splitNftTables(text).tables.flatMap((table) =>
    readNftSets(table.text).map((set) => ({
      name: set.name,
      table: `${table.family} ${table.name}`,
      kind: set.kind,
      elements: set.elements.length,
    })),
  );
}
