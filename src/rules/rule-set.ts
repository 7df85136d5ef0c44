import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Condition } from './ast.ts';
import type { Correlation } from './correlation.ts';

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
  /** Further output fields, which a configuration adds. */
  readonly extraFields?: readonly ExtraField[];
}

/** A value among the output fields that the output does not print. */
export interface ExtraField {
  readonly name: string;
  /** An output: `%proc.pid`, or a text with several fields. */
  readonly format: string;
  /** Whether the value is the output's text; else that of its only field. */
  readonly isText: boolean;
}

/** What a set of rules files comes to, in the order in which rules first appear. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly correlations: readonly Correlation[];
  readonly diagnostics: readonly Diagnostic[];
}
