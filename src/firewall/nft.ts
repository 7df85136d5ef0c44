import type { Range } from '../manifest/locations.ts';
import type { Argument } from './iptables-rule.ts';
import { lexNft, type NftToken } from './nft-lexer.ts';
import { parseNftRule } from './nft-rule.ts';
import { elementsOf, NftSets } from './nft-sets.ts';
import type { Base, FirewallProblem, Hook, Rule, Ruleset, TableFamily } from './ruleset.ts';
import { type DraftChain, type DraftTable, RulesetBuilder } from './ruleset-builder.ts';

const families = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const hooks: Readonly<Record<string, Hook>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};
/** Names of priorities (nft(8), CHAINS). */
const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};
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
  readonly #tokens: readonly NftToken[];
  readonly #whole: Range | undefined;
  #at = 0;
  #status: boolean | undefined = true;

  constructor(builder: RulesetBuilder, sets: NftSets, tokens: readonly NftToken[], whole?: Range) {
    this.#builder = builder;
    this.#sets = sets;
    this.#tokens = tokens;
    this.#whole = whole;
  }

  run(): boolean | undefined {
    while (this.#skipEnds()) this.#command();
    return this.#status;
  }

  #command(): void {
    const start = this.#at;
    const verb = this.#next();
    const object =
      verb === 'table' || verb === 'chain' || verb === 'rule' || verb === 'set' ? verb : this.#next();
    if (harmless.has(verb)) {
      this.#statement();
      return;
    }
    if (verb === 'flush' && object === 'ruleset') {
      for (const family of ['ip', 'ip6', 'inet'] as const) {
        for (const backend of ['nft', 'iptables'] as const) {
          for (const table of [...this.#builder.tables(family, backend)]) this.#builder.remove(table);
        }
      }
      this.#statement();
      return;
    }
    if (!verbs.has(verb)) {
      this.#notFollowed(start, `${verb} is not followed`);
      return;
    }
    const family = families.has(this.#text()) ? this.#next() : 'ip';
    const name = this.#next();
    if (family !== 'ip' && family !== 'ip6' && family !== 'inet') {
      this.#statement();
      if (family === 'netdev')
        this.#builder.notFollowed(this.#place(start), 'tables of family netdev are not followed');
      return;
    }
    if (this.#tokens.slice(start, this.#at).some((token) => !token.known)) {
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
        this.#statement();
        if (removes && existing !== undefined) this.#builder.remove(existing);
        else for (const chain of existing?.chains.values() ?? []) chain.rules.length = 0;
        return;
      }
      const table = existing ?? this.#builder.add(family, 'nft', name);
      if (this.#text() === '{') this.#tableBlock(table);
      else this.#statement();
      return;
    }
    if (existing === undefined) {
      this.#notFollowed(start, `the table ${family} ${name} is not declared here`);
      return;
    }
    const which = this.#next();
    if (object === 'chain') this.#chainCommand(existing, verb, which);
    else if (object === 'rule' && !removes && verb !== 'flush')
      this.#ruleCommand(existing, verb, which, start);
    else if (object === 'set' && !removes && verb !== 'flush') this.#setBlock(`${family} ${name}`, which);
    else if (object === 'element') this.#elements(`${family} ${name}`, which, verb === 'add', start);
    else this.#notFollowed(start, `${verb} ${object} is not followed`);
  }

  #tableBlock(table: DraftTable): void {
    this.#at++;
    while (this.#skipEnds() && this.#text() !== '}') {
      const kind = this.#next();
      if (kind === 'chain') this.#chainBlock(table, this.#next());
      else if (kind === 'set') this.#setBlock(`${table.family} ${table.name}`, this.#next());
      else this.#statement();
    }
    this.#at++;
  }

  #chainCommand(table: DraftTable, verb: string, name: string): void {
    const chain = table.chains.get(name);
    if (verb === 'delete' || verb === 'destroy' || verb === 'flush') {
      this.#statement();
      if (verb === 'flush') chain?.rules.splice(0);
      else table.chains.delete(name);
      return;
    }
    if (this.#text() === '{') this.#chainBlock(table, name);
    else {
      this.#open(table, name);
      this.#statement();
    }
  }

  #open(table: DraftTable, name: string): DraftChain {
    const chain = table.chains.get(name) ?? { name, rules: [], at: this.#place(this.#at - 1) };
    table.chains.set(name, chain);
    return chain;
  }

  #chainBlock(table: DraftTable, name: string): void {
    const chain = this.#open(table, name);
    this.#at++;
    while (this.#skipEnds() && this.#text() !== '}') {
      const start = this.#at;
      const words = this.#statement();
      const [first, second] = words.map(({ text }) => text);
      if (first === 'type') this.#base(chain, words);
      else if (first === 'policy') {
        chain.policy = { effect: second === 'drop' ? 'drop' : 'accept', at: this.#place(start) };
      } else if (first !== 'comment' && first !== 'devices')
        chain.rules.push(this.#rule(table, words, start));
    }
    this.#at++;
  }

  #base(chain: DraftChain, words: readonly NftToken[]): void {
    const texts = words.map(({ text }) => text);
    const hook = hooks[texts[texts.indexOf('hook') + 1] ?? ''];
    const at = texts.indexOf('priority');
    const rest = texts.slice(at + 1).filter((text) => text !== '=');
    const priority = at < 0 ? 0 : priorityOf(rest);
    if (hook === undefined || priority === undefined) {
      this.#builder.notFollowed(words[0]!.at, 'the hook or priority of this chain is not known');
      return;
    }
    const base: Base = { hook, priority, ...(texts[1] === 'nat' && { nat: true as const }) };
    chain.base = base;
  }

  #ruleCommand(table: DraftTable, verb: string, name: string, start: number): void {
    const chain = table.chains.get(name);
    if (chain === undefined || ['position', 'handle', 'index'].includes(this.#text())) {
      this.#notFollowed(
        start,
        chain === undefined ? `there is no chain ${name} here` : 'places by handle are not followed',
      );
      return;
    }
    const rule = this.#rule(table, this.#statement(), start);
    if (verb === 'insert') chain.rules.unshift(rule);
    else chain.rules.push(rule);
  }

  #rule(table: DraftTable, words: readonly NftToken[], start: number): Rule {
    const known = words.every((word) => word.known);
    const { matches, target } = parseNftRule(words, `${table.family} ${table.name}`, this.#sets);
    const text = words.map((word) => (word.quoted ? `"${word.text}"` : word.text)).join(' ');
    // A word that the shell puts in may be the verdict itself.
    const doubtful = { effect: 'unknown', name: text, options: '' } as const;
    return { matches, target: known ? target : doubtful, text, at: this.#place(start) };
  }

  #setBlock(table: string, name: string): void {
    const set = this.#sets.open(table, name);
    if (this.#text() !== '{') {
      this.#statement();
      return;
    }
    this.#at++;
    while (this.#skipEnds() && this.#text() !== '}') {
      const words = this.#statement();
      const texts = words.map(({ text }) => text);
      if (texts[0] === 'elements')
        this.#fill(set, elementsOf(words.slice(texts.indexOf('{') + 1)), words[0]!.at);
      if (texts[0] === 'timeout' || texts.includes('dynamic') || texts.includes('timeout'))
        set.changes = true;
    }
    this.#at++;
  }

  #elements(table: string, name: string, adds: boolean, start: number): void {
    const set = this.#sets.open(table, name);
    const words = this.#statement();
    this.#fill(set, adds ? elementsOf(words) : undefined, this.#place(start));
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

  /** Words up to the end of the statement, with what stands in its braces. */
  #statement(): NftToken[] {
    const words: NftToken[] = [];
    let depth = 0;
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (depth === 0 && (token.text === ';' || token.text === '\n' || token.text === '}') && !token.quoted)
        break;
      if (token.text === '{' && !token.quoted) depth++;
      if (token.text === '}' && !token.quoted) depth--;
      words.push(token);
      this.#at++;
    }
    return words;
  }

  #notFollowed(start: number, why: string): void {
    this.#statement();
    this.#builder.notFollowed(this.#place(start), why);
    this.#status = undefined;
  }

  /** Skips ends of lines and statements; tells whether anything follows. */
  #skipEnds(): boolean {
    while (this.#text() === '\n' || this.#text() === ';') this.#at++;
    return this.#at < this.#tokens.length;
  }

  #place(start: number): Range {
    if (this.#whole !== undefined) return this.#whole;
    const first = this.#tokens[Math.min(start, this.#tokens.length - 1)]?.at.start ?? 0;
    return { start: first, end: this.#tokens[this.#at - 1]?.at.end ?? first };
  }

  #text(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }

  #next(): string {
    return this.#tokens[this.#at++]?.text ?? '';
  }
}

/** Returns the priority of `0`, `-150`, `filter`, `dstnat + 5`, or undefined. */
function priorityOf(words: readonly string[]): number | undefined {
  const [, name, offset] = /^(-?\d+|[a-z]+)([+-]\d+)?$/.exec(words.join('')) ?? [];
  if (name === undefined) return undefined;
  const start = /\d/.test(name)
    ? Number(name)
    : Object.hasOwn(priorities, name)
      ? priorities[name]
      : undefined;
  return start === undefined ? undefined : start + Number(offset ?? 0);
}
