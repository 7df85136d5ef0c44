import type { AlertRecord } from './alert-record.ts';

/** What comes next: a record, or a stretch of numbers whose records are lost. */
export type SpoolItem =
  | { readonly kind: 'record'; readonly sequence: number; readonly record: AlertRecord }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number };

/** A record that its receiver will never take. */
export interface DeadLetter {
  /** ms since the epoch. */
  readonly at: number;
  readonly reason: string;
  readonly record: AlertRecord;
}

export interface SpoolState {
  /** Records not yet acknowledged. */
  readonly waiting: number;
  /** That these take. */
  readonly waitingBytes: number;
  /** Records lost since start: pushed out by newer ones, too large, or damaged. */
  readonly dropped: number;
  /** Records set aside since start. */
  readonly deadLettered: number;
  /** Failures of the disk since start. Records that it does not take wait in memory, up to a bound. */
  readonly diskErrors: number;
  readonly lastDiskError?: string;
}

/**
 * Keeps records in order until they are acknowledged. Bounded: the oldest are dropped and counted, and come out as a gap at
 * their place. Never throws for a full or broken disk.
 */
export interface Spool {
  /** Of this spool, over all its lives. */
  readonly id: string;
  append(record: AlertRecord): void;
  /** The first item not yet acknowledged; the same one until it is. */
  peek(): SpoolItem | undefined;
  /** Says that everything up to and with this number is done. */
  acknowledge(sequence: number): void;
  /** Keeps the record out of the way; it is to be acknowledged besides. */
  setAside(letter: DeadLetter): void;
  state(): SpoolState;
  /** Brings to the disk's own memory what was written since the last time; resolves when it is there, or told as an error. */
  sync(): Promise<void>;
  close(): void;
}
