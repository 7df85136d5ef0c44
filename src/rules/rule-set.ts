import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Condition } from './ast.ts';

/** From the most severe on (syslog). */
export const priorities = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Informational',
  'Debug',
] as const;
export type Priority = (typeof priorities)[number];

/** A rule with everything put into its condition: lists, macros, exceptions, what later files append or override. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  /** Of events: `syscall` when none is written. */
  readonly source: string;
  /** No macro is left in it; what several rules share is the same object. */
  readonly condition: Condition;
  /** As written. */
  readonly output: string;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  /** Whether to warn when the condition holds for many types of events. */
  readonly warnEventTypes: boolean;
  /** Whether the rule asks for a recording while it fires, and how long in ms. */
  readonly capture?: { readonly duration: number | undefined };
}

/** What a set of rules files comes to, in the order in which rules first appear. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly diagnostics: readonly Diagnostic[];
}
