import type { Family } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { Protocol, protocolNumber } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import type { NftToken } from './nft-lexer.ts';
import { elementsOf, type NftSets } from './nft-sets.ts';
import { interfaces, isKeyword, keywords, silent, verdicts } from './nft-words.ts';
import type { IcmpType, Match, Target } from './ruleset.ts';
import { parseAddressRange, parseIcmpType, parseNetwork, parsePortRange } from './values.ts';

/** What a right-hand side holds: values, or undefined when they are not understood. */
interface Operand {
  readonly negated: boolean;
  readonly values: readonly string[] | undefined;
  readonly text: string;
}

/**
 * Reads one rule of an nft chain (nft(8), EXPRESSIONS and STATEMENTS): the common conditions, and the verdict. Anything
 * else becomes a condition of unknown outcome. `table` is the family and name that named sets are looked up under.
 */
export function parseNftRule(
  tokens: readonly NftToken[],
  table: string,
  sets: NftSets,
): { readonly matches: readonly Match[]; readonly target: Target } {
  return new NftRuleParser(tokens, table, sets).run();
}

class NftRuleParser {
  readonly #tokens: readonly NftToken[];
  readonly #table: string;
  readonly #sets: NftSets;
  readonly #matches: Match[] = [];
  #target: Target = { effect: 'continue', name: '', options: '' };
  #at = 0;

  constructor(tokens: readonly NftToken[], table: string, sets: NftSets) {
    this.#tokens = tokens;
    this.#table = table;
    this.#sets = sets;
  }

  run() {
    while (this.#at < this.#tokens.length) this.#statement();
    return { matches: this.#matches, target: this.#target };
  }

  #statement(): void {
    const word = this.#next();
    if (silent.has(word)) this.#skipDetails();
    else if (word === 'jump' || word === 'goto')
      this.#target = { effect: word, name: this.#next(), options: '' };
    else if (Object.hasOwn(verdicts, word)) {
      const start = this.#at;
      this.#at = this.#tokens.length;
      const options = this.#tokens.slice(start).map(({ text }) => text);
      this.#target = { effect: verdicts[word]!, name: word, options: options.join(' ') };
    } else if (interfaces.has(word)) this.#interface(word);
    else if (keywords.has(word)) this.#expression(word, this.#next());
    else this.#opaque(word);
  }

  /** The details of a statement go on to the next keyword: `log prefix "x" level info`, `counter packets 0 bytes 0`. */
  #skipDetails(): void {
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[++this.#at]) {
      if (!token.quoted && isKeyword(token.text)) return;
    }
  }

  #expression(word: string, field: string): void {
    const name = `${word} ${field}`;
    if (field === 'iifname' || field === 'oifname' || field === 'iif' || field === 'oif') {
      this.#interface(field);
      return;
    }
    switch (name) {
      case 'ct state':
        this.#add(name, ({ values, negated }) => {
          const known = values?.every((value) => ctStates.has(value));
          const states = new Set(values?.map((value) => value.toUpperCase()));
          return known ? { kind: 'state', states, negated } : undefined;
        });
        break;
      case 'ip saddr':
      case 'ip daddr':
      case 'ip6 saddr':
      case 'ip6 daddr':
        this.#addresses(name, word === 'ip' ? 4 : 6, field === 'saddr' ? 'source' : 'destination');
        break;
      case 'meta l4proto':
      case 'ip protocol':
      case 'ip6 nexthdr':
        if (word === 'ip' || word === 'ip6') this.#family(word === 'ip' ? 4 : 6);
        this.#add(name, ({ values, negated }) => {
          const numbers = values?.map((value) => protocolNumber(value));
          const known = numbers?.every((number) => number !== undefined);
          return known
            ? { kind: 'protocol', protocols: ProtocolSet.of(...(numbers as number[])), negated }
            : undefined;
        });
        break;
      case 'meta nfproto':
        this.#add(name, ({ values, negated }) => {
          const family = values?.length === 1 ? families[values[0]!] : undefined;
          return family && { kind: 'family', family, negated };
        });
        break;
      case 'icmp type':
      case 'icmpv6 type':
        this.#icmp(name, word === 'icmp' ? 4 : 6);
        break;
      default:
        if ((field === 'dport' || field === 'sport') && (word === 'th' || Object.hasOwn(transports, word)))
          this.#ports(word, field);
        else {
          if (Object.hasOwn(transports, word)) this.#protocol(transports[word]!);
          if (word === 'ip' || word === 'ip6') this.#family(word === 'ip' ? 4 : 6);
          this.#opaque(name);
        }
    }
  }

  #interface(word: string): void {
    this.#add(word, ({ values, negated }) => {
      const names = values?.map((value) => value.replace(/\*$/, '+'));
      return names && { kind: word.startsWith('i') ? 'in' : 'out', names, negated };
    });
  }

  #addresses(name: string, family: Family, kind: 'source' | 'destination'): void {
    this.#family(family);
    this.#add(name, ({ values, negated }) => {
      let addresses: AddressSet | undefined = values && AddressSet.empty;
      for (const value of values ?? []) {
        const some = value.includes('-') ? parseAddressRange(value) : parseNetwork(value, family);
        addresses = some && addresses?.union(some);
      }
      return addresses && { kind, addresses, negated };
    });
  }

  #ports(word: string, field: 'dport' | 'sport'): void {
    const raw = word === 'th';
    const kind = field === 'dport' ? 'destination port' : 'source port';
    if (!raw) this.#protocol(transports[word]!);
    this.#add(`${word} ${field}`, ({ values, negated }) => {
      let ports: PortSet | undefined = values && PortSet.empty;
      for (const value of values ?? []) {
        const some = parsePortRange(value, '-');
        ports = some && ports?.union(some);
      }
      return ports && { kind, ports, negated, ...(raw && { raw }) };
    });
  }

  #icmp(name: string, family: Family): void {
    const protocol = family === 4 ? Protocol.Icmp : Protocol.Icmpv6;
    this.#protocol(protocol);
    this.#add(name, ({ values, negated }) => {
      const types = values?.map((value) => parseIcmpType(value, family));
      const known = types?.every((type) => type !== undefined);
      return known ? { kind: 'icmp', protocol, types: types as IcmpType[], negated } : undefined;
    });
  }

  #family(family: Family): void {
    this.#matches.push({ kind: 'family', family, negated: false });
  }

  #protocol(...numbers: number[]): void {
    this.#matches.push({ kind: 'protocol', protocols: ProtocolSet.of(...numbers), negated: false });
  }

  #add(name: string, read: (operand: Operand) => Match | undefined): void {
    const operand = this.#operand();
    if (operand === undefined) return;
    const match = read(operand);
    this.#matches.push(match ?? { kind: 'opaque', text: `${name} ${operand.text}`, negated: false });
  }

  /** What stands after an expression; undefined when it is a map, which decides the verdict. */
  #operand(): Operand | undefined {
    const start = this.#at;
    let token = this.#tokens[this.#at];
    if (token?.text === 'vmap') return undefined;
    const negated = token?.text === '!=';
    if (negated || token?.text === '==') token = this.#tokens[++this.#at];
    this.#at++;
    let values: readonly string[] | undefined;
    if (token === undefined || !token.known) values = undefined;
    else if (token.text === '{') {
      while (this.#at < this.#tokens.length && this.#tokens[this.#at]?.text !== '}') this.#at++;
      this.#at++;
      values = elementsOf(
        this.#tokens.slice(start, this.#at).filter(({ text }) => text !== '!=' && text !== '=='),
      );
    } else if (token.text.startsWith('@') && !token.quoted) values = this.#named(token.text.slice(1));
    else if ('<>(='.includes(token.text) || token.text.startsWith('$')) {
      // `<` and its kin take one more word.
      this.#at++;
    } else {
      const list = [token.text];
      while (this.#tokens[this.#at]?.text === ',') {
        const item = this.#tokens[this.#at + 1];
        if (item !== undefined) list.push(item.text);
        this.#at += 2;
      }
      values = list;
    }
    const text = this.#tokens.slice(start, this.#at).map((one) => one.text);
    return { negated, values, text: text.join(' ') };
  }

  #named(name: string): readonly string[] | undefined {
    const set = this.#sets.open(this.#table, name);
    set.used = true;
    return set.changes ? undefined : set.values;
  }

  #next(): string {
    return this.#tokens[this.#at++]?.text ?? '';
  }

  /** What is not understood reaches to the next word that is. */
  #opaque(first: string): void {
    const words = [first];
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[++this.#at]) {
      if (!token.quoted && isKeyword(token.text)) break;
      words.push(token.text);
    }
    this.#matches.push({ kind: 'opaque', text: words.join(' '), negated: false });
  }
}

const ctStates = new Set(['new', 'established', 'related', 'invalid', 'untracked']);
const families: Readonly<Record<string, Family>> = { ipv4: 4, ipv6: 6 };
const transports: Readonly<Record<string, number>> = {
  tcp: Protocol.Tcp,
  udp: Protocol.Udp,
  sctp: Protocol.Sctp,
  dccp: 33,
  icmp: Protocol.Icmp,
  icmpv6: Protocol.Icmpv6,
};
