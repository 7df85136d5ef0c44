import type { Range } from '../manifest/locations.ts';
import { lexShell } from './shell-lexer.ts';
import type { HereDocument, ShellOperator, ShellToken, ShellWord } from './shell-token.ts';

/** How a step hangs on the one before it. */
export type Joint = 'sequence' | 'and' | 'or' | 'pipe';

/** A simple command. Redirections are left out, except for what it reads. */
export interface ShellCommand {
  readonly kind: 'command';
  readonly joint: Joint;
  /** `! command`. */
  readonly negated: boolean;
  /** `NAME=value` before the command, or alone. */
  readonly assignments: readonly ShellWord[];
  readonly words: readonly ShellWord[];
  readonly document?: HereDocument;
  /** The file of `< file`. */
  readonly input?: ShellWord;
  readonly at: Range;
}

/** A stretch of the script that is not followed. */
export interface OpaqueStep {
  readonly kind: 'opaque';
  readonly joint: Joint;
  readonly at: Range;
  /** E.g. `a for loop`. */
  readonly what: string;
  readonly text: string;
  /** Its parts, for who follows it all the same; absent where it is not that plain. */
  readonly compound?: Compound;
}

/** What a compound command is made of; bodies are stretches of the text. */
export type Compound =
  | { readonly kind: 'group' | 'subshell'; readonly body: Range }
  | { readonly kind: 'function'; readonly name: string; readonly body: Range }
  /** Over the positional parameters where no words are said. */
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly words?: readonly ShellWord[];
      readonly body: Range;
    }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Range; readonly body: Range }[];
      readonly otherwise?: Range;
    };

export type ShellStep = ShellCommand | OpaqueStep;

/** What begins a compound command: what ends it, and its name. */
const compounds: Readonly<Record<string, readonly [end: string, what: string]>> = {
  if: ['fi', 'an if'],
  for: ['done', 'a for loop'],
  select: ['done', 'a select loop'],
  while: ['done', 'a while loop'],
  until: ['done', 'an until loop'],
  case: ['esac', 'a case'],
  '{': ['}', 'a group'],
  '(': [')', 'a subshell'],
};
const strays = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}', ')']);
const joints: Readonly<Record<string, Joint>> = { '&&': 'and', '||': 'or', '|': 'pipe', '|&': 'pipe' };
/** After these another command begins. */
const beginsCommand = new Set(['then', 'else', 'elif', 'do', '{', '(', '!', 'if', 'while', 'until']);

/**
 * Splits a shell script into simple commands with the places of their words, in the order in which they run
 * (POSIX.1-2024, Shell Command Language, 2.9). Compound commands and function definitions become one opaque step each.
 * Never throws; linear in the text.
 */
export function splitShell(text: string): ShellStep[] {
  return new ShellSplitter(text).run();
}

class ShellSplitter {
  readonly #text: string;
  readonly #tokens: readonly ShellToken[];
  readonly #steps: ShellStep[] = [];
  #at = 0;
  #joint: Joint = 'sequence';

  constructor(text: string) {
    this.#text = text;
    this.#tokens = lexShell(text);
  }

  run(): ShellStep[] {
    for (let token = this.#tokens[0]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === 'word' || token.text === '(' || isRedirect(token.text)) {
        this.#step();
        this.#joint = 'sequence';
        continue;
      }
      this.#at++;
      if (token.text === ')') this.#opaque(token.at.start, token.at.end, 'an unmatched )');
      // A line may end after `&&`, `||` and `|`.
      else if (token.text !== '\n') this.#joint = joints[token.text] ?? 'sequence';
    }
    return this.#steps;
  }

  #step(): void {
    const first = this.#tokens[this.#at]!;
    const name = reservedText(first);
    if (name === 'function') {
      this.#function(first.at.start);
      return;
    }
    if (Object.hasOwn(compounds, name)) {
      this.#compound(first.at.start, compounds[name]![1]);
      return;
    }
    if (strays.has(name)) {
      this.#at++;
      this.#opaque(first.at.start, first.at.end, `an unmatched ${name}`);
      return;
    }
    const [, open, close] = this.#tokens.slice(this.#at, this.#at + 3);
    if (first.kind === 'word' && reservedText(open) === '(' && reservedText(close) === ')') {
      this.#function(first.at.start);
      return;
    }
    this.#command();
  }

  #command(): void {
    const start = this.#tokens[this.#at]!.at.start;
    const assignments: ShellWord[] = [];
    const words: ShellWord[] = [];
    let document: HereDocument | undefined;
    let input: ShellWord | undefined;
    let negated = false;
    let end = start;
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === 'word') {
        this.#at++;
        if (words.length === 0 && reservedText(token) === '!') negated = !negated;
        else if (
          words.length === 0 &&
          /^[A-Za-z_]\w*=/.test(this.#text.slice(token.at.start, token.at.end))
        ) {
          assignments.push(token);
        } else words.push(token);
        end = token.at.end;
      } else if (isRedirect(token.text)) {
        this.#at++;
        if (token.document !== undefined) document = token.document;
        const target = this.#tokens[this.#at];
        if (target?.kind === 'word') {
          this.#at++;
          if (token.text === '<' || token.text === '<<<') input = target;
          end = target.at.end;
        }
      } else if (token.text === '(') {
        this.#compound(start, 'an array or a pattern');
        return;
      } else break;
    }
    const at = { start, end };
    const joint = this.#joint;
    this.#steps.push({
      kind: 'command',
      joint,
      negated,
      assignments,
      words,
      ...(document && { document }),
      ...(input && { input }),
      at,
    });
  }

  /** Skips the name of a function, then its body. */
  #function(start: number): void {
    if (reservedText(this.#tokens[this.#at]) === 'function') this.#at++;
    const name = this.#textAt();
    this.#at++;
    if (this.#textAt() === '(') this.#at += 2;
    while (this.#textAt() === '\n') this.#at++;
    this.#compound(start, 'a function', name);
  }

  /** Skips to the end of the compound command that begins here. */
  #compound(start: number, what: string, functionName = ''): void {
    const ends: string[] = [];
    const marks: Mark[] = [];
    const first = this.#at;
    let commandNext = true;
    let end = start;
    do {
      const name = this.#textAt();
      if (ends.length === 1 && (commandNext || name === ')') && parting.has(name))
        marks.push({ name, index: this.#at });
      if (name === ends.at(-1) && (commandNext || name === ')')) {
        ends.pop();
        commandNext = false;
      } else if ((commandNext || name === '(') && Object.hasOwn(compounds, name)) {
        ends.push(compounds[name]![0]);
        commandNext = beginsCommand.has(name);
      } else if (this.#tokens[this.#at]?.kind === 'operator') commandNext = !isRedirect(name);
      else commandNext &&= beginsCommand.has(name);
      end = this.#tokens[this.#at]?.at.end ?? end;
      this.#at++;
    } while (ends.length > 0 && this.#at < this.#tokens.length);
    // Its redirections belong to it.
    let reads = false;
    while (isRedirect(this.#textAt())) {
      reads ||= this.#textAt().startsWith('<');
      this.#at += 2;
    }
    const isWhole = ends.length === 0 && !reads;
    const compound = isWhole ? compoundOf(this.#tokens, first, marks, what, functionName) : undefined;
    this.#opaque(start, end, ends.length > 0 ? `${what} that does not end` : what, compound);
  }

  #textAt(): string {
    return reservedText(this.#tokens[this.#at]);
  }

  #opaque(start: number, end: number, what: string, compound?: Compound): void {
    const text = this.#text.slice(start, end);
    const at = { start, end };
    this.#steps.push({ kind: 'opaque', joint: this.#joint, at, what, text, ...(compound && { compound }) });
  }
}

/** A word that parts a compound command from within, by the index of its token. */
interface Mark {
  readonly name: string;
  readonly index: number;
}

const parting = new Set(['do', 'done', 'then', 'elif', 'else', 'fi', '}', ')']);

/** Returns the parts of the compound command that begins at the token `first`; undefined for those that are not followed. */
function compoundOf(
  tokens: readonly ShellToken[],
  first: number,
  marks: readonly Mark[],
  what: string,
  functionName: string,
): Compound | undefined {
  const between = (from: number, to: number): Range => ({
    start: tokens[from]!.at.end,
    end: Math.max(tokens[to]!.at.start, tokens[from]!.at.end),
  });
  const last = marks.at(-1);
  if (last === undefined) return undefined;
  const body = between(first, last.index);
  const opening = reservedText(tokens[first]);
  if (what === 'a function')
    return opening === '{' && functionName !== ''
      ? { kind: 'function', name: functionName, body }
      : undefined;
  if (opening === '{') return { kind: 'group', body };
  if (opening === '(' && what === 'a subshell') return { kind: 'subshell', body };
  if (opening === 'for') return forOf(tokens, first, marks, between);
  return opening === 'if' ? ifOf(first, marks, between) : undefined;
}

type Between = (from: number, to: number) => Range;

function forOf(
  tokens: readonly ShellToken[],
  first: number,
  [start, end]: readonly Mark[],
  between: Between,
): Compound | undefined {
  if (start?.name !== 'do' || end?.name !== 'done') return undefined;
  const variable = reservedText(tokens[first + 1]);
  const head = tokens
    .slice(first + 2, start.index)
    .filter((token) => token.kind === 'word' || (token.text !== '\n' && token.text !== ';'));
  const [keyword, ...words] = head;
  if (!/^[A-Za-z_]\w*$/.test(variable) || words.some(({ kind }) => kind !== 'word')) return undefined;
  const body = between(start.index, end.index);
  if (keyword === undefined) return { kind: 'for', variable, body };
  if (reservedText(keyword) !== 'in') return undefined;
  return { kind: 'for', variable, words: words as ShellWord[], body };
}

function ifOf(first: number, marks: readonly Mark[], between: Between): Compound | undefined {
  const branches: { condition: Range; body: Range }[] = [];
  let from = first;
  for (let i = 0; i + 1 < marks.length; i++) {
    const [mark, next] = [marks[i]!, marks[i + 1]!];
    if (mark.name === 'then') {
      branches.push({ condition: between(from, mark.index), body: between(mark.index, next.index) });
    } else if (mark.name === 'elif') from = mark.index;
    else if (mark.name === 'else')
      return { kind: 'if', branches, otherwise: between(mark.index, next.index) };
    else return undefined;
  }
  return branches.length > 0 ? { kind: 'if', branches } : undefined;
}

/** Returns an operator or an unquoted word as it is written, an empty text for anything else. */
function reservedText(token: ShellToken | undefined): string {
  if (token === undefined) return '';
  if (token.kind === 'operator') return token.text;
  return token.quoted || token.parts.length !== 1 ? '' : token.text;
}

function isRedirect(text: ShellOperator['text']): boolean {
  return /[<>]/.test(text);
}
