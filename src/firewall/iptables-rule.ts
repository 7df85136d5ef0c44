import type { Range } from '../manifest/locations.ts';
import type { Family } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { Protocol, protocolNumber } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { findOption, isModelledModule, type OptionRole, splitOption } from './iptables-options.ts';
import type { Effect, FirewallProblem, Match, Target } from './ruleset.ts';
import { parseAddressRange, parseIcmpType, parseNetwork, parsePortRange } from './values.ts';

/** One word of a command line. */
export interface Argument {
  readonly text: string;
  readonly at: Range;
  /** False when the shell puts something in that is not known here. */
  readonly known: boolean;
}

/** A rule specification: what stands after `-A CHAIN`. */
export interface RuleSpecification {
  readonly matches: readonly Match[];
  readonly target: Target;
  readonly problems: readonly FirewallProblem[];
}

const effects: Readonly<Record<string, Effect>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
  DNAT: 'translate',
  REDIRECT: 'translate',
  NETMAP: 'translate',
  TPROXY: 'translate',
  SNAT: 'accept',
  MASQUERADE: 'accept',
  NOTRACK: 'untrack',
  QUEUE: 'unknown',
  NFQUEUE: 'unknown',
  SYNPROXY: 'unknown',
};
const continuing = new Set(
  'LOG NFLOG ULOG MARK CONNMARK CHECKSUM CLASSIFY DSCP TOS TTL HL ECN TCPMSS TCPOPTSTRIP TEE TRACE SET AUDIT'
    .concat(' CONNSECMARK SECMARK HMARK IDLETIMER LED RATEEST ACCOUNT')
    .split(' '),
);
const tcpFlags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
const states = new Set(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT']);
const addressTypes = new Set(
  'UNSPEC UNICAST LOCAL BROADCAST ANYCAST MULTICAST BLACKHOLE UNREACHABLE PROHIBIT THROW NAT XRESOLVE'.split(
    ' ',
  ),
);
const portProtocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp, 33, 136];

/**
 * Reads the conditions and the target of a rule (iptables(8), iptables-extensions(8)) for one IP version. What is not
 * understood becomes a condition of unknown outcome; what iptables would refuse is a problem besides. Linear.
 */
export function parseRule(words: readonly Argument[], family: Family): RuleSpecification {
  return new RuleParser(words, family).run();
}

class RuleParser {
  readonly #words: readonly Argument[];
  readonly #family: Family;
  readonly #matches: Match[] = [];
  readonly #problems: FirewallProblem[] = [];
  readonly #targetOptions: string[] = [];
  #target: { readonly effect: Effect; readonly name: string } = { effect: 'continue', name: '' };
  #protocol: ProtocolSet = ProtocolSet.all;
  #at = 0;

  constructor(words: readonly Argument[], family: Family) {
    this.#words = words.flatMap(detach);
    this.#family = family;
  }

  run(): RuleSpecification {
    while (this.#at < this.#words.length) this.#option();
    const options = this.#targetOptions.join(' ');
    const untracks = this.#target.name === 'CT' && options.includes('--notrack');
    const effect = untracks ? 'untrack' : this.#target.effect;
    return {
      matches: this.#matches,
      target: { effect, name: this.#target.name, options },
      problems: this.#problems,
    };
  }

  #option(): void {
    let negated = false;
    let word = this.#words[this.#at]!;
    while (word.text === '!') {
      negated = !negated;
      this.#at++;
      const next = this.#words[this.#at];
      if (next === undefined) {
        this.#problem(word.at, 'nothing follows !');
        return;
      }
      word = next;
    }
    this.#at++;
    if (!word.known || !word.text.startsWith('-')) {
      this.#opaque(word.text, negated);
      if (word.known) this.#problem(word.at, `${word.text} stands where an option is expected`);
      return;
    }
    const option = findOption(word.text);
    if (option === undefined) {
      const values = this.#unknownValues();
      this.#opaque([word.text, ...values].join(' '), negated);
      this.#problem(word.at, `unknown option ${word.text}`);
      return;
    }
    if (this.#words[this.#at]?.text === '!' && option.values > 0) {
      // The spelling of iptables before 1.4.3.
      negated = !negated;
      this.#at++;
    }
    const values = this.#words.slice(this.#at, this.#at + option.values);
    this.#at += values.length;
    if (values.length < option.values) {
      this.#problem(word.at, `${word.text} needs a value`);
      this.#opaque(word.text, negated);
      return;
    }
    const text = [word, ...values].map((one) => one.text).join(' ');
    if (option.role === 'opaque') this.#opaque(text, negated);
    else if (option.role === 'target') this.#targetOptions.push(text);
    else if (option.role !== 'ignored') this.#known(option.role, values, negated, text, word);
  }

  /** Words up to the next option that is known. */
  #unknownValues(): string[] {
    const values: string[] = [];
    for (let word = this.#words[this.#at]; word !== undefined; word = this.#words[++this.#at]) {
      if (word.text === '!' || (word.text.startsWith('-') && findOption(word.text) !== undefined)) break;
      values.push(word.text);
    }
    return values;
  }

  #known(
    role: OptionRole,
    values: readonly Argument[],
    negated: boolean,
    text: string,
    option: Argument,
  ): void {
    const [first, second] = values;
    if (values.some(({ known }) => !known)) {
      if (role === 'jump' || role === 'goto') this.#target = { effect: 'unknown', name: first?.text ?? '' };
      else this.#opaque(text, negated);
      return;
    }
    const value = first?.text ?? '';
    const at = first?.at ?? option.at;
    switch (role) {
      case 'protocol':
        this.#setProtocol(value, negated, at);
        break;
      case 'source':
      case 'destination':
        this.#addresses(role, value, negated, at);
        break;
      case 'source range':
      case 'destination range': {
        const addresses = parseAddressRange(value);
        const kind = role === 'source range' ? 'source' : 'destination';
        this.#add(addresses && { kind, addresses, negated }, at, `${value} is no range of addresses`);
        break;
      }
      case 'in':
      case 'out':
        this.#matches.push({ kind: role, names: [value], negated });
        break;
      case 'source port':
      case 'destination port':
      case 'either port':
        this.#ports(role, value, negated, at, option);
        break;
      case 'state': {
        const named = value.toUpperCase().split(',');
        const known = named.every((state) => states.has(state));
        this.#add(
          known ? { kind: 'state', states: new Set(named), negated } : undefined,
          at,
          `bad state ${value}`,
        );
        break;
      }
      case 'icmp': {
        const type = parseIcmpType(value.toLowerCase(), this.#family);
        const protocol = this.#family === 4 ? Protocol.Icmp : Protocol.Icmpv6;
        if (type === undefined) this.#opaque(text, negated);
        else this.#matches.push({ kind: 'icmp', protocol, types: [type], negated });
        break;
      }
      case 'syn':
        this.#flags('FIN,SYN,RST,ACK', 'SYN', negated, at);
        break;
      case 'tcp flags':
        this.#flags(value, second?.text ?? '', negated, at);
        break;
      case 'source type':
      case 'destination type': {
        const types = value.toUpperCase().split(',');
        const known = types.every((type) => addressTypes.has(type));
        this.#add(
          known ? { kind: role, types: new Set(types), negated } : undefined,
          at,
          `bad type ${value}`,
        );
        break;
      }
      case 'module':
        if (!isModelledModule(value)) this.#opaque(text, negated);
        break;
      default:
        this.#jump(role, value);
    }
  }

  #jump(role: OptionRole, name: string): void {
    const known = Object.hasOwn(effects, name)
      ? effects[name]!
      : continuing.has(name)
        ? 'continue'
        : undefined;
    if (role === 'goto') this.#target = { effect: 'goto', name };
    else if (name === 'CT') this.#target = { effect: 'continue', name };
    else this.#target = { effect: known ?? 'jump', name };
  }

  #setProtocol(value: string, negated: boolean, at: Range): void {
    const number = value.toLowerCase() === 'all' ? 0 : protocolNumber(value);
    if (number === undefined) {
      this.#problem(at, `${value} is no protocol`, 'write tcp, udp, icmp, or the number of the protocol');
      this.#opaque(`-p ${value}`, negated);
      return;
    }
    if (number === 0) return;
    const protocols = ProtocolSet.of(
      this.#family === 6 && number === Protocol.Icmp ? Protocol.Icmpv6 : number,
    );
    this.#protocol = negated ? protocols.complement() : protocols;
    this.#matches.push({ kind: 'protocol', protocols, negated });
  }

  #addresses(kind: 'source' | 'destination', value: string, negated: boolean, at: Range): void {
    let addresses: AddressSet | undefined = AddressSet.empty;
    for (const text of value.split(',')) {
      const network = parseNetwork(text, this.#family);
      addresses = network && addresses.union(network);
      if (addresses === undefined) break;
    }
    if (addresses === undefined) {
      this.#opaque(`--${kind} ${value}`, negated);
      if (value.includes('/') || /^[\d.:]*$/.test(value) || value.includes(':')) {
        this.#problem(at, `${value} is no IPv${this.#family} network`);
      }
    } else this.#matches.push({ kind, addresses, negated });
  }

  #ports(
    kind: 'source port' | 'destination port' | 'either port',
    value: string,
    negated: boolean,
    at: Range,
    option: Argument,
  ): void {
    let ports: PortSet | undefined = PortSet.empty;
    for (const text of value.split(',')) {
      const range = parsePortRange(text, ':');
      ports = range && ports.union(range);
      if (ports === undefined) break;
    }
    if (!ProtocolSet.of(...portProtocols).covers(this.#protocol)) {
      this.#problem(
        option.at,
        `${option.text} needs a protocol with ports`,
        'write -p tcp or -p udp before it',
      );
    }
    const named = value.split(',').every((text) => /^[a-z][a-z0-9-]*$/.test(text));
    if (ports === undefined && named) this.#opaque(`${option.text} ${value}`, negated);
    else
      this.#add(
        ports && { kind, ports, negated },
        at,
        `${value} is no port or range of ports`,
        'write 22 or 8000:8100',
      );
  }

  #flags(mask: string, set: string, negated: boolean, at: Range): void {
    const read = (text: string): string[] | undefined => {
      if (text === 'ALL') return tcpFlags;
      if (text === 'NONE') return [];
      const flags = text.split(',');
      return flags.every((flag) => tcpFlags.includes(flag)) ? flags : undefined;
    };
    const [masked, up] = [read(mask), read(set)];
    const match: Match | undefined = masked &&
      up && { kind: 'tcp flags', mask: new Set(masked), set: new Set(up), negated };
    this.#add(match, at, `${mask} ${set} are no TCP flags`);
  }

  #add(match: Match | undefined, at: Range, message: string, help?: string): void {
    if (match !== undefined) {
      this.#matches.push(match);
      return;
    }
    this.#problem(at, message, help);
    this.#opaque(message, false);
  }

  #opaque(text: string, negated: boolean): void {
    this.#matches.push({ kind: 'opaque', text: negated ? `! ${text}` : text, negated: false });
  }

  #problem(at: Range, message: string, help?: string): void {
    this.#problems.push({ at, message, ...(help !== undefined && { help }) });
  }
}

/** Cuts an option off the value that is written onto it. */
function detach(word: Argument): Argument[] {
  const [option, value] = (word.known ? splitOption(word.text) : undefined) ?? [];
  return option === undefined || value === undefined
    ? [word]
    : [option, value].map((text) => ({ ...word, text }));
}
