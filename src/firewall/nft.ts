import type { Range } from '../manifest/locations.ts';
import type { Argument } from './iptables-rule.ts';
import { NftBlocks, type NftSource, objects } from './nft-blocks.ts';
import { NftCursor } from './nft-cursor.ts';
import { elementsOf } from './nft-elements.ts';
import { lexNft, type NftToken } from './nft-lexer.ts';
import { type NftSets, removeElements } from './nft-sets.ts';
import { expandVariables } from './nft-variables.ts';
import type { FirewallProblem, Rule, Ruleset, TableFamily } from './ruleset.ts';
import { type DraftChain, type DraftTable, RulesetBuilder } from './ruleset-builder.ts';

const families = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const verbs = new Set(['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename']);
const kinds = new Set(['table', 'chain', 'rule', 'set', 'map', 'element', ...objects]);
/** Commands that change no rule. */
const harmless = new Set(['list', 'describe', 'monitor', 'reset', 'export']);

/** Returns the ruleset of a file for `nft -f`, with places that begin at `offset`. Never throws. */
export function parseNft(
  text: string,
  offset = 0,
): { readonly ruleset: Ruleset; readonly problems: readonly FirewallProblem[] } {
  const builder = new RulesetBuilder();
  applyNftText(builder, text, offset);
  return { ruleset: builder.ruleset, problems: builder.problems };
}

/** Does to the ruleset what `nft -f` does with the text, whose places begin at `offset`. Linear. */
export function applyNftText(builder: RulesetBuilder, text: string, offset: number): boolean | undefined {
  const tokens = expandVariables(lexNft(text, offset), builder.nft.defines);
  return new NftReader(builder, tokens, { source: { text, offset } }).run();
}

/** Does to the ruleset what nft does with commands in a text of its own, all of which stand at one place of another text. */
export function applyNftCommands(builder: RulesetBuilder, text: string, whole: Range): boolean | undefined {
  return new NftReader(builder, lexNft(text, 0), { source: { text, offset: 0 }, whole }).run();
}

/** Does to the ruleset what one call of nft does, whose words stand after the name of the program. */
export function applyNft(
  builder: RulesetBuilder,
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
  return new NftReader(builder, tokens, { whole: at }).run();
}

class NftReader {
  readonly #builder: RulesetBuilder;
  readonly #sets: NftSets;
  readonly #cursor: NftCursor;
  readonly #blocks: NftBlocks;
  #status: boolean | undefined = true;

  constructor(
    builder: RulesetBuilder,
    tokens: readonly NftToken[],
    { source, whole }: { readonly source?: NftSource; readonly whole?: Range },
  ) {
    this.#builder = builder;
    this.#sets = builder.nft;
    this.#cursor = new NftCursor(tokens, whole);
    this.#blocks = new NftBlocks(builder, this.#sets, this.#cursor, source);
  }

  run(): boolean | undefined {
    while (this.#cursor.skipEnds()) this.#command();
    return this.#status;
  }

  #command(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const verb = kinds.has(cursor.text()) || families.has(cursor.text()) ? 'add' : cursor.next();
    if (harmless.has(verb)) {
      cursor.statement();
      return;
    }
    if (verb === 'flush' && cursor.text() === 'ruleset') {
      cursor.next();
      this.#flushRuleset(start);
      return;
    }
    if (!verbs.has(verb)) {
      const why =
        verb === 'include'
          ? `the file ${cursor.text()} that this includes is not read`
          : `${verb} is not followed`;
      this.#notFollowed(start, why);
      return;
    }
    // Of a rule the word may be left out.
    const kind = kinds.has(cursor.text()) ? cursor.next() : 'rule';
    const object = kind === 'ct' ? `ct ${cursor.next()}` : kind;
    const family = families.has(cursor.text()) ? cursor.next() : 'ip';
    const name = cursor.next();
    if (family !== 'ip' && family !== 'ip6' && family !== 'inet') {
      this.#otherFamily(start, family);
      return;
    }
    if (!cursor.knownSince(start)) {
      this.#notFollowed(start, 'the table of this command is not known');
      return;
    }
    this.#inTable(start, verb, object, family, name);
  }

  #flushRuleset(start: number): void {
    const only = this.#cursor.statement()[0]?.text;
    if (!this.#cursor.knownSince(start)) {
      this.#notFollowed(start, 'what this flushes is not known');
      return;
    }
    for (const family of ['ip', 'ip6', 'inet'] as const) {
      if (only !== undefined && only !== family) continue;
      for (const backend of ['nft', 'iptables'] as const)
        for (const table of [...this.#builder.tables(family, backend)]) this.#removeTable(table);
    }
  }

  #removeTable(table: DraftTable): void {
    this.#builder.remove(table);
    if (table.backend === 'nft') this.#sets.deleteTable(`${table.family} ${table.name}`);
  }

  /** Frames of bridges and devices are seen before and after what is modelled; ARP never is a packet of IP. */
  #otherFamily(start: number, family: string): void {
    const words = this.#cursor.statement();
    if (family === 'arp' || !words.some(({ text, quoted }) => text === 'hook' && !quoted)) return;
    this.#builder.notFollowed(this.#cursor.place(start), `tables of family ${family} are not followed`);
  }

  #inTable(start: number, verb: string, object: string, family: TableFamily, name: string): void {
    const existing = this.#builder.find(family, 'nft', name);
    if (object === 'table') {
      this.#tableCommand(verb, family, name, existing);
      return;
    }
    if (existing === undefined) {
      this.#notFollowed(start, `the table ${family} ${name} is not declared here`);
      return;
    }
    const which = this.#cursor.next();
    const key = `${family} ${name}`;
    if (object === 'chain') this.#chainCommand(existing, verb, which);
    else if (object === 'rule') this.#ruleCommand(existing, verb, which, start);
    else if (object === 'set' || object === 'map') this.#setCommand(key, verb, which);
    else if (object === 'element') this.#elements(key, which, verb);
    else this.#cursor.statement();
  }

  #tableCommand(verb: string, family: TableFamily, name: string, existing: DraftTable | undefined): void {
    if (verb === 'delete' || verb === 'destroy' || verb === 'flush') {
      this.#cursor.statement();
      if (verb !== 'flush' && existing !== undefined) this.#removeTable(existing);
      else for (const chain of existing?.chains.values() ?? []) chain.rules.length = 0;
      return;
    }
    const table = existing ?? this.#builder.add(family, 'nft', name);
    if (this.#cursor.text() === '{') this.#blocks.table(table);
    else this.#cursor.statement();
  }

  #chainCommand(table: DraftTable, verb: string, name: string): void {
    const chain = table.chains.get(name);
    const cursor = this.#cursor;
    if (verb === 'delete' || verb === 'destroy' || verb === 'flush') {
      cursor.statement();
      if (verb === 'flush') chain?.rules.splice(0);
      else table.chains.delete(name);
    } else if (verb === 'rename') this.#rename(table, name, cursor.next());
    else if (cursor.text() === '{') this.#blocks.chain(table, name);
    else {
      this.#blocks.open(table, name);
      cursor.statement();
    }
  }

  /** Jumps follow the chain, not its name. */
  #rename(table: DraftTable, from: string, to: string): void {
    const chain = table.chains.get(from);
    if (chain === undefined || to === '' || table.chains.has(to)) return;
    table.chains.delete(from);
    table.chains.set(to, { ...chain, name: to });
    for (const { rules } of table.chains.values())
      if (rules.some(({ text }) => text.includes(from)))
        this.#builder.notFollowed(
          this.#cursor.place(this.#cursor.at - 1),
          `rules lead to the chain ${from}, which is renamed here`,
        );
  }

  #ruleCommand(table: DraftTable, verb: string, name: string, start: number): void {
    const cursor = this.#cursor;
    const chain = table.chains.get(name);
    if (chain === undefined) {
      this.#notFollowed(start, `there is no chain ${name} here`);
      return;
    }
    const by = cursor.text();
    const isPlaced = by === 'position' || by === 'handle' || by === 'index';
    const at = isPlaced ? this.#placeOf(chain, cursor.next(), cursor.next()) : undefined;
    if (isPlaced && at === undefined) {
      this.#notFollowed(start, `no rule of ${name} has this handle here`);
      return;
    }
    if (verb === 'delete' || verb === 'destroy') {
      if (at === undefined) this.#notFollowed(start, 'which rule this deletes is not known');
      else chain.rules.splice(at, 1);
      return;
    }
    const rule = this.#blocks.rule(table, cursor.statement(), start);
    if (verb === 'replace') chain.rules[at ?? chain.rules.length] = rule;
    else if (verb === 'insert') chain.rules.splice(at ?? 0, 0, rule);
    else chain.rules.splice(at === undefined ? chain.rules.length : at + 1, 0, rule);
  }

  /** Returns the index of the rule that a command names by handle or index, or undefined. */
  #placeOf(chain: DraftChain, by: string, number: string): number | undefined {
    const wanted = Number(number);
    const at =
      by === 'index'
        ? wanted
        : chain.rules.findIndex((rule: Rule) => this.#sets.handles.get(rule) === wanted);
    return at >= 0 && at < chain.rules.length ? at : undefined;
  }

  #setCommand(table: string, verb: string, name: string): void {
    if (verb === 'add' || verb === 'create') {
      this.#blocks.set(table, name);
      return;
    }
    this.#cursor.statement();
    if (verb === 'flush') this.#sets.open(table, name).elements = [];
    else this.#sets.delete(table, name);
  }

  #elements(table: string, name: string, verb: string): void {
    const set = this.#sets.open(table, name);
    const words = this.#cursor.statement();
    if (words.some(({ known }) => !known)) set.changes = true;
    const elements = elementsOf(words);
    if (verb === 'delete' || verb === 'destroy') removeElements(set, elements);
    else for (const element of elements) set.elements.push(element);
  }

  #notFollowed(start: number, why: string): void {
    this.#cursor.statement();
    this.#builder.notFollowed(this.#cursor.place(start), why);
    this.#status = undefined;
  }
}
