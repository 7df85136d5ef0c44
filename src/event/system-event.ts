import { eventTypes, parameterIndex, parametersOf } from './event-types.ts';
import { integerOf } from './integer.ts';
import type { RawEvent, RawValue } from './raw-event.ts';
import type { Descriptor } from './state/descriptor.ts';
import { failedOpen } from './state/opened-path.ts';
import type { ProcessTable } from './state/process-table.ts';
import type { Thread } from './state/thread.ts';

/** One system event with what it is about, as fields ask for it. Valid until the next event is applied. */
export class SystemEvent {
  readonly number: number;
  readonly raw: RawEvent;
  readonly thread: Thread;
  /** The descriptor that the call is about, by number; undefined when there is none. */
  readonly fd: number | undefined;
  readonly processes: ProcessTable;
  #descriptor: Descriptor | undefined;

  constructor(
    number: number,
    raw: RawEvent,
    thread: Thread,
    fd: number | undefined,
    descriptor: Descriptor | undefined,
    processes: ProcessTable,
  ) {
    this.number = number;
    this.raw = raw;
    this.thread = thread;
    this.fd = fd;
    this.#descriptor = descriptor;
    this.processes = processes;
  }

  /** What the descriptor is; a file that could not be opened has its name all the same. */
  get descriptor(): Descriptor | undefined {
    // Put together here, since most calls that fail are never asked.
    if (this.#descriptor === undefined && this.fd === -1)
      this.#descriptor = failedOpen(this.raw, this.thread);
    return this.#descriptor;
  }

  get typeName(): string {
    return eventTypes[this.raw.type] as string;
  }

  /** The parameter of this name, or undefined. */
  parameter(name: string): RawValue | undefined {
    const index = parameterIndex(this.raw.type, name);
    return index === undefined ? undefined : this.raw.params[index];
  }

  /** A whole number among the parameters, or undefined. */
  integer(name: string): number | undefined {
    return integerOf(this.parameter(name));
  }

  text(name: string): string | undefined {
    const value = this.parameter(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** What the call returned: its result, or the descriptor that it opened. */
  get result(): number | undefined {
    return integerOf(this.raw.params[resultIndex[this.raw.type] as number]);
  }
}

/** Where the result of each type stands; -1 where there is none. */
const resultIndex: Int8Array = Int8Array.from(eventTypes, (_, type) => {
  const [first] = parametersOf(type);
  return first?.name === 'res' || first?.name === 'fd' ? 0 : -1;
});
