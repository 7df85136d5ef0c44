import type { EventSource } from './field.ts';

/** Events that were written down, of one source, as rules are asked of them. */
export interface RecordedEvents<E> {
  readonly source: EventSource<E>;
  /** Nanoseconds since the epoch. */
  timeOf(event: E): bigint;
  /** In their order, from the first on; each is valid until the next one is taken. */
  events(): Iterable<E>;
}

/** What all events have that can be recorded. */
export interface NumberedRecord {
  /** From 1; what `--event` means. */
  readonly number: number;
}
