import { elementsOf, itemsOf } from './nft-elements.ts';
import { isHead, NftExpressions, textOf } from './nft-expression.ts';
import { type FieldValue, type NftField, not, opaque, type Relation } from './nft-field.ts';
import type { NftToken } from './nft-lexer.ts';
import { alternativesOf, type Container, lookup, readOnce } from './nft-membership.ts';
import { natFlags, parseTranslation, withFlags } from './nft-nat.ts';
import { isBitOperator, readLinear, setNumber } from './nft-numbers.ts';
import type { NftSets } from './nft-sets.ts';
import { details, limitWords, translations, verdicts } from './nft-words.ts';
import type { Case, Match, PlacedAction, Rule, Target } from './ruleset.ts';

const relations = new Set<string>(['==', '!=', '<', '>', '<=', '>=']);

/**
 * Reads one rule of an nft chain (nft(8), EXPRESSIONS and STATEMENTS): its conditions, what it does on the way, and its
 * verdict. What is not understood becomes a condition of unknown outcome, and at the end of the rule an unknown effect.
 * `table` is the family and name that named sets are looked up under. Linear in the rule and the sets it names.
 */
export function parseNftRule(
  tokens: readonly NftToken[],
  table: string,
  sets: NftSets,
): Pick<Rule, 'matches' | 'actions' | 'target'> {
  return new NftRuleParser(tokens, table, sets).run();
}

class NftRuleParser {
  readonly #reader: NftExpressions;
  readonly #table: string;
  readonly #sets: NftSets;
  readonly #matches: Match[] = [];
  readonly #actions: PlacedAction[] = [];
  #target: Target = { effect: 'continue', name: '', options: '' };

  constructor(tokens: readonly NftToken[], table: string, sets: NftSets) {
    this.#reader = new NftExpressions(tokens);
    this.#table = table;
    this.#sets = sets;
  }

  run(): Pick<Rule, 'matches' | 'actions' | 'target'> {
    while (!this.#reader.isDone) this.#statement();
    return {
      matches: this.#matches,
      ...(this.#actions.length > 0 && { actions: this.#actions }),
      target: this.#target,
    };
  }

  #statement(): void {
    const reader = this.#reader;
    const start = reader.at;
    const token = reader.tokens[start]!;
    const word = reader.word;
    if (word === 'ct' && ['count', 'helper', 'timeout', 'expectation', 'event'].includes(this.#after(1)))
      this.#connectionStatement();
    else if (word === '(' || isHead(token)) this.#expression();
    else {
      reader.at++;
      if (word === 'jump' || word === 'goto') this.#end({ effect: word, name: reader.next(), options: '' });
      else if (Object.hasOwn(verdicts, word))
        this.#end({ effect: verdicts[word]!, name: word, options: this.#rest() });
      else if (Object.hasOwn(translations, word)) this.#translate(word);
      else if (Object.hasOwn(details, word)) this.#silent(word);
      else if (word === 'limit' || word === 'quota') this.#limit(start);
      else this.#other(word, start);
    }
  }

  #other(word: string, start: number): void {
    const reader = this.#reader;
    switch (word) {
      case 'notrack':
        this.#act({ kind: 'untrack' });
        break;
      case 'nftrace':
        if (reader.takes('set')) reader.at++;
        break;
      case 'flow':
        reader.at += 2;
        break;
      case 'reset':
        reader.fields();
        break;
      case 'meter':
      case 'add':
      case 'update':
      case 'delete':
      case 'set':
        this.#dynamicSet(start);
        break;
      case 'tproxy':
        this.#tproxy(start);
        break;
      default:
        this.#unknown(start);
    }
  }

  /** Words of a statement without effect on the packet. */
  #silent(word: string): void {
    const reader = this.#reader;
    if (word === 'comment') reader.at++;
    else if (word === 'counter' && reader.takes('name')) this.#objectName();
    for (;;) {
      const values = Object.hasOwn(details[word]!, reader.word) ? details[word]![reader.word] : undefined;
      if (values !== undefined) reader.at += 1 + values;
      else if (word === 'log' && reader.takes('flags')) this.#logFlags();
      else return;
    }
  }

  #logFlags(): void {
    const reader = this.#reader;
    do {
      if (reader.takes('tcp', 'ip')) reader.takes('sequence', 'options');
      else reader.at++;
    } while (reader.takes(','));
  }

  /** The name of an object, or a map that gives it; a rule whose map has no such key does not match. */
  #objectName(): void {
    const reader = this.#reader;
    if (!reader.tokens[reader.at] || !isHead(reader.tokens[reader.at]!) || !this.#mapFollows()) {
      reader.at++;
      return;
    }
    const fields = this.#fields();
    reader.takes('map');
    this.#matches.push(...lookup(fields, this.#container(), 'implicit'));
  }

  #mapFollows(): boolean {
    return this.#reader.tokens
      .slice(this.#reader.at, this.#reader.at + 40)
      .some(({ text, quoted }) => !quoted && text === 'map');
  }

  /** Holds for some packets and not for others that are equal. */
  #limit(start: number): void {
    const reader = this.#reader;
    if (reader.takes('name')) this.#objectName();
    else while (limitWords.has(reader.word) || /^\d|^[km]?bytes\//.test(reader.word)) reader.at++;
    this.#matches.push(opaque(reader.textSince(start), true));
  }

  /** `ct count over 10`, `ct helper set "ftp"`; `ct helper "ftp"` is a condition. */
  #connectionStatement(): void {
    const reader = this.#reader;
    const start = reader.at;
    if (this.#after(1) === 'count') {
      reader.at += 2;
      reader.takes('over');
      reader.at++;
      this.#matches.push(opaque(reader.textSince(start), true));
    } else if (this.#after(2) === 'set') {
      reader.at += 3;
      this.#value();
    } else this.#expression();
  }

  #after(count: number): string {
    const token = this.#reader.tokens[this.#reader.at + count];
    return token === undefined || token.quoted ? '' : token.text;
  }

  /** `add @s { … }`, `update @s { … limit rate … }`, `meter m { … }`, `set add … @s`: a full set stops the rule. */
  #dynamicSet(start: number): void {
    const reader = this.#reader;
    while (!reader.isDone && reader.word !== '{' && !(reader.word.startsWith('@') && this.#after(1) !== '{'))
      reader.at++;
    if (reader.word === '{') reader.braces();
    else reader.at++;
    this.#matches.push(opaque(reader.textSince(start), true));
  }

  /** Gives the packet to a socket of this machine, and goes on; without a socket the rule ends. */
  #tproxy(start: number): void {
    const reader = this.#reader;
    reader.takes('ip', 'ip6');
    reader.takes('to');
    do reader.at++;
    while (/^[:\d]/.test(reader.word));
    const text = reader.textSince(start);
    this.#matches.push(opaque(text, true));
    this.#act({ kind: 'opaque', text });
  }

  /** What is not understood reaches to the next word that is; at the end of the rule it may be a verdict. */
  #unknown(start: number): void {
    const reader = this.#reader;
    for (; !reader.isDone; reader.at++) {
      const { word } = reader;
      const token = reader.tokens[reader.at]!;
      const begins = [verdicts, translations, details].some((words) => Object.hasOwn(words, word));
      if (begins || isHead(token) || word === 'jump' || word === 'goto') break;
      if (word === '{') {
        reader.braces();
        reader.at--;
      }
    }
    const text = reader.textSince(start);
    if (reader.isDone) this.#target = { effect: 'unknown', name: text, options: '' };
    else this.#matches.push(opaque(text));
  }

  #expression(): void {
    const reader = this.#reader;
    const start = reader.at;
    const fields = this.#fields();
    if (reader.takes('set')) {
      this.#set(fields, start);
      return;
    }
    if (reader.takes('vmap')) {
      this.#verdictMap(fields, start);
      return;
    }
    const relation = relations.has(reader.word) ? (reader.next() as Relation) : 'implicit';
    const { word } = reader;
    if (word === '{' || (word.startsWith('@') && !word.includes(',')))
      this.#matches.push(...lookup(fields, this.#container(), relation));
    else this.#compare(fields, relation, start);
  }

  #fields(): NftField[] {
    const fields = this.#reader.fields();
    for (const { implied } of fields) for (const match of implied) this.#imply(match);
    return fields;
  }

  /** What nft asks for before an expression, once. */
  #imply(match: Match): void {
    const key = String('protocols' in match ? match.protocols : JSON.stringify(match));
    const isThere = this.#matches.some(
      (one) =>
        one.kind === match.kind &&
        !one.negated &&
        String('protocols' in one ? one.protocols : JSON.stringify(one)) === key,
    );
    if (!isThere) this.#matches.push(match);
  }

  /** A value, a list of them, or a value under a mask: `syn`, `established,related`, `syn / syn,ack`. */
  #compare(fields: readonly NftField[], relation: Relation, start: number): void {
    const reader = this.#reader;
    const [field] = fields as [NftField];
    const values = this.#list(field);
    const mask = reader.takes('/') ? this.#list(field) : undefined;
    const match =
      fields.length === 1 && values && (mask !== undefined || !reader.textSince(start).includes(' / '))
        ? compared(field, relation, values, mask)
        : undefined;
    this.#matches.push(match ?? opaque(reader.textSince(start), field.varies === true));
  }

  /** Returns the values of a list; undefined when one of them is not understood. */
  #list(field: NftField): FieldValue[] | undefined {
    const values: FieldValue[] = [];
    let isRead = true;
    do {
      for (const { text, known } of itemsOf(this.#item())) {
        const bits = field.bits === undefined ? [text] : text.split('|');
        for (const one of bits) {
          const value = known ? field.read(one) : undefined;
          if (value === undefined) isRead = false;
          values.push(value);
        }
      }
    } while (this.#reader.takes(','));
    return isRead ? values : undefined;
  }

  /** Takes one value: a word, a range, bits put together, or parts of a key. */
  #item(): readonly NftToken[] {
    const reader = this.#reader;
    const start = reader.at;
    reader.value();
    for (;;) {
      const { word } = reader;
      const token = reader.tokens[reader.at];
      if (word === '|' || word === '-' || word === '.' || isBitOperator(word)) {
        reader.at++;
        reader.value();
      } else if (token !== undefined && !token.quoted && /^-./.test(word) && !/^--/.test(word)) reader.at++;
      else break;
    }
    reader.at = Math.min(reader.at, reader.tokens.length);
    return reader.tokens
      .slice(start, reader.at)
      .filter(({ text, quoted }) => quoted || (text !== '(' && text !== ')'));
  }

  /** Returns what keys are looked up in: a named set, or what stands in braces. */
  #container(): Container {
    const reader = this.#reader;
    if (reader.word === '{')
      return {
        name: '{ … }',
        elements: elementsOf(reader.braces()),
        changes: false,
        varies: false,
        isAnonymous: true,
      };
    const name = reader.next();
    const set = this.#sets.get(this.#table, name.slice(1));
    return {
      name,
      elements: set?.elements ?? [],
      changes: set?.changes ?? true,
      varies: set?.varies ?? false,
      isAnonymous: false,
      ...(set && { read: set.read }),
    };
  }

  /** `meta mark set 1`: of numbers what they become is known, all else is not followed. */
  #set(fields: readonly NftField[], start: number): void {
    const reader = this.#reader;
    const [field] = fields as [NftField];
    const from = reader.at;
    this.#value();
    const value = readLinear(reader.tokens.slice(from, reader.at)) ?? this.#literal(field, from);
    const action = field.number && value && field.withBits && setNumber(field.number, value);
    if (action !== undefined) this.#act(action);
    else if (
      !/^(?:tcp option|meta (?:nftrace|secmark|rtclassid)|ct (?:secmark|label|event))\b/.test(field.text)
    )
      this.#act({ kind: 'opaque', text: reader.textSince(start) });
  }

  /** A number by name, such as that of a DSCP. */
  #literal(field: NftField, from: number) {
    const [token, more] = this.#reader.tokens.slice(from, this.#reader.at);
    const value = token?.known && more === undefined ? field.read(token.text) : undefined;
    const range = value as { from?: number; to?: number } | undefined;
    return range?.from === undefined || range.from !== range.to ? undefined : { keep: 0, flip: range.from };
  }

  /** Takes what a statement sets: an expression with operators, or a map. */
  #value(): void {
    const reader = this.#reader;
    const start = reader.at;
    const first = reader.tokens[start];
    if (first !== undefined && isHead(first)) {
      const fields = reader.fields();
      if (!reader.takes('map')) return;
      for (const { implied } of fields) for (const match of implied) this.#imply(match);
      this.#matches.push(...lookup(fields, this.#container(), 'implicit'));
      return;
    }
    reader.operand();
    while (isBitOperator(reader.word) || reader.word === ',') {
      reader.at++;
      reader.operand();
    }
  }

  #verdictMap(fields: readonly NftField[], start: number): void {
    const container = this.#container();
    this.#end({
      effect: 'choose',
      name: 'vmap',
      options: this.#reader.textSince(start),
      cases: casesOf(fields, container, verdictOf, 'vmap'),
    });
  }

  #translate(word: string): void {
    const reader = this.#reader;
    const end = translations[word]!;
    const effect = end === 'source' ? 'accept' : 'translate';
    const start = reader.at;
    const isInterface = word === 'redirect' || word === 'masquerade';
    const family = reader.takes('ip', 'ip6');
    if (family || reader.word === 'addr') while (reader.takes('addr', '.', 'port'));
    const isPrefix = reader.takes('prefix');
    reader.takes('interval');
    if (!reader.takes('to')) {
      const translation = isInterface ? { end, addresses: 'interface' as const } : undefined;
      const options = this.#rest();
      this.#end(withFlags({ effect, name: word, options, ...(translation && { translation }) }, options));
      return;
    }
    const make = (data: readonly NftToken[]): Target | undefined => {
      const translation = parseTranslation(data, end, isInterface, isPrefix);
      const options = textOf(data);
      return { effect, name: word, options, ...(translation && { translation }) };
    };
    const colon = isInterface && reader.takes(':');
    const token = reader.tokens[reader.at];
    if (token !== undefined && isHead(token)) {
      const fields = this.#fields();
      if (reader.takes('map')) {
        const as = `${word} ${isPrefix}`;
        const cases = casesOf(fields, this.#container(), make, as);
        this.#rest();
        const options = reader.textSince(start);
        this.#end(withFlags({ effect: 'choose', name: word, options, cases }, options));
        return;
      }
    }
    const from = reader.at;
    while (!reader.isDone && !natFlags.has(reader.word) && reader.word !== 'map') reader.at++;
    const address = reader.tokens.slice(from, reader.at);
    const isWhole = !colon || address.length > 0;
    this.#rest();
    const options = reader.textSince(start);
    const target = isWhole && !textOf(address).includes(' map ') ? make(address) : undefined;
    this.#end(
      target === undefined ? { effect, name: word, options } : { ...withFlags(target, options), options },
    );
  }

  /** Takes all that is left; returns it. */
  #rest(): string {
    const start = this.#reader.at;
    this.#reader.at = this.#reader.tokens.length;
    return this.#reader.textSince(start);
  }

  #end(target: Target): void {
    this.#target = target;
  }

  #act(action: PlacedAction['action']): void {
    this.#actions.push({ after: this.#matches.length, action });
  }
}

/** Returns the condition of a comparison with values, or undefined when the field has none such. */
function compared(
  field: NftField,
  relation: Relation,
  values: readonly FieldValue[],
  mask: readonly FieldValue[] | undefined,
): Match | undefined {
  if (field.isOpaque) return undefined;
  const bits = field.bits?.(relation, values, mask);
  if (bits !== undefined || field.bits !== undefined) return bits;
  if (mask !== undefined) return undefined;
  if (relation === 'implicit' || relation === '==') return field.oneOf(values);
  if (relation === '!=') return not(field.oneOf(values));
  return values.length === 1 ? field.compare?.(relation, values[0]) : undefined;
}

/** Returns the cases of a map; `as` tells apart what its values may be to a rule. */
function casesOf(
  fields: readonly NftField[],
  container: Container,
  make: (data: readonly NftToken[]) => Target | undefined,
  as: string,
): readonly Case[] {
  const key = `${as} ${fields.map(({ text }) => text).join(' . ')}`;
  return readOnce(container, key, () => readCases(fields, container, make));
}

/** Returns the cases of a map: keys that lead to the same are one, `*` comes last. */
function readCases(
  fields: readonly NftField[],
  { elements, changes, varies, name, isAnonymous }: Container,
  make: (data: readonly NftToken[]) => Target | undefined,
): Case[] {
  const groups = new Map<string, { elements: Container['elements'][number][]; data: readonly NftToken[] }>();
  const wildcards: Case[] = [];
  for (const element of elements) {
    const data = element.data ?? [];
    const target = textOf(data);
    if (element.key.length === 0) {
      wildcards.push({
        matches: element.varies || varies ? [opaque(`${name} has an element for all`, true)] : [],
        target: targetOf(data, make),
      });
      continue;
    }
    const group = groups.get(target);
    if (group === undefined) groups.set(target, { elements: [element], data });
    else group.elements.push(element);
  }
  const cases = [...groups.values()].flatMap((group) => {
    const container = { name, elements: group.elements, changes: false, varies, isAnonymous };
    const target = targetOf(group.data, make);
    return alternativesOf(fields, container).map((matches): Case => ({ matches, target }));
  });
  const text = fields.map((field) => field.text).join(' . ');
  const dynamic: Case = { matches: [opaque(`${text} ${name}`, true)], target: unknownTarget(name) };
  return [...(changes ? [dynamic] : []), ...cases, ...wildcards];
}

function targetOf(
  data: readonly NftToken[],
  make: (data: readonly NftToken[]) => Target | undefined,
): Target {
  return (data.every(({ known }) => known) ? make(data) : undefined) ?? unknownTarget(textOf(data));
}

function unknownTarget(name: string): Target {
  return { effect: 'unknown', name, options: '' };
}

function verdictOf(data: readonly NftToken[]): Target | undefined {
  const [word = '', chain = ''] = data.map(({ text }) => text);
  if (word === 'jump' || word === 'goto') return { effect: word, name: chain, options: '' };
  return Object.hasOwn(verdicts, word) ? { effect: verdicts[word]!, name: word, options: '' } : undefined;
}
