import { readBase } from './nft-base.ts';
import type { NftCursor } from './nft-cursor.ts';
import { elementsOf } from './nft-elements.ts';
import { textOf } from './nft-expression.ts';
import type { NftToken } from './nft-lexer.ts';
import { parseNftRule } from './nft-rule.ts';
import type { NftSet, NftSets } from './nft-sets.ts';
import type { Rule } from './ruleset.ts';
import type { DraftChain, DraftTable, RulesetBuilder } from './ruleset-builder.ts';

/** Objects that rules name, and that do nothing alone (nft(8), STATEFUL OBJECTS, FLOWTABLES). */
export const objects: ReadonlySet<string> = new Set([
  ...['counter', 'quota', 'limit', 'secmark', 'synproxy', 'flowtable', 'tunnel'],
  // `ct helper`, `ct timeout`, `ct expectation`.
  'ct',
]);

/** Where texts of rules come from: a stretch of a file, with the offset that its places have. */
export interface NftSource {
  readonly text: string;
  readonly offset: number;
}

/** Reads what stands in braces: tables, chains, sets. Rules are read when all texts are, for their sets may come later. */
export class NftBlocks {
  readonly #builder: RulesetBuilder;
  readonly #sets: NftSets;
  readonly #cursor: NftCursor;
  readonly #source: NftSource | undefined;

  constructor(builder: RulesetBuilder, sets: NftSets, cursor: NftCursor, source: NftSource | undefined) {
    this.#builder = builder;
    this.#sets = sets;
    this.#cursor = cursor;
    this.#source = source;
  }

  table(table: DraftTable): void {
    const cursor = this.#cursor;
    cursor.next();
    while (cursor.skipEnds() && cursor.text() !== '}') {
      const start = cursor.at;
      const kind = cursor.next();
      const isBlock = cursor.text(1) === '{';
      if (kind === 'chain' && isBlock) this.chain(table, cursor.next());
      else if ((kind === 'set' || kind === 'map' || kind === 'meter') && isBlock)
        this.set(`${table.family} ${table.name}`, cursor.next());
      else {
        const words = cursor.statement();
        if (kind === 'flags' && words.some(({ text }) => text === 'dormant')) table.dormant = true;
        else if (!objects.has(kind) && kind !== 'flags' && kind !== 'comment' && kind !== 'type')
          this.#builder.notFollowed(cursor.place(start), `${kind} is not known in a table`);
      }
    }
    cursor.next();
  }

  /** Returns the chain, made now if there was none. */
  open(table: DraftTable, name: string): DraftChain {
    const cursor = this.#cursor;
    const chain = table.chains.get(name) ?? { name, rules: [], at: cursor.place(cursor.at - 1) };
    table.chains.set(name, chain);
    return chain;
  }

  chain(table: DraftTable, name: string): void {
    const cursor = this.#cursor;
    const chain = this.open(table, name);
    cursor.next();
    while (cursor.skipEnds() && cursor.text() !== '}') {
      const start = cursor.at;
      const words = cursor.statement();
      if (words.length === 0) cursor.next();
      else if (!this.chainLine(chain, words, start)) chain.rules.push(this.rule(table, words, start));
    }
    cursor.next();
  }

  /** Reads a line of a chain that is no rule: its hook, its policy; tells whether it was one. */
  chainLine(chain: DraftChain, words: readonly NftToken[], start: number): boolean {
    const [first, second] = words.map(({ text, quoted }) => (quoted ? '' : text));
    if (first === 'type') {
      const { base, elsewhere } = readBase(words.map(({ text }) => text));
      if (base !== undefined) chain.base = base;
      else if (elsewhere !== undefined) chain.elsewhere = elsewhere;
      else
        this.#builder.notFollowed(
          this.#cursor.place(start),
          'the hook or priority of this chain is not known',
        );
      const policy = words.findIndex(({ text }) => text === 'policy');
      if (policy > 0) this.chainLine(chain, words.slice(policy), start);
      return true;
    }
    if (first === 'policy') {
      const at = this.#cursor.place(start);
      if (second === 'drop' || second === 'accept') chain.policy = { effect: second, at };
      else this.#builder.notFollowed(at, `the policy of ${chain.name} is not known`);
      return true;
    }
    return first === 'comment' || first === 'devices' || first === 'flags' || first === 'device';
  }

  /** Returns the rule of the words, which is read later. */
  rule(table: DraftTable, words: readonly NftToken[], start: number): Rule {
    const at = this.#cursor.place(start);
    const isKnown = words.every((word) => word.known);
    const text = this.#textOf(words);
    // A word that the shell puts in may be the verdict itself.
    const doubtful = { effect: 'unknown', name: text, options: '' } as const;
    const rule: Rule = { matches: [], target: doubtful, text, at };
    const handle = words.at(-1)?.handle;
    if (handle !== undefined) this.#sets.handles.set(rule, handle);
    const key = `${table.family} ${table.name}`;
    this.#noteChanges(key, words);
    this.#builder.later(rule, () => {
      const read = parseNftRule(words, key, this.#sets);
      return { ...rule, ...read, target: isKnown ? read.target : doubtful };
    });
    return rule;
  }

  /** A set that a rule adds to or takes from is changed by packets, whether it is flagged for that or not. */
  #noteChanges(table: string, words: readonly NftToken[]): void {
    for (let i = 1; i < words.length; i++) {
      const [verb, name] = [words[i - 1]!, words[i]!];
      if (name.text.startsWith('@') && !name.quoted && ['add', 'update', 'delete'].includes(verb.text))
        this.#sets.open(table, name.text.slice(1)).changes = true;
    }
  }

  /** The rule as it is written, in one line. */
  #textOf(words: readonly NftToken[]): string {
    const [first, last] = [words[0], words.at(-1)];
    if (this.#source === undefined || first === undefined || last === undefined) return textOf(words);
    const { text, offset } = this.#source;
    return text.slice(first.at.start - offset, last.at.end - offset).replace(/\s+/g, ' ');
  }

  /** `table` is family and name. */
  set(table: string, name: string): void {
    const cursor = this.#cursor;
    const set = this.#sets.open(table, name);
    if (cursor.text() !== '{') {
      cursor.statement();
      return;
    }
    cursor.next();
    while (cursor.skipEnds() && cursor.text() !== '}') {
      const words = cursor.statement();
      if (words.length === 0) cursor.next();
      else this.#setLine(set, words);
    }
    cursor.next();
  }

  #setLine(set: NftSet, words: readonly NftToken[]): void {
    const texts = words.map(({ text }) => text);
    const [first = ''] = texts;
    if (first === 'elements') {
      if (words.some((word) => !word.known)) set.changes = true;
      for (const element of elementsOf(words.slice(2))) set.elements.push(element);
    } else if (first === 'flags') {
      if (texts.includes('dynamic')) set.changes = true;
      if (texts.includes('timeout')) set.varies = true;
    } else if (['limit', 'quota', 'ct', 'timeout'].includes(first)) set.varies = true;
  }
}
