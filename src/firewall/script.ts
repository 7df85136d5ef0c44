import type { Range } from '../manifest/locations.ts';
import { applyIpset, applyIpsetText, type Ipsets } from './ipset.ts';
import { applyIptables, iptablesTool } from './iptables.ts';
import { applyRestore } from './iptables-restore.ts';
import type { Argument } from './iptables-rule.ts';
import { applyNft, applyNftText } from './nft.ts';
import type { OpaquePart } from './ruleset.ts';
import { RulesetBuilder } from './ruleset-builder.ts';
import { evaluateTest } from './script-condition.ts';
import {
  frontEnds,
  isFirewallProgram,
  mentionsFirewall,
  preparing,
  programOf,
  shells,
  wrappers,
} from './script-programs.ts';
import {
  type FindFile,
  type FirewallCall,
  type FirewallScript,
  type FollowOptions,
  type PlacedText,
  placed,
  shift,
} from './script-text.ts';
import { ShellVariables } from './script-variables.ts';
import { type Compound, type OpaqueStep, type ShellCommand, splitShell } from './shell.ts';
import type { ShellWord } from './shell-token.ts';

const deepestShell = 3;
/** Functions, groups and loops within each other. */
const deepestCompound = 12;
/** So many characters may be run over and over by loops and functions. */
const mostRun = 2_000_000;

/**
 * Reads a shell script as a packet filter: follows its calls of iptables, ip6tables, their -restore, and nft, in order.
 * Never throws. What it does not follow and could change rules makes the whole ruleset unknown. Files that it reads or
 * runs are followed when `findFile` has them.
 */
export function readFirewallScript(
  text: string,
  findFile: FindFile = () => undefined,
  { runs = 1, offset = 0, onCall, ipsets }: FollowOptions = {},
): FirewallScript {
  const reader = new ScriptReader(findFile, onCall, ipsets);
  for (let run = 1; run <= runs; run++) reader.begin({ text, at: offset }, run);
  const { builder, opaque, calls } = reader;
  return { ruleset: builder.ruleset, problems: builder.problems, opaque, calls };
}

class ScriptReader {
  readonly builder: RulesetBuilder;
  readonly opaque: OpaquePart[] = [];
  readonly calls: FirewallCall[] = [];
  readonly #findFile: FindFile;
  readonly #onCall: FollowOptions['onCall'];
  readonly #variables = new ShellVariables();
  readonly #functions = new Map<string, PlacedText>();
  #room = mostRun;
  #ended = false;
  #run = 1;
  /** It ended by `return`. */
  #returned = false;

  constructor(findFile: FindFile, onCall: FollowOptions['onCall'], ipsets: Ipsets | undefined) {
    this.builder = new RulesetBuilder(ipsets);
    this.#findFile = findFile;
    this.#onCall = onCall;
  }

  /** Runs the whole script, over what earlier runs have left. */
  begin(script: PlacedText, run: number): void {
    this.#variables.clear();
    this.#functions.clear();
    this.#ended = false;
    this.#run = run;
    this.run(script, 0);
  }

  run(script: PlacedText, depth: number): boolean | undefined {
    let status: boolean | undefined = true;
    this.#room -= script.text.length;
    let before: ShellCommand | undefined;
    for (const step of splitShell(script.text)) {
      if (this.#ended) break;
      const skips = (step.joint === 'and' && status === false) || (step.joint === 'or' && status === true);
      if (skips) continue;
      const conditional: boolean = status === undefined && (step.joint === 'and' || step.joint === 'or');
      if (step.kind === 'opaque') {
        const isPlain: boolean = !conditional && step.joint !== 'pipe' && depth < deepestCompound;
        const followed: { readonly status: boolean | undefined } | false | undefined =
          isPlain && this.#compound(step, script, depth);
        if (!followed) this.#skip(step, script);
        status = followed ? followed.status : undefined;
        before = undefined;
        continue;
      }
      const called = this.calls.length;
      const answer = this.#command(
        step,
        script,
        conditional,
        step.joint === 'pipe' ? before : undefined,
        depth,
      );
      const call = this.calls.at(-1);
      if (this.calls.length > called && call !== undefined)
        this.#onCall?.(call, this.builder.ruleset, this.#run);
      status = step.negated && answer !== undefined ? !answer : answer;
      before = step;
    }
    return status;
  }

  /** Follows a compound command; undefined when that cannot be done. */
  #compound(
    { compound, text }: OpaqueStep,
    script: PlacedText,
    depth: number,
  ): { readonly status: boolean | undefined } | undefined {
    const inside = ({ start, end }: Range): PlacedText => ({
      text: script.text.slice(start, end),
      at: script.at + start,
    });
    if (compound === undefined || this.#room < 0) return undefined;
    switch (compound.kind) {
      case 'function':
        this.#functions.set(compound.name, inside(compound.body));
        return { status: true };
      case 'group':
        return { status: this.run(inside(compound.body), depth + 1) };
      case 'subshell': {
        const [variables, ended] = [this.#variables.save(), this.#ended];
        const status = this.run(inside(compound.body), depth + 1);
        this.#variables.restore(variables);
        this.#ended = ended;
        return { status };
      }
      case 'for':
        return mentionsFirewall(text) || this.#calls(text)
          ? this.#loop(compound, inside(compound.body), depth)
          : undefined;
      case 'if':
        return this.#branch(compound, inside, depth);
    }
  }

  /** Tells whether a function of the script or a tool by its variable is called somewhere. */
  #calls(text: string): boolean {
    const names = [...this.#functions]
      .filter(([, body]) => mentionsFirewall(body.text))
      .map(([name]) => name);
    const tools = [...this.#variables.entries()].filter(([, value]) => mentionsFirewall(value));
    return (
      names.some((name) => text.includes(name)) ||
      tools.some(([name]) => text.includes(`$${name}`) || text.includes(`\${${name}`))
    );
  }

  #loop(
    { variable, words }: Extract<Compound, { kind: 'for' }>,
    body: PlacedText,
    depth: number,
  ): { readonly status: boolean | undefined } | undefined {
    const values = words?.flatMap((word) => this.#variables.expand(word)) ?? this.#variables.parameters;
    const isPlain = values?.every(({ text, known }) => known && !/[*?[{]/.test(text));
    if (values === undefined || !isPlain || /\b(?:break|continue)\b/.test(body.text)) return undefined;
    if (values.length * body.text.length > this.#room) return undefined;
    let status: boolean | undefined = true;
    for (const { text } of values) {
      this.#variables.set(variable, text);
      status = this.run(body, depth + 1);
      if (this.#ended) break;
    }
    return { status };
  }

  /** Runs conditions until one is known to hold; of one that is not known no branch can be followed. */
  #branch(
    { branches, otherwise }: Extract<Compound, { kind: 'if' }>,
    inside: (range: Range) => PlacedText,
    depth: number,
  ): { readonly status: boolean | undefined } | undefined {
    for (const { condition, body } of branches) {
      const holds = this.run(inside(condition), depth + 1);
      if (holds === undefined) return undefined;
      if (holds) return { status: this.run(inside(body), depth + 1) };
    }
    return { status: otherwise === undefined ? true : this.run(inside(otherwise), depth + 1) };
  }

  /** Runs a function of the script with its parameters. */
  #callFunction(
    body: PlacedText,
    parameters: readonly Argument[],
    at: Range,
    conditional: boolean,
    depth: number,
  ): boolean | undefined {
    if (conditional || depth >= deepestCompound || this.#room < 0) {
      if (!mentionsFirewall(body.text) && !this.#calls(body.text)) return undefined;
      return this.#notFollowed(at, 'whether and how often this function runs is not known');
    }
    const before = this.#variables.parameters;
    const saved = this.#variables.save();
    this.#variables.parameters = parameters;
    const status = this.run(body, depth + 1);
    this.#variables.parameters = before;
    for (const [, list = ''] of body.text.matchAll(/\blocal\s+([^;\n&|]*)/g))
      for (const [name] of list.matchAll(/(?<![\w="'$])[A-Za-z_]\w*/g)) this.#variables.putBack(name, saved);
    // `return` ends the function alone.
    if (this.#returned) this.#ended = false;
    this.#returned = false;
    return status;
  }

  /** A compound command: nothing of it is followed. */
  #skip({ at, text, what }: OpaqueStep, script: PlacedText): void {
    const why = `${what} is not followed`;
    const place = shift(at, script);
    this.opaque.push({ at: place, why });
    if (mentionsFirewall(text) || this.#calls(text)) {
      this.builder.notFollowed(place, why);
      this.calls.push({ program: /ip6?tables|nft/.exec(text)?.[0] ?? 'iptables', at: place });
    }
    for (const [name] of [...this.#variables.entries()])
      if (text.includes(name)) this.#variables.forget(name);
    for (const [, name] of text.matchAll(/([A-Za-z_]\w*)\+?=/g)) this.#variables.forget(name!);
  }

  #notFollowed(at: Range, why: string): undefined {
    this.opaque.push({ at, why });
    this.builder.notFollowed(at, why);
    return undefined;
  }

  #command(
    command: ShellCommand,
    script: PlacedText,
    conditional: boolean,
    piped: ShellCommand | undefined,
    depth: number,
  ): boolean | undefined {
    const words = command.words.flatMap((word) => this.#arguments(word, script));
    // How many words more there are than are written: a variable may stand for several.
    const more = words.length - command.words.length;
    const at = shift(command.at, script);
    if (command.words.length === 0) {
      this.#assign(command.assignments, conditional, script);
      return true;
    }
    if (words[0] === undefined) return true;
    let first = 0;
    let name = programOf(words[0].text);
    const body = words[0].known ? this.#functions.get(words[0].text) : undefined;
    if (body !== undefined) return this.#callFunction(body, words.slice(1), at, conditional, depth);
    if (name === 'export' || name === 'readonly' || name === 'local') {
      this.#assign(command.words.slice(1), conditional, script);
      return true;
    }
    if (wrappers.has(name)) {
      if (name === 'exec') this.#ended = true;
      first = words.findIndex(
        ({ text }) => isFirewallProgram(programOf(text)) || shells.has(programOf(text)),
      );
      if (first < 0) return undefined;
      name = programOf(words[first]!.text);
    }
    const [program] = words.slice(first);
    const rest = words.slice(first + 1);
    const tool = iptablesTool(name);
    if (program?.known === false) return this.#notFollowed(at, 'which program this calls is not known');
    if (isFirewallProgram(name)) {
      this.calls.push({ program: name, at });
      if (conditional)
        return this.#notFollowed(at, 'whether this runs hangs on the outcome of another command');
    }
    if (tool?.restore) {
      const file = rest.find(({ text }) => !text.startsWith('-'));
      const input = this.#input(command, piped, script, file);
      if (input === undefined) return this.#notFollowed(at, `what ${name} reads is not in this text`);
      const keep = rest.some(({ text }) => text === '-n' || text === '--noflush');
      return applyRestore(this.builder, tool, input.text, input.at, { keep });
    }
    if (tool !== undefined) return applyIptables(this.builder, tool, rest, at);
    if (name === 'nft') return this.#nft(command, rest, at, script, piped);
    if (name === 'ipset') return this.#ipset(command, rest, at, script, piped, conditional);
    if (frontEnds.has(name)) return this.#notFollowed(at, `${name} is not followed`);
    if (shells.has(name) && rest.length === 0 && (piped !== undefined || command.document !== undefined)) {
      return this.#notFollowed(at, 'what this shell reads is not followed');
    }
    if (shells.has(name))
      return this.#shell(
        rest,
        command.words.slice(Math.max(first + 1 - more, 0)),
        at,
        script,
        conditional,
        depth,
      );
    if (name === '.' || name === 'source') return this.#runs(rest[0], at, conditional, depth);
    if (name === 'eval') return this.#notFollowed(at, 'what eval runs is not followed');
    if (name.endsWith('.sh') || this.#findFile(program?.text ?? '') !== undefined) {
      return this.#runs(program, at, conditional, depth);
    }
    if ((name === 'exit' || name === 'return') && !conditional) {
      this.#ended = true;
      this.#returned = name === 'return';
      return rest.length === 0 || !rest[0]!.known ? undefined : rest[0]!.text === '0';
    }
    if (name === '[' || name === 'test') return evaluateTest(name === '[' ? rest.slice(0, -1) : rest);
    if (name === 'shift' && !conditional) {
      const count = rest[0] === undefined ? 1 : Number(rest[0].text);
      this.#variables.parameters = this.#variables.parameters?.slice(count || 1);
      return true;
    }
    if (name === 'set' && rest.some(({ text }) => !/^[-+]/.test(text) || text === '--'))
      this.#variables.parameters = undefined;
    if (name === 'read' || name === 'getopts' || name === 'unset')
      for (const { text } of rest) this.#variables.forget(text);
    if (name === 'false') return false;
    return preparing.has(name) ? true : undefined;
  }

  /** Sets that rules ask for. */
  #ipset(
    command: ShellCommand,
    rest: readonly Argument[],
    at: Range,
    script: PlacedText,
    piped: ShellCommand | undefined,
    conditional: boolean,
  ): boolean | undefined {
    if (conditional || rest.some(({ known }) => !known))
      return this.#notFollowed(at, 'what this does to sets of ipset is not known');
    const words = rest.map(({ text }) => text).filter((word) => word !== '-exist' && word !== '-!');
    if (words[0] !== 'restore' && words[0] !== '-R') {
      const done = applyIpset(this.builder, words, at);
      return words.length < rest.length && done === false ? true : done;
    }
    const input = this.#input(command, piped, script, undefined);
    if (input === undefined) return this.#notFollowed(at, 'what ipset reads is not in this text');
    applyIpsetText(this.builder, input.text, input.at);
    return true;
  }

  #nft(
    command: ShellCommand,
    rest: readonly Argument[],
    at: Range,
    script: PlacedText,
    piped: ShellCommand | undefined,
  ): boolean | undefined {
    const file = rest.findIndex(({ text }) => text === '-f' || text === '--file');
    if (file < 0) return applyNft(this.builder, rest, at);
    const source = rest[file + 1];
    const stdin = source?.text === '-' || source?.text === '/dev/stdin';
    const input = this.#input(command, piped, script, stdin ? undefined : source);
    if (input === undefined) return this.#notFollowed(at, 'what nft reads is not in this text');
    return applyNftText(this.builder, input.text, input.at);
  }

  /** `sh -c 'script'`: followed when the script is one word without expansions; `sh FILE`. */
  #shell(
    rest: readonly Argument[],
    words: readonly ShellWord[],
    at: Range,
    script: PlacedText,
    conditional: boolean,
    depth: number,
  ): boolean | undefined {
    const option = words.findIndex(({ text }) => /^-[a-z]*c$/.test(text));
    if (option < 0) {
      const file = rest.find(({ text }) => !text.startsWith('-'));
      return file === undefined ? undefined : this.#runs(file, at, conditional, depth);
    }
    const inner = placed(words[option + 1], script);
    if (inner !== undefined && !mentionsFirewall(inner.text)) return undefined;
    return this.#runText(inner, at, conditional, depth);
  }

  /** Runs a file. */
  #runs(file: Argument | undefined, at: Range, conditional: boolean, depth: number): boolean | undefined {
    return this.#runText(file?.known ? this.#findFile(file.text) : undefined, at, conditional, depth);
  }

  #runText(
    inner: PlacedText | undefined,
    at: Range,
    conditional: boolean,
    depth: number,
  ): boolean | undefined {
    if (inner === undefined || conditional || depth >= deepestShell) {
      return this.#notFollowed(at, 'what this runs is not in this text');
    }
    const ended = this.#ended;
    const status = this.run(inner, depth + 1);
    this.#ended = ended;
    return status;
  }

  /** What a command reads: a file, its own here-document, or what `cat`, `echo` or `printf` pipe into it. */
  #input(
    command: ShellCommand,
    piped: ShellCommand | undefined,
    script: PlacedText,
    file: Argument | undefined,
  ): PlacedText | undefined {
    const source = file ?? (command.input && this.#argument(command.input, script));
    if (source !== undefined) return source.known ? this.#findFile(source.text) : undefined;
    const name = programOf(piped?.words[0]?.text ?? '');
    const document = command.document ?? (name === 'cat' ? piped?.document : undefined);
    if (document !== undefined) {
      return document.literal ? { text: document.text, at: document.at.start + script.at } : undefined;
    }
    if (piped === undefined || piped.words.length !== 2) return undefined;
    const [, word] = piped.words as [ShellWord, ShellWord];
    if (name === 'cat') return this.#findFile(this.#argument(word, script).text);
    return name === 'echo' || name === 'printf' ? placed(word, script) : undefined;
  }

  /** Variables with a plain value are known from here on. */
  #assign(words: readonly ShellWord[], conditional: boolean, script: PlacedText): void {
    for (const word of words) {
      const { text, known } = this.#variables.expandOne(word, true);
      this.#noteAssumed(word, script);
      const equals = text.indexOf('=');
      if (equals < 0) continue;
      const name = text.slice(0, equals);
      if (known && !conditional) this.#variables.set(name, text.slice(equals + 1));
      else this.#variables.forget(name);
    }
  }

  /** Says of a default that it holds only where the environment does not set the variable. */
  #noteAssumed(word: ShellWord, script: PlacedText): void {
    for (const name of this.#variables.assumed)
      this.opaque.push({ at: shift(word.at, script), why: `${name} is taken not to be in the environment` });
    this.#variables.assumed.clear();
  }

  #arguments(word: ShellWord, script: PlacedText): Argument[] {
    const at = shift(word.at, script);
    const words = this.#variables.expand(word).map((one) => ({ ...one, at }));
    this.#noteAssumed(word, script);
    return words;
  }

  #argument(word: ShellWord, script: PlacedText): Argument {
    return { ...this.#variables.expandOne(word), at: shift(word.at, script) };
  }
}
