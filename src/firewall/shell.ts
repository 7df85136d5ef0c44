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
}

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
    this.#at++;
    if (this.#textAt() === '(') this.#at += 2;
    while (this.#textAt() === '\n') this.#at++;
    this.#compound(start, 'a function');
  }

  /** Skips to the end of the compound command that begins here. */
  #compound(start: number, what: string): void {
    const ends: string[] = [];
    let commandNext = true;
    let end = start;
    do {
      const name = this.#textAt();
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
    while (isRedirect(this.#textAt())) this.#at += 2;
    this.#opaque(start, end, ends.length > 0 ? `${what} that does not end` : what);
  }

  #textAt(): string {
    return reservedText(this.#tokens[this.#at]);
  }

  #opaque(start: number, end: number, what: string): void {
    const text = this.#text.slice(start, end);
    this.#steps.push({ kind: 'opaque', joint: this.#joint, at: { start, end }, what, text });
  }
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
