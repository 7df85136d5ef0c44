import type { Flow } from '../flow.ts';

/**
 * What became of one record of a log. A reason is one of a few fixed texts, never built from the input: counts are kept by it.
 * skipped: whole and well, but no flow (an alert, an interval without traffic). problem: a flow that could not be read.
 * header: a line that is about the log itself.
 */
export type LogResult =
  | { readonly kind: 'flow'; readonly flow: Flow }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'problem'; readonly reason: string }
  | { readonly kind: 'header' };

/** What a reader knows of where a record stands. */
export interface LogPlace {
  /** Name of the file, kept as the flow's exporter. */
  readonly name: string;
  /** Number of the record: its line, counted from 1, or its index in a JSON list. */
  readonly number: number;
}

/** Reads the records of one log in their order: what headers said holds for what follows. Never throws. */
export interface LogReader {
  /** `record`: one line of text without its end, or for a format of objects what JSON.parse made of it. */
  read(record: unknown, place: LogPlace): LogResult;
}

/** A log of flows that some tool writes. One file exports one of these; `registry.ts` lists it. */
export interface FlowLogFormat {
  /** As in `Observation.by`, and on the command line. */
  readonly id: string;
  readonly title: string;
  /** Whether a record is a line of text, or an object in JSON: one a line, or all of them in a list. */
  readonly form: 'line' | 'object';
  /** Its records count one way only; `join-one-way.ts` joins them. */
  readonly isOneWay?: true;
  /** Whether this first line (or object) that says anything can only be of this format. */
  recognizes(record: unknown): boolean;
  open(): LogReader;
}

export const header: LogResult = { kind: 'header' };

export function skipped(reason: string): LogResult {
  return { kind: 'skipped', reason };
}

export function problem(reason: string): LogResult {
  return { kind: 'problem', reason };
}

/** Reasons that several formats share. */
export const reasons = {
  notJson: 'not JSON',
  notObject: 'not a JSON object',
  tooLong: 'longer than a record may be',
  cut: 'cut off before its end',
  noAddress: 'no address of one end, or none that can be read',
  noProtocol: 'no protocol that is known',
  noTime: 'no time that can be read',
  noPort: 'a port that is none',
} as const;
