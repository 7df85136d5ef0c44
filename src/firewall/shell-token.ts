import type { Range } from '../manifest/locations.ts';

/** A piece of a word: what stands there, a variable by its name, or an expansion that is not followed. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'variable';
      /** Also `1`, `2`, … `@`, `*` and `#`. */
      readonly name: string;
      readonly quoted: boolean;
      /** Of `${NAME:-text}` and its kin (2.6.2): the sign between name and text, and the text, which is plain. */
      readonly otherwise?: { readonly sign: string; readonly text: string };
    }
  | { readonly kind: 'other' };

/** A word of a command after quote removal (POSIX.1-2024, Shell Command Language, 2.6.7). */
export interface ShellWord {
  readonly kind: 'word';
  /** Its value when all parts are text; expansions stand in it as they are written. */
  readonly text: string;
  readonly parts: readonly WordPart[];
  readonly quoted: boolean;
  readonly at: Range;
  /** Offset of the first character of its value. */
  readonly textAt: number;
}

/** Text that a command reads on its standard input, as a stretch of the script. */
export interface HereDocument {
  readonly text: string;
  readonly at: Range;
  /** False when the shell would expand something in it. */
  readonly literal: boolean;
}

export interface ShellOperator {
  readonly kind: 'operator';
  /** Line ends are `\n`. */
  readonly text: string;
  readonly at: Range;
  /** Of `<<`: where the lexer puts the body when it comes to it. */
  document?: HereDocument;
}

export type ShellToken = ShellWord | ShellOperator;
