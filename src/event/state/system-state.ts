import { eventTypeNumber, eventTypes, parameterIndex } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import type { Observed, RawEvent, ThreadRecord } from '../raw-event.ts';
import { SystemEvent } from '../system-event.ts';
import { type Descriptor, recordedDescriptor } from './descriptor.ts';
import { openedPath } from './opened-path.ts';
import type { ProcessTable, Surroundings } from './process-table.ts';
import { recordedThread, Thread } from './thread.ts';
import { descriptorUpdates } from './updates/descriptor-updates.ts';
import { taskUpdates } from './updates/task-updates.ts';
import { byType, type Tables } from './updates/update.ts';

/** How much is kept. What is more pushes out the oldest, and is counted. */
export interface StateLimits {
  readonly threads: number;
  /** Of one process. */
  readonly descriptors: number;
}

const defaultLimits: StateLimits = { threads: 262_144, descriptors: 4096 };

const updates = byType([...descriptorUpdates, ...taskUpdates]);

/** Threads and descriptors as the events so far leave them. */
export class SystemState implements ProcessTable, Tables {
  readonly surroundings: Surroundings;
  /** Threads that were pushed out because the table was full. */
  evictedThreads = 0;
  evictedDescriptors = 0;
  /** Events of threads that nothing had told of. */
  unknownThreads = 0;
  readonly #limits: StateLimits;
  readonly #threads = new Map<number, Thread>();
  /** What an event takes away, once its fields have been asked. */
  #pending: (() => void) | undefined;
  #number = 0;

  constructor(surroundings: Surroundings, limits: StateLimits = defaultLimits) {
    this.surroundings = surroundings;
    this.#limits = limits;
  }

  get threadCount(): number {
    return this.#threads.size;
  }

  /** Takes in a process that was there before. */
  seed(record: ThreadRecord): void {
    const thread = recordedThread(record);
    const other = record.sharesWith === undefined ? undefined : this.#threads.get(record.sharesWith);
    if (other !== undefined) thread.descriptors = other.descriptors;
    this.add(thread);
  }

  /** All threads, the oldest first, as they are before the next event; the event before it is no longer valid. */
  threads(): IterableIterator<Thread> {
    this.#pending?.();
    this.#pending = undefined;
    return this.#threads.values();
  }

  thread(tid: number): Thread | undefined {
    return this.#threads.get(tid);
  }

  /** The thread that started the process of another one. */
  parentOf(thread: Thread): Thread | undefined {
    const parent = this.#threads.get(thread.ptid);
    return parent === thread ? undefined : parent;
  }

  /** Yields parent, grandparent and so on; a loop among them ends it. */
  *ancestors(thread: Thread): Generator<Thread> {
    let current = this.parentOf(thread);
    for (let depth = 0; current !== undefined && depth < 100; depth++) {
      yield current;
      current = this.parentOf(current);
    }
  }

  /** Returns the event with what it is about, and changes the tables by it. `number` counts from 1 unless given. */
  apply(raw: RawEvent, number: number = this.#number + 1): SystemEvent {
    this.#pending?.();
    this.#pending = undefined;
    this.#number = number;
    const thread = this.#threads.get(raw.tid) ?? this.#unknown(raw.tid);
    updates[raw.type]?.(this, raw, thread);
    const fd = fdOf(raw);
    if (raw.observed !== undefined) this.#look(raw, raw.observed, thread, fd);
    if (fd === undefined || fd < 0) {
      // A file that could not be opened is told by -1, whatever the error was.
      const told = fd !== undefined && opening.has(raw.type) ? -1 : fd;
      const seen = fd === undefined ? raw.observed?.descriptor : undefined;
      return new SystemEvent(number, raw, thread, told, seen && recordedDescriptor(seen), this);
    }
    return new SystemEvent(number, raw, thread, fd, thread.descriptors.get(fd), this);
  }

  add(thread: Thread): void {
    this.#threads.delete(thread.tid);
    if (this.#threads.size >= this.#limits.threads) {
      this.#threads.delete(this.#threads.keys().next().value as number);
      this.evictedThreads++;
    }
    this.#threads.set(thread.tid, thread);
  }

  remove(tid: number): void {
    this.#threads.delete(tid);
  }

  open(thread: Thread, fd: number, opened: Descriptor): void {
    const { descriptors } = thread;
    descriptors.delete(fd);
    if (descriptors.size >= this.#limits.descriptors) {
      descriptors.delete(descriptors.keys().next().value as number);
      this.evictedDescriptors++;
    }
    descriptors.set(fd, opened);
  }

  afterwards(action: () => void): void {
    this.#pending = action;
  }

  /** Takes over what the sensor saw, which is surer than what follows from earlier events. */
  #look(raw: RawEvent, observed: Observed, thread: Thread, fd: number | undefined): void {
    const { session, group, namespacePid, namespaceTid, descriptor: seen } = observed;
    if (session !== undefined) thread.sid = session;
    if (group !== undefined) thread.pgid = group;
    if (namespacePid !== undefined) thread.vpid = namespacePid;
    if (namespaceTid !== undefined) thread.vtid = namespaceTid;
    if (seen === undefined || fd === undefined || fd < 0) return;
    const looked = recordedDescriptor(seen);
    const path = openedPath(raw, thread);
    const known = thread.descriptors.get(fd);
    const role = looked.role ?? (known?.name === looked.name ? known.role : undefined);
    this.open(thread, fd, path === undefined ? { ...looked, role } : { ...looked, ...path });
  }

  #unknown(tid: number): Thread {
    this.unknownThreads++;
    const thread = new Thread(tid);
    this.add(thread);
    return thread;
  }
}

/** The descriptor that an event is about. */
function fdOf({ type, params }: RawEvent): number | undefined {
  const index = fdIndex[type] as number;
  return index < 0 ? undefined : integerOf(params[index]);
}

const fdIndex: Int8Array = Int8Array.from(eventTypes, (name, type) => {
  const own = parameterIndex(type, 'fd');
  if (own !== undefined) return own;
  return ['dup', 'dup2', 'dup3', 'eventfd', 'eventfd2', 'timerfd_create', 'signalfd'].includes(name) ? 0 : -1;
});

const opening: ReadonlySet<number> = new Set(
  ['open', 'openat', 'openat2', 'creat'].map((name) => eventTypeNumber(name) as number),
);
