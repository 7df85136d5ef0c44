import type { Range } from '../manifest/locations.ts';
import type { Family } from '../net/address.ts';
import { Protocol } from '../net/protocol.ts';
import { ProtocolSet } from '../net/protocol-set.ts';
import { readMatch } from './iptables-match.ts';
import { readNumberMatch } from './iptables-numbers.ts';
import {
  findOption,
  isModelledModule,
  isVaryingModule,
  modulesFor,
  type OptionRole,
  splitOption,
} from './iptables-options.ts';
import { actionOf, effectOf, type TargetOption, translationOf } from './iptables-target.ts';
import type { Effect, FirewallProblem, Match, PlacedAction, Target } from './ruleset.ts';

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
  readonly actions?: readonly PlacedAction[];
  readonly target: Target;
  readonly problems: readonly FirewallProblem[];
  /** Conditions that a named set stands behind: opaque ones, until the set is known. */
  readonly sets: readonly SetReference[];
}

/** `-m set --match-set NAME src,dst`. */
export interface SetReference {
  readonly match: Match;
  readonly name: string;
  /** `src` or `dst`, for each part of a key. */
  readonly directions: readonly string[];
  readonly negated: boolean;
}

const withPorts = ProtocolSet.of(Protocol.Tcp, Protocol.Udp, Protocol.Sctp, 33, 136);

/**
 * Reads the conditions and the target of a rule (iptables(8), iptables-extensions(8)) for one IP version. What is not
 * understood becomes a condition of unknown outcome; what iptables would refuse is a problem besides. `chain` is the one that
 * it stands in. Linear.
 */
export function parseRule(words: readonly Argument[], family: Family, chain = ''): RuleSpecification {
  return new RuleParser(words, family).run(chain);
}

class RuleParser {
  readonly #words: readonly Argument[];
  readonly #family: Family;
  readonly #matches: Match[] = [];
  readonly #problems: FirewallProblem[] = [];
  readonly #targetOptions: TargetOption[] = [];
  readonly #sets: SetReference[] = [];
  /** The module whose options are being read, and the place of its condition; of those that are not modelled. */
  #module: { readonly name: string; readonly at: number } | undefined;
  /** The last of `mark` and `connmark`. */
  #markModule = 'mark';
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

  run(chain: string): RuleSpecification {
    while (this.#at < this.#words.length) this.#option();
    const { name, effect } = this.#target;
    const options = this.#targetOptions.map((one) => `${one.name} ${one.value}`.trim()).join(' ');
    const action = effect === 'continue' ? actionOf(name, this.#targetOptions) : undefined;
    const isExtension = effect === 'translate' || effect === 'accept';
    const translated = isExtension ? translationOf(name, this.#targetOptions, chain) : undefined;
    return {
      matches: this.#matches,
      ...(action && { actions: [{ after: this.#matches.length, action }] }),
      target: { effect, name, options, ...translated },
      problems: this.#problems,
      sets: this.#sets,
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
    if (option.role === 'target' || shared[this.#target.name] === word.text)
      this.#targetOptions.push({ name: word.text, value: values.map((one) => one.text).join(' ') });
    else if (option.role === 'opaque') this.#opaque(text, negated);
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
      this.#load(value, text, negated);
      return;
    }
    if (role === 'set' && known) {
      this.#set(value, second, text, negated);
      return;
    }
    if (role === 'fragment') {
      if (this.#family === 6) this.#problem(option.at, `${option.text} is known for IPv4 only`);
      this.#matches.push({ kind: 'fragment', negated });
      return;
    }
    if (role.endsWith(' port') && !numeric.has(role) && !this.#hasPorts) {
      const help = 'write -p tcp or -p udp before it';
      this.#problem(option.at, `${option.text} needs a protocol with ports`, help);
    }
    const { match, fault, always } = known ? this.#read(role, value, second, negated) : {};
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

  #read(role: OptionRole, value: string, second: string, negated: boolean): ReturnType<typeof readMatch> {
    if (!numeric.has(role)) return readMatch(role, [value, second], negated, this.#family);
    const match = readNumberMatch(role, value, negated, this.#family, this.#markModule);
    // Of host names and services iptables knows more than is known here.
    if (match === undefined && role.startsWith('original') && /^[a-z][\w.-]*$/i.test(value)) return {};
    return match === undefined ? { fault: { message: `${value} is no ${role}` } } : { match };
  }

  #load(name: string, text: string, negated: boolean): void {
    this.#modules.add(name);
    this.#module = undefined;
    if (name === 'mark' || name === 'connmark') this.#markModule = name;
    if (isModelledModule(name)) return;
    const at = this.#matches.length;
    this.#opaque(text, negated, isVaryingModule(name));
    this.#module = { name, at };
  }

  #set(name: string, directions: string, text: string, negated: boolean): void {
    this.#module = undefined;
    this.#opaque(text, negated);
    const match = this.#matches.at(-1)!;
    this.#sets.push({ match, name, directions: directions.split(','), negated });
  }

  /** A condition that is not modelled; options of one module are one condition. */
  #opaque(option: string, negated: boolean, varies = false): void {
    const text = negated ? `! ${option}` : option;
    const before = this.#module && this.#matches[this.#module.at];
    if (this.#module !== undefined && before?.kind === 'opaque')
      this.#matches[this.#module.at] = { ...before, text: `${before.text} ${text}` };
    else
      this.#matches.push({ kind: 'opaque', text, negated: false, ...(varies && { varies: true as const }) });
  }

  #problem(at: Range, message: string, help?: string): void {
    this.#problems.push({ at, message, ...(help !== undefined && { help }) });
  }
}

/** Options of targets, after them, that before them are conditions. */
const shared: Readonly<Record<string, string>> = { CONNMARK: '--mask', NETMAP: '--to', CT: '--helper' };

/** Options that {@link readNumberMatch} reads. */
const numeric: ReadonlySet<OptionRole> = new Set<OptionRole>([
  ...([
    'mark',
    'length',
    'hops',
    'fewer hops',
    'more hops',
    'dscp',
    'dscp class',
    'direction',
    'status',
  ] as const),
  ...([
    'original source',
    'original destination',
    'original source port',
    'original destination port',
  ] as const),
  ...(['tracked protocol', 'hardware source', 'packet type'] as const),
]);

function targetOf(role: 'jump' | 'goto', name: string): Pick<Target, 'effect' | 'name'> {
  return { effect: role === 'goto' ? 'goto' : effectOf(name), name };
}

/** Cuts an option off the value that is written onto it. */
function detach(word: Argument): Argument[] {
  const [option, value] = (word.known ? splitOption(word.text) : undefined) ?? [];
  return option === undefined || value === undefined
    ? [word]
    : [option, value].map((text) => ({ ...word, text }));
}
