import type { Range } from '../manifest/locations.ts';
import type { Family } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { readMatch } from './iptables-match.ts';
import {
  findOption,
  isModelledModule,
  modulesFor,
  type OptionRole,
  splitOption,
} from './iptables-options.ts';
import type { Effect, FirewallProblem, Match, Target } from './ruleset.ts';

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
  'CT LOG NFLOG ULOG MARK CONNMARK CHECKSUM CLASSIFY DSCP TOS TTL HL ECN TCPMSS TCPOPTSTRIP TEE TRACE SET AUDIT'
    .concat(' CONNSECMARK SECMARK HMARK IDLETIMER LED RATEEST ACCOUNT')
    .split(' '),
);
const withPorts = ProtocolSet.of(Protocol.Tcp, Protocol.Udp, Protocol.Sctp, 33, 136);

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
  /** What `-m` and `-p` have loaded. */
  readonly #modules = new Set<string>();
  /** Whether a protocol with ports has been asked for. */
  #hasPorts = false;
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
    const modules = modulesFor(word.text);
    if (modules.length > 0 && !modules.some((name) => this.#modules.has(name))) {
      this.#problem(
        word.at,
        `${word.text} is not known without its module`,
        `write -m ${modules[0]} before it`,
      );
      this.#opaque(text, negated);
      return;
    }
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
    const [value = '', second = ''] = values.map((word) => word.text);
    const known = values.every((word) => word.known);
    if (role === 'jump' || role === 'goto') {
      this.#target = known ? targetOf(role, value) : { effect: 'unknown', name: value };
      return;
    }
    if (role === 'module' && known) {
      this.#modules.add(value);
      if (!isModelledModule(value)) this.#opaque(text, negated);
      return;
    }
    if (role.endsWith(' port') && !this.#hasPorts) {
      const help = 'write -p tcp or -p udp before it';
      this.#problem(option.at, `${option.text} needs a protocol with ports`, help);
    }
    const { match, fault, always } = known ? readMatch(role, [value, second], negated, this.#family) : {};
    if (fault !== undefined) this.#problem(values[0]?.at ?? option.at, fault.message, fault.help);
    if (match === undefined) {
      if (!always) this.#opaque(text, negated);
      return;
    }
    if (match.kind === 'protocol') {
      this.#modules.add(match.protocols.toString());
      this.#hasPorts = !negated && withPorts.covers(match.protocols);
    }
    this.#matches.push(match);
  }

  #opaque(text: string, negated: boolean): void {
    this.#matches.push({ kind: 'opaque', text: negated ? `! ${text}` : text, negated: false });
  }

  #problem(at: Range, message: string, help?: string): void {
    this.#problems.push({ at, message, ...(help !== undefined && { help }) });
  }
}

function targetOf(role: 'jump' | 'goto', name: string): Pick<Target, 'effect' | 'name'> {
  if (role === 'goto') return { effect: 'goto', name };
  if (continuing.has(name)) return { effect: 'continue', name };
  return { effect: Object.hasOwn(effects, name) ? effects[name]! : 'jump', name };
}

/** Cuts an option off the value that is written onto it. */
function detach(word: Argument): Argument[] {
  const [option, value] = (word.known ? splitOption(word.text) : undefined) ?? [];
  return option === undefined || value === undefined
    ? [word]
    : [option, value].map((text) => ({ ...word, text }));
}
