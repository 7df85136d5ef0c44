import type { Range } from '../manifest/locations.ts';
import { applyIpset, applyIpsetText, type Ipsets } from './ipset.ts';
import { applyIptables, iptablesTool } from './iptables.ts';
import { applyRestore } from './iptables-restore.ts';
import type { Argument } from './iptables-rule.ts';
import { applyNft, applyNftText } from './nft.ts';
import type { OpaquePart } from './ruleset.ts';
import { RulesetBuilder } from './ruleset-builder.ts';
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
import { type OpaqueStep, type ShellCommand, splitShell } from './shell.ts';
import type { ShellWord } from './shell-token.ts';

const deepestShell = 3;

/**
 * Reads a shell script as a packet filter: follows its calls of iptables, ip6tables, their -restore, and nft, in order.
 * Never throws. What it does not follow and could change rules makes the whole ruleset unknown. Files that it reads or
 * runs are followed when `findFile` has them.
 */
export function readFirewallScript(
  text: string,
  findFile: FindFile = () => undefined,
  { runs = 1, onCall, ipsets }: FollowOptions = {},
): FirewallScript {
  const reader = new ScriptReader(findFile, onCall, ipsets);
  for (let run = 1; run <= runs; run++) reader.begin({ text, at: 0 }, run);
  const { builder, opaque, calls } = reader;
  return { ruleset: builder.ruleset, problems: builder.problems, opaque, calls };
}

class ScriptReader {
  readonly builder: RulesetBuilder;
  readonly opaque: OpaquePart[] = [];
  readonly calls: FirewallCall[] = [];
  readonly #findFile: FindFile;
  readonly #onCall: FollowOptions['onCall'];
  readonly #variables = new Map<string, string>();
  #ended = false;
  #run = 1;

  constructor(findFile: FindFile, onCall: FollowOptions['onCall'], ipsets: Ipsets | undefined) {
    this.builder = new RulesetBuilder(ipsets);
    this.#findFile = findFile;
    this.#onCall = onCall;
  }

  /** Runs the whole script, over what earlier runs have left. */
  begin(script: PlacedText, run: number): void {
    this.#variables.clear();
    this.#ended = false;
    this.#run = run;
    this.run(script, 0);
  }

  run(script: PlacedText, depth: number): boolean | undefined {
    let status: boolean | undefined = true;
    let before: ShellCommand | undefined;
    for (const step of splitShell(script.text)) {
      if (this.#ended) break;
      const skips = (step.joint === 'and' && status === false) || (step.joint === 'or' && status === true);
      if (skips) continue;
      const conditional = status === undefined && (step.joint === 'and' || step.joint === 'or');
      if (step.kind === 'opaque') {
        this.#skip(step, script);
        status = undefined;
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

  /** A compound command: nothing of it is followed. */
  #skip({ at, text, what }: OpaqueStep, script: PlacedText): void {
    const why = `${what} is not followed`;
    const place = shift(at, script);
    this.opaque.push({ at: place, why });
    const tools = [...this.#variables].filter(([, value]) => mentionsFirewall(value)).map(([name]) => name);
    if (
      mentionsFirewall(text) ||
      tools.some((name) => text.includes(`$${name}`) || text.includes(`\${${name}`))
    ) {
      this.builder.notFollowed(place, why);
      this.calls.push({ program: /ip6?tables|nft/.exec(text)?.[0] ?? 'iptables', at: place });
    }
    for (const name of this.#variables.keys()) if (text.includes(name)) this.#variables.delete(name);
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
    const words = command.words.map((word) => this.#argument(word, script));
    const at = shift(command.at, script);
    if (command.words.length === 0) {
      this.#assign(command.assignments, conditional, script);
      return true;
    }
    let first = 0;
    let name = programOf(words[0]!.text);
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
      return this.#shell(rest, command.words.slice(first + 1), at, script, conditional, depth);
    if (name === '.' || name === 'source') return this.#runs(rest[0], at, conditional, depth);
    if (name === 'eval') return this.#notFollowed(at, 'what eval runs is not followed');
    if (name.endsWith('.sh') || this.#findFile(program?.text ?? '') !== undefined) {
      return this.#runs(program, at, conditional, depth);
    }
    if (name === 'exit' && !conditional) this.#ended = true;
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
      const { text, known } = this.#argument(word, script);
      const equals = text.indexOf('=');
      if (equals < 0) continue;
      const name = text.slice(0, equals);
      if (known && !conditional) this.#variables.set(name, text.slice(equals + 1));
      else this.#variables.delete(name);
    }
  }

  #argument(word: ShellWord, script: PlacedText): Argument {
    const at = shift(word.at, script);
    let text = '';
    let known = true;
    for (const part of word.parts) {
      if (part.kind === 'text') text += part.text;
      const value = part.kind === 'variable' ? this.#variables.get(part.name) : undefined;
      // Without quotes the shell splits the value at blanks.
      if (part.kind === 'variable' && value !== undefined && (part.quoted || /^[^\s*?[]+$/.test(value)))
        text += value;
      else if (part.kind !== 'text') known = false;
    }
    return { text: known ? text : word.text, at, known };
  }
}
