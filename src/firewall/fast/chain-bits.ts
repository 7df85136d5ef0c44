import { followableChains } from '../jumps.ts';
import type { Chain, Hook, Match, Rule, Table } from '../ruleset.ts';
import { type FieldClasses, fieldCount, fieldOf } from './fields.ts';

/** What a rule does when it is the first that matches. */
export const Kind = { Accept: 0, Drop: 1, Return: 2, Jump: 3, Goto: 4, Plain: 5 } as const;

/**
 * A chain as rows of bits (Lakshman & Stiliadis, High-speed policy-based packet forwarding, 1998): for each field and each
 * class of its values, one bit for each rule that the field does not keep from matching. The rules that match a packet
 * are those whose bits are set in the rows of all its classes.
 */
export class ChainBits {
  readonly chain: Chain;
  /** Rules that do anything with a packet, in their order. */
  readonly rules: readonly Rule[];
  readonly kinds: Uint8Array;
  /** Where jumps lead to. */
  readonly targets: (ChainBits | undefined)[];
  /** Number of the first of these rules among all deciders; the end of the chain is the one after the last. */
  readonly firstDecider: number;
  readonly #words: number;
  readonly #blocks: number;
  readonly #fields: number[] = [];
  readonly #rows: Uint32Array[] = [];
  /** For each row, one bit for each word that is not 0. */
  readonly #summaries: Uint32Array[] = [];
  readonly #all: Uint32Array;

  constructor(
    table: Table,
    chain: Chain,
    hook: Hook,
    family: 4 | 6,
    classes: readonly FieldClasses[],
    firstDecider: number,
  ) {
    this.chain = chain;
    this.firstDecider = firstDecider;
    const followable = followableChains(table);
    this.rules = chain.rules.filter((rule) => doesAnything(rule) && !isForOther(rule, family));
    this.kinds = Uint8Array.from(this.rules, (rule) => kindOf(rule, table, followable));
    this.targets = this.rules.map(() => undefined);
    this.#words = Math.max(1, Math.ceil(this.rules.length / 32));
    this.#blocks = Math.ceil(this.#words / 32);
    this.#all = new Uint32Array(this.#words);
    for (let rule = 0; rule < this.rules.length; rule++) this.#all[rule >>> 5]! |= 1 << (rule & 31);
    for (let field = 0; field < fieldCount; field++) this.#addField(field, classes[field]!, hook);
  }

  /** Returns the first rule from `from` on that matches a packet of these classes, or -1. */
  next(classes: Uint32Array, from: number): number {
    const fields = this.#fields;
    const count = fields.length;
    if (from >= this.rules.length) return -1;
    if (count === 0) return from;
    let word = from >>> 5;
    let start = -1 << (from & 31);
    while (word < this.#words) {
      const block = word >>> 5;
      let live = -1 << (word & 31);
      for (let i = 0; i < count && live !== 0; i++)
        live &= this.#summaries[i]![classes[fields[i]!]! * this.#blocks + block]!;
      if (live === 0) {
        word = (block + 1) << 5;
        start = -1;
        continue;
      }
      const first = (block << 5) + 31 - Math.clz32(live & -live);
      if (first !== word) start = -1;
      word = first;
      let bits = start;
      for (let i = 0; i < count && bits !== 0; i++)
        bits &= this.#rows[i]![classes[fields[i]!]! * this.#words + word]!;
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
      word++;
      start = -1;
    }
    return -1;
  }

  /** Adds the rows of a field that any rule asks for. */
  #addField(field: number, classes: FieldClasses, hook: Hook): void {
    const asked = this.rules.map(({ matches }) => matches.filter((match) => fieldOf(match) === field));
    if (asked.every((matches) => matches.length === 0)) return;
    const [words, blocks] = [this.#words, this.#blocks];
    const rows = new Uint32Array(classes.count * words);
    const common = this.#all.slice();
    for (const [rule, matches] of asked.entries())
      if (matches.length > 0) common[rule >>> 5]! &= ~(1 << (rule & 31));
    for (let i = 0; i < classes.count; i++) rows.set(common, i * words);
    for (const [rule, matches] of asked.entries()) {
      if (matches.length === 0) continue;
      const [word, bit] = [rule >>> 5, 1 << (rule & 31)];
      classes.holding(matches, hook, (from, to) => {
        for (let i = from; i <= to; i++) rows[i * words + word]! |= bit;
      });
    }
    const summaries = new Uint32Array(classes.count * blocks);
    for (let i = 0; i < classes.count; i++) {
      for (let word = 0; word < words; word++) {
        if (rows[i * words + word] !== 0) summaries[i * blocks + (word >>> 5)]! |= 1 << (word & 31);
      }
    }
    this.#fields.push(field);
    this.#rows.push(rows);
    this.#summaries.push(summaries);
  }
}

/** A rule without a target that changes nothing is passed over. */
function doesAnything({ target: { effect }, actions }: Rule): boolean {
  return effect !== 'continue' || actions !== undefined;
}

/** Conditions on the IP version are decided here: there are chains for each. */
function isForOther({ matches, actions }: Rule, family: 4 | 6): boolean {
  return (
    actions === undefined &&
    matches.some((match) => match.kind === 'family' && (match.family === family) === match.negated)
  );
}

function kindOf(rule: Rule, table: Table, followable: ReadonlySet<Chain>): number {
  const { matches, actions, target } = rule;
  const isPlain = actions !== undefined || target.translation !== undefined || !matches.every(isInFields);
  if (isPlain) return Kind.Plain;
  switch (target.effect) {
    case 'accept':
      return Kind.Accept;
    case 'drop':
      return Kind.Drop;
    case 'return':
      return Kind.Return;
    case 'jump':
    case 'goto': {
      const chain = table.chains.get(target.name);
      if (chain === undefined || !followable.has(chain)) return Kind.Plain;
      return target.effect === 'jump' ? Kind.Jump : Kind.Goto;
    }
  }
  return Kind.Plain;
}

function isInFields(match: Match): boolean {
  return match.kind === 'family' || fieldOf(match) !== undefined;
}
