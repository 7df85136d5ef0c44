import type { NumberedRecord, RecordedEvents } from '../../event/recorded-events.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';

/** The events of a recording, and how one of them is called in a line of text. */
export interface NamedEvents<E> extends RecordedEvents<E> {
  describe(event: E): string;
}

/** A recording, of whatever source. */
export interface Recording {
  readonly name: string;
  readonly hostname: string | undefined;
  /** Events. */
  readonly count: number;
  /** What could not be read; `where` is e.g. `byte 17` or `line 3`. */
  readonly faults: readonly { readonly where: string; readonly message: string }[];
  /** Returns what `use` makes of the events, which are of a type that only it need not know. */
  visit<R>(use: <E extends NumberedRecord>(events: NamedEvents<E>) => R): R;
}

/** A recording of system events, each with the processes as they were at the time. */
export function systemRecording(
  about: Omit<Recording, 'visit'>,
  events: () => Iterable<SystemEvent>,
): Recording {
  const named: NamedEvents<SystemEvent> = {
    source: syscallSource,
    timeOf: ({ raw }) => raw.time,
    events,
    describe: ({ typeName, thread }) => `${typeName} by ${thread.comm || '<NA>'} (${thread.pid})`,
  };
  return { ...about, visit: (use) => use(named) };
}
