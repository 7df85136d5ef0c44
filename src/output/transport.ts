import type { AlertRecord } from './alert-record.ts';

/** Kinds of outputs, as `falco.yaml` names them. */
export type OutputKind = 'stdout' | 'file' | 'syslog' | 'program' | 'http';

/**
 * The way to one receiver. It sends one record at a time and knows nothing of spools and of trying again: that is
 * {@link Output}. All of them pass `output.conformance.ts`.
 */
export interface Transport {
  readonly kind: OutputKind;
  /** Where to, for people; without credentials. */
  readonly target: string;
  /**
   * Resolves when the receiver has the record, as far as its protocol tells. Rejects otherwise, soon after `signal` aborts too:
   * with {@link RefusedError} when this record can never be sent, with any other error when trying again may help.
   */
  send(record: AlertRecord, signal: AbortSignal): Promise<void>;
  /** Lets go of what it holds open, and opens it anew for the next record: for SIGUSR1. */
  reopen(): void;
  /** Lets go of everything; resolves when children and sockets are gone. */
  close(): Promise<void>;
}

/** The receiver will never take this record, however often it is sent. */
export class RefusedError extends Error {}

/** The receiver says when to try again. */
export class BusyError extends Error {
  /** ms from now. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Which of a record's two forms is sent, as a line. */
export function lineOf(record: AlertRecord, isJson: boolean): string {
  return isJson ? record.json : record.text;
}
