import type { Range } from '../manifest/locations.ts';
import type { Argument } from './iptables-rule.ts';
import { readBase } from './nft-base.ts';
import { NftCursor } from './nft-cursor.ts';
import { lexNft, type NftToken } from './nft-lexer.ts';
import { parseNftRule } from './nft-rule.ts';
import { elementsOf, NftSets } from './nft-sets.ts';
import type { FirewallProblem, Rule, Ruleset, TableFamily } from './ruleset.ts';
import { type DraftChain, type DraftTable, RulesetBuilder } from './ruleset-builder.ts';

const families = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const verbs = new Set([
  'table',
  'add',
  'create',
  'insert',
  'delete',
  'destroy',
  'flush',
  'chain',
  'rule',
  'set',
]);
/** Commands that change no rule. */
const harmless = new Set(['list', 'describe', 'monitor', 'reset', 'export']);

/** Returns the ruleset of a file for `nft -f`, with places as offsets into `text`. Never throws. */
export function parseNft(text: string): {
  readonly ruleset: Ruleset;
  readonly problems: readonly FirewallProblem[];
} {
  const builder = new RulesetBuilder();
  applyNftText(builder, new NftSets(), text, 0);
  return { ruleset: builder.ruleset, problems: builder.problems };
}

/** Does to the ruleset what `nft -f` does with the text, whose places begin at `offset`. Linear. */
export function applyNftText(
  builder: RulesetBuilder,
  sets: NftSets,
  text: string,
  offset: number,
): boolean | undefined {
  return new NftReader(builder, sets, lexNft(text, offset)).run();
}

/** Does to the ruleset what one call of nft does, whose words stand after the name of the program. */
export function applyNft(
  builder: RulesetBuilder,
  sets: NftSets,
  words: readonly Argument[],
  at: Range,
): boolean | undefined {
  const first = words.findIndex(({ text }) => !text.startsWith('-'));
  if (first < 0) return true;
  const tokens = words
    .slice(first)
    .flatMap(({ text, at: place, known }) =>
      known
        ? lexNft(text, 0).map((token) => ({ ...token, at: place }))
        : [{ text, at: place, quoted: false, known }],
    );
  return new NftReader(builder, sets, tokens, at).run();
}

class NftReader {
  readonly #builder: RulesetBuilder;
  readonly #sets: NftSets;
  readonly #cursor: NftCursor;
  #status: boolean | undefined = true;

  constructor(builder: RulesetBuilder, sets: NftSets, tokens: readonly NftToken[], whole?: Range) {
    this.#builder = builder;
    this.#sets = sets;
    this.#cursor = new NftCursor(tokens, whole);
  }

  run(): boolean | undefined {
    while (this.#cursor.skipEnds()) this.#command();
    return this.#status;
  }

  #command(): void {
    const start = this.#cursor.at;
    const verb = this.#cursor.next();
    const object =
      verb === 'table' || verb === 'chain' || verb === 'rule' || verb === 'set' ? verb : this.#cursor.next();
    if (harmless.has(verb)) {
      this.#cursor.statement();
      return;
    }
    if (verb === 'flush' && object === 'ruleset') {
      for (const family of ['ip', 'ip6', 'inet'] as const) {
        for (const backend of ['nft', 'iptables'] as const) {
          for (const table of [...this.#builder.tables(family, backend)]) this.#builder.remove(table);
        }
      }
      this.#cursor.statement();
      return;
    }
    if (!verbs.has(verb)) {
      this.#notFollowed(start, `${verb} is not followed`);
      return;
    }
    const family = families.has(this.#cursor.text()) ? this.#cursor.next() : 'ip';
    const name = this.#cursor.next();
    if (family !== 'ip' && family !== 'ip6' && family !== 'inet') {
      this.#cursor.statement();
      if (family === 'netdev')
        this.#builder.notFollowed(this.#cursor.place(start), 'tables of family netdev are not followed');
      return;
    }
    if (!this.#cursor.knownSince(start)) {
      this.#notFollowed(start, 'the table of this command is not known');
      return;
    }
    this.#inTable(start, verb, object, family, name);
  }

  #inTable(start: number, verb: string, object: string, family: TableFamily, name: string): void {
    const removes = verb === 'delete' || verb === 'destroy';
    const existing = this.#builder.find(family, 'nft', name);
    if (object === 'table') {
      if (removes || verb === 'flush') {
        this.#cursor.statement();
        if (removes && existing !== undefined) this.#builder.remove(existing);
        else for (const chain of existing?.chains.values() ?? []) chain.rules.length = 0;
        return;
      }
      const table = existing ?? this.#builder.add(family, 'nft', name);
      if (this.#cursor.text() === '{') this.#tableBlock(table);
      else this.#cursor.statement();
      return;
    }
    if (existing === undefined) {
      this.#notFollowed(start, `the table ${family} ${name} is not declared here`);
      return;
    }
    const which = this.#cursor.next();
    if (object === 'chain') this.#chainCommand(existing, verb, which);
    else if (object === 'rule' && !removes && verb !== 'flush')
      this.#ruleCommand(existing, verb, which, start);
    else if (object === 'set' && !removes && verb !== 'flush') this.#setBlock(`${family} ${name}`, which);
    else if (object === 'element') this.#elements(`${family} ${name}`, which, verb === 'add', start);
    else this.#notFollowed(start, `${verb} ${object} is not followed`);
  }

  #tableBlock(table: DraftTable): void {
    this.#cursor.next();
    while (this.#cursor.skipEnds() && this.#cursor.text() !== '}') {
      const kind = this.#cursor.next();
      if (kind === 'chain') this.#chainBlock(table, this.#cursor.next());
      else if (kind === 'set') this.#setBlock(`${table.family} ${table.name}`, this.#cursor.next());
      else this.#cursor.statement();
    }
    this.#cursor.next();
  }

  #chainCommand(table: DraftTable, verb: string, name: string): void {
    const chain = table.chains.get(name);
    if (verb === 'delete' || verb === 'destroy' || verb === 'flush') {
      this.#cursor.statement();
      if (verb === 'flush') chain?.rules.splice(0);
      else table.chains.delete(name);
      return;
    }
    if (this.#cursor.text() === '{') this.#chainBlock(table, name);
    else {
      this.#open(table, name);
      this.#cursor.statement();
    }
  }

  #open(table: DraftTable, name: string): DraftChain {
    const chain = table.chains.get(name) ?? { name, rules: [], at: this.#cursor.place(this.#cursor.at - 1) };
    table.chains.set(name, chain);
    return chain;
  }

  #chainBlock(table: DraftTable, name: string): void {
    const chain = this.#open(table, name);
    this.#cursor.next();
    while (this.#cursor.skipEnds() && this.#cursor.text() !== '}') {
      const start = this.#cursor.at;
      const words = this.#cursor.statement();
      const [first, second] = words.map(({ text }) => text);
      if (first === 'type') {
        const base = readBase(words.map(({ text }) => text));
        if (base !== undefined) chain.base = base;
        else this.#builder.notFollowed(words[0]!.at, 'the hook or priority of this chain is not known');
      } else if (first === 'policy') {
        chain.policy = { effect: second === 'drop' ? 'drop' : 'accept', at: this.#cursor.place(start) };
      } else if (first !== 'comment' && first !== 'devices')
        chain.rules.push(this.#rule(table, words, start));
    }
    this.#cursor.next();
  }

  #ruleCommand(table: DraftTable, verb: string, name: string, start: number): void {
    const chain = table.chains.get(name);
    if (chain === undefined || ['position', 'handle', 'index'].includes(this.#cursor.text())) {
      this.#notFollowed(
        start,
        chain === undefined ? `there is no chain ${name} here` : 'places by handle are not followed',
      );
      return;
    }
    const rule = this.#rule(table, this.#cursor.statement(), start);
    if (verb === 'insert') chain.rules.unshift(rule);
    else chain.rules.push(rule);
  }

  #rule(table: DraftTable, words: readonly NftToken[], start: number): Rule {
    const known = words.every((word) => word.known);
    const { matches, target } = parseNftRule(words, `${table.family} ${table.name}`, this.#sets);
    const text = words.map((word) => (word.quoted ? `"${word.text}"` : word.text)).join(' ');
    // A word that the shell puts in may be the verdict itself.
    const doubtful = { effect: 'unknown', name: text, options: '' } as const;
    return { matches, target: known ? target : doubtful, text, at: this.#cursor.place(start) };
  }

  #setBlock(table: string, name: string): void {
    const set = this.#sets.open(table, name);
    if (this.#cursor.text() !== '{') {
      this.#cursor.statement();
      return;
    }
    this.#cursor.next();
    while (this.#cursor.skipEnds() && this.#cursor.text() !== '}') {
      const words = this.#cursor.statement();
      const texts = words.map(({ text }) => text);
      if (texts[0] === 'elements')
        this.#fill(set, elementsOf(words.slice(texts.indexOf('{') + 1)), words[0]!.at);
      if (texts[0] === 'timeout' || texts.includes('dynamic') || texts.includes('timeout'))
        set.changes = true;
    }
    this.#cursor.next();
  }

  #elements(table: string, name: string, adds: boolean, start: number): void {
    const set = this.#sets.open(table, name);
    const words = this.#cursor.statement();
    this.#fill(set, adds ? elementsOf(words) : undefined, this.#cursor.place(start));
  }

  #fill(
    set: { values: string[]; changes: boolean; used: boolean },
    values: string[] | undefined,
    at: Range,
  ): void {
    if (values === undefined) set.changes = true;
    else set.values.push(...values);
    if (set.used) this.#builder.notFollowed(at, 'a set that a rule already uses changes here');
  }

  #notFollowed(start: number, why: string): void {
    this.#cursor.statement();
    this.#builder.notFollowed(this.#cursor.place(start), why);
    this.#status = undefined;
  }
}
