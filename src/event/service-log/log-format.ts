import type { LogEntry } from './log-entry.ts';
import type { LogObservation } from './log-observation.ts';

/** What became of an entry: an observation; nothing that is asked for; or what could not be read. Reasons are fixed texts. */
export type LogResult =
  | { readonly kind: 'observation'; readonly observation: LogObservation }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'problem'; readonly reason: string };

/** Reads the entries of one log, in their order. */
export interface LogParser {
  read(entry: LogEntry): LogResult;
}

/** What one service writes into logs. */
export interface LogFormat {
  readonly id: string;
  readonly title: string;
  /** Whether an entry is one of this service. */
  recognizes(entry: LogEntry): boolean;
  open(): LogParser;
}

/** Returns the result that an entry is of no interest, for a fixed reason. */
export function skipped(reason: string): LogResult {
  return { kind: 'skipped', reason };
}

/** Returns the result that an entry could not be read, for a fixed reason. */
export function problem(reason: string): LogResult {
  return { kind: 'problem', reason };
}

/** Returns the result with what an entry tells. */
export function observed(observation: LogObservation): LogResult {
  return { kind: 'observation', observation };
}
