import type { NumberedRecord, RecordedEvents } from '../../event/recorded-events.ts';
import type { RecordingItem } from '../../event/recording/item.ts';
import { RecordedMachine } from '../../event/recording/recorded-machine.ts';
import { syscallSource } from '../../event/syscall-source.ts';
import type { SystemEvent } from '../../event/system-event.ts';

/** What is told of one recording; the rest is counted. */
const maxTold = 20;

/** The events of a recording, and how one of them is called in a line of text. */
export interface NamedEvents<E> extends RecordedEvents<E> {
  describe(event: E): string;
}

/** A recording, of whatever source. */
export interface Recording {
  readonly name: string;
  readonly hostname: string | undefined;
  /** Events gone through the last time; all of them once they have come to their end. */
  readonly count: number;
  /** Returns what `use` makes of the events, which are of a type that only it need not know. */
  visit<R>(use: <E extends NumberedRecord>(events: NamedEvents<E>) => R): R;
  /** What a recording of system events consists of, from its beginning; undefined for other sources. */
  readonly items?: () => Generator<RecordingItem>;
}

/** Gets what could not be read, or was lost when it was recorded, where it is missing. */
export type TellProblem = (kind: 'not read' | 'lost', text: string) => void;

/**
 * A recording of system events, each with the processes as they were at the time. Problems are told the first time that its events
 * are gone through.
 */
export function systemRecording(
  name: string,
  hostname: string | undefined,
  items: () => Generator<RecordingItem>,
  tell: TellProblem,
): Recording {
  let [count, isTold] = [0, false];
  function* events(): Generator<SystemEvent> {
    const machine = new RecordedMachine();
    const problems = new Problems(isTold ? () => {} : tell);
    isTold = true;
    count = 0;
    for (const item of items()) {
      const event = machine.take(item);
      if (event !== undefined) {
        count++;
        yield event;
      } else problems.take(item, count);
    }
    problems.end();
  }
  const named: NamedEvents<SystemEvent> = {
    source: syscallSource,
    timeOf: ({ raw }) => raw.time,
    events,
    describe: ({ typeName, thread }) => `${typeName} by ${thread.comm || '<NA>'} (${thread.pid})`,
  };
  return {
    name,
    hostname,
    get count() {
      return count;
    },
    visit: (use) => use(named),
    items,
  };
}

/** Tells what items say of events that are missing. */
class Problems {
  readonly #tell: TellProblem;
  #count = 0;

  constructor(tell: TellProblem) {
    this.#tell = tell;
  }

  /** `after`: events before the item. */
  take(item: RecordingItem, after: number): void {
    if (item.kind !== 'fault' && item.kind !== 'lost') return;
    if (++this.#count > maxTold) return;
    if (item.kind === 'fault') this.#tell('not read', `at byte ${item.offset}: ${item.message}`);
    else {
      const which = [...item.counts].map(([type, lost]) => `${type} ${lost}`).join(', ');
      const why =
        item.where === 'before' ? 'the kernel had no room for events' : 'events could not be recorded';
      const events = `${after} event${after === 1 ? '' : 's'}`;
      this.#tell('lost', `after ${events}: ${why}: ${which}; rules may have missed something`);
    }
  }

  end(): void {
    if (this.#count > maxTold) this.#tell('not read', `${this.#count - maxTold} more problems like these`);
  }
}
