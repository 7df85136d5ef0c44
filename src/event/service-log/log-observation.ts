import type { Address } from '../../net/address.ts';

/**
 * What a line of a service's log tells of somebody. `failed` and `succeeded`: of logging in. `refused`: a packet that a firewall did not let
 * through. `request`: one that says nothing of logging in.
 */
export type LogOutcome = 'failed' | 'succeeded' | 'refused' | 'request';

/** Where a packet was meant to go. */
export interface LogTarget {
  readonly address: Address;
  readonly port: number;
  /** IP protocol number. */
  readonly protocol: number;
}

/** One thing that somebody did at a service, as the service's log tells it. All texts are bounded. */
export interface LogObservation {
  /** Event time, ms since the epoch. */
  readonly at: number;
  /** What told of it; one of few fixed texts, e.g. `ssh`. */
  readonly service: string;
  /** Who did it. */
  readonly source: Address;
  readonly sourcePort?: number;
  /** Declared name of the source, where it has one; set by who knows it. */
  readonly sourceName?: string;
  readonly outcome: LogOutcome;
  /** How often, when the log folded repeats into one line; once when absent. */
  readonly count?: number;
  /** Name that was used to log in, as the client sent it. */
  readonly user?: string;
  /** How somebody logged in, e.g. `password`, `publickey`. */
  readonly method?: string;
  /** The machine whose log it is, where the line names it. */
  readonly host?: string;
  readonly target?: LogTarget;
  /** Whether a firewall sent a refusal back, instead of leaving the packet unanswered. */
  readonly isRejected?: boolean;
  /** Status of an answer in HTTP (RFC 9110 §15), method and path of the request. */
  readonly status?: number;
  readonly verb?: string;
  readonly path?: string;
}

const maxName = 64;
const maxPath = 256;

/** Returns a name out of a log as it is kept: at most 64 characters, control characters as `?`. */
export function boundedName(text: string): string {
  return bounded(text, maxName);
}

/** Returns a path out of a log as it is kept: at most 256 characters, control characters as `?`. */
export function boundedPath(text: string): string {
  return bounded(text, maxPath);
}

function bounded(text: string, most: number): string {
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return short.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '?');
}
