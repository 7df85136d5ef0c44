import { type NftField, opaqueField } from './nft-field.ts';
import { bareKeys, fieldOf, fragmentOffset } from './nft-fields.ts';
import type { NftToken } from './nft-lexer.ts';
import { fragmentField, maskedAddressField, maskedFlagsField } from './nft-masked.ts';
import { apply, isBitOperator, type Linear, readLinear } from './nft-numbers.ts';

/** Words that expressions begin with (nft(8), PRIMARY EXPRESSIONS and PAYLOAD EXPRESSIONS). */
const heads = new Set(
  'ct meta ip ip6 tcp udp udplite sctp dccp th icmp icmpv6 igmp ether vlan arp ah esp comp gre geneve vxlan gretap'
    .concat(' rt rt0 rt2 rt4 srh frag hbh dst mh exthdr fib osf socket numgen jhash symhash ipsec')
    .split(' '),
);
/** Fields of options and chunks; without one their presence is asked for. */
const optionFields = new Set(
  'kind length left right size count tsval tsecr value ptr addr type flags tsn initiate stream ssn ppid offset'.split(
    ' ',
  ),
);

/** Tells whether an expression begins with the word. */
export function isHead({ text, quoted }: NftToken): boolean {
  return !quoted && (heads.has(text) || bareKeys.has(text) || /^@(?:ll|nh|th|ih)$/.test(text));
}

/** Reads expressions out of the tokens of a rule, one after another. */
export class NftExpressions {
  readonly tokens: readonly NftToken[];
  at: number;

  constructor(tokens: readonly NftToken[], at = 0) {
    this.tokens = tokens;
    this.at = at;
  }

  /** Text of the token that comes next, unless it is quoted. */
  get word(): string {
    const token = this.tokens[this.at];
    return token === undefined || token.quoted ? '' : token.text;
  }

  get isDone(): boolean {
    return this.at >= this.tokens.length;
  }

  next(): string {
    return this.tokens[this.at++]?.text ?? '';
  }

  /** Takes the next token when it is one of the words. */
  takes(...words: readonly string[]): boolean {
    if (!words.includes(this.word)) return false;
    this.at++;
    return true;
  }

  /** Returns the text from `start` to here. */
  textSince(start: number): string {
    return textOf(this.tokens.slice(start, this.at));
  }

  /** Returns the tokens inside the braces that begin here, and goes past them. */
  braces(): readonly NftToken[] {
    const start = ++this.at;
    for (let depth = 1; this.at < this.tokens.length; this.at++) {
      if (this.word === '{') depth++;
      if (this.word === '}' && --depth === 0) break;
    }
    return this.tokens.slice(start, this.at++);
  }

  /** Returns the fields of `ip saddr . tcp dport`, each with its operators on bits. */
  fields(): NftField[] {
    const fields = [this.#field()];
    while (this.word === '.') {
      this.at++;
      fields.push(this.#field());
    }
    return fields;
  }

  #field(): NftField {
    const start = this.at;
    const inParentheses = this.takes('(');
    let field = fieldOf(this.#words());
    const operations: [string, readonly NftToken[]][] = [];
    while (isBitOperator(this.word)) operations.push([this.next(), this.operand()]);
    if (inParentheses) {
      this.takes(')');
      while (isBitOperator(this.word)) operations.push([this.next(), this.operand()]);
    }
    if (operations.length > 0) field = masked(field, operations, this.textSince(start));
    return field;
  }

  /** Takes what stands beside an operator: a word, a field, or what is in parentheses. */
  operand(): readonly NftToken[] {
    const start = this.at;
    if (this.word === '(') this.#parentheses();
    else if (this.tokens[this.at] && isHead(this.tokens[this.at]!)) this.#words();
    else this.at++;
    return this.tokens.slice(start, this.at);
  }

  /** Takes a value: a word, whatever it is, or what is in parentheses. */
  value(): void {
    if (this.word === '(') this.#parentheses();
    else this.at++;
  }

  #parentheses(): void {
    for (let depth = 0; this.at < this.tokens.length; this.at++) {
      const { text } = this.tokens[this.at]!;
      if (text === '(') depth++;
      if (text === ')' && --depth === 0) break;
    }
    this.at = Math.min(this.at + 1, this.tokens.length);
  }

  /** Takes the words of an expression. */
  #words(): string[] {
    const start = this.at;
    const head = this.next();
    if (head.startsWith('@')) this.at += 4;
    else if (bareKeys.has(head)) return ['meta', head];
    else this.#rest(head);
    this.at = Math.min(this.at, this.tokens.length);
    return this.tokens.slice(start, this.at).map(({ text }) => text);
  }

  #rest(head: string): void {
    switch (head) {
      case 'fib':
        while (!this.isDone && !['oif', 'oifname', 'type'].includes(this.next()));
        return;
      case 'ct':
        if (this.takes('original', 'reply')) this.takes('ip', 'ip6');
        this.at++;
        return;
      case 'symhash':
      case 'jhash':
      case 'numgen':
        this.#hash(head);
        return;
      case 'osf':
        if (this.takes('ttl')) this.at++;
        this.at++;
        return;
      case 'ipsec':
        this.at++;
        if (this.takes('spnum')) this.at++;
        this.takes('ip', 'ip6');
        this.at++;
        return;
      case 'socket':
        if (this.next() === 'cgroupv2') this.at += 2;
        return;
      default:
        this.#header(head);
    }
  }

  /** The field of a header, or of an option in it. */
  #header(head: string): void {
    const key = this.next();
    const inner = ['vxlan', 'geneve', 'gre', 'gretap'].includes(head) && heads.has(key);
    if (inner || (head === 'arp' && (this.word === 'ip' || this.word === 'ether'))) this.at++;
    else if (head === 'rt' && (key === 'ip' || key === 'ip6')) this.at++;
    else if (key === 'option' || key === 'chunk') {
      if (this.next().startsWith('@') && this.word === ',') this.at += 4;
      else if (optionFields.has(this.word)) this.at++;
    }
  }

  #hash(head: string): void {
    if (head === 'numgen') this.at++;
    if (head === 'jhash') this.fields();
    while (this.takes('mod', 'seed', 'offset')) this.at++;
  }
}

/** Returns tokens as one text. */
export function textOf(tokens: readonly NftToken[]): string {
  let text = '';
  for (const { text: word, quoted } of tokens) {
    if (text !== '' && word !== ',' && word !== '\n') text += ' ';
    text += quoted ? `"${word}"` : word === '\n' ? '' : word;
  }
  return text;
}

/** Returns the field after operators on bits. */
function masked(
  field: NftField,
  operations: readonly (readonly [string, readonly NftToken[]])[],
  text: string,
): NftField {
  const [first, second] = operations;
  const [operator = '', operand = []] = first ?? [];
  const isMask = second === undefined && (operator === '&' || operator === 'and');
  if (field.number !== undefined) return maskedNumber(field, operations, text);
  if (isMask && field.bits !== undefined) return maskedFlagsField(field, operand, text);
  if (isMask && field.text === 'ip frag-off' && readLinear(operand)?.flip === fragmentOffset)
    return fragmentField(text, field.implied);
  if (isMask && operand.length === 1 && /^ip6? [sd]addr$/.test(field.text))
    return maskedAddressField(field, operand[0]!.text, text);
  return opaqueField(text, field.implied, false);
}

function maskedNumber(
  field: NftField,
  operations: readonly (readonly [string, readonly NftToken[]])[],
  text: string,
): NftField {
  let value: Linear | undefined = { field: field.number!, keep: 0xffffffff, flip: 0 };
  for (const [operator, operand] of operations) {
    const right = readLinear(operand);
    value = value && right && apply(operator, value, right);
  }
  if (value === undefined || field.withBits === undefined) return opaqueField(text, field.implied, false);
  return field.withBits(text, value);
}
