import type { Io } from './io.ts';

/** 0 clean; 1 problems found; 2 the command was used wrongly; 3 Picket itself could not do it. */
export const ExitCode = { clean: 0, problems: 1, usage: 2, failed: 3 } as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The user asked for something that makes no sense; printed with its help, exit code 2. */
export class UsageError extends Error {
  readonly help: string | undefined;
  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

/** Picket could not do what was asked; printed with its help, exit code 3. */
export class FailedError extends Error {
  readonly help: string | undefined;
  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

/** One option of a command, in commander's flag syntax. */
export interface OptionDefinition {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean;
  /** The option may be given several times; its value is the list. */
  readonly repeatable?: boolean;
}

/** What the user typed. */
export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** Every command there is, for completion. */
  readonly commands: readonly CommandDefinition[];
  readonly groups: readonly CommandGroup[];
}

/** One command: one file under commands/ exports one of these; what is heavy is imported inside `run`. */
export interface CommandDefinition {
  /** Two words for a command of a group, e.g. `rules check`. */
  readonly name: string;
  /** Arguments in commander's syntax, e.g. `[paths...]`. */
  readonly arguments?: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph for the command's own help. */
  readonly description: string;
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly { readonly command: string; readonly does: string }[];
  run(invocation: Invocation, io: Io): Promise<ExitCode>;
}

/** Commands that share a first word. */
export interface CommandGroup {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph for the group's own help. */
  readonly description: string;
}

/** The option that chooses the form of the result. */
export function outputOption(...forms: readonly [string, ...string[]]): OptionDefinition {
  return {
    flags: '-o, --output <form>',
    description: 'form of the result',
    choices: forms,
    default: forms[0],
  };
}
