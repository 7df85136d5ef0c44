import { parametersOf } from '../event-types.ts';
import { integerOf } from '../integer.ts';
import type { ThreadRecord } from '../raw-event.ts';
import { threadRecord } from '../state/snapshot.ts';
import type { Thread } from '../state/thread.ts';
import type { SystemEvent } from '../system-event.ts';
import { ByteWriter } from './byte-writer.ts';
import { crc32 } from './crc32.ts';
import type { RecordingItem } from './item.ts';
import { RecordedMachine } from './recorded-machine.ts';
import { writeThread } from './thread-record.ts';

/**
 * Yields a recording with only those events for which `keep` holds, so that they say the same as in the whole: before each stand the
 * threads that it is about as they were, where they are not known from before. What could not be read becomes a loss at its place.
 */
export function* cutItems(
  items: Iterable<RecordingItem>,
  keep: (event: SystemEvent) => boolean,
): Generator<RecordingItem> {
  const machine = new RecordedMachine();
  const known = new KnownThreads();
  for (const item of items) {
    const threadBefore = item.kind === 'event' ? machine.thread(item.raw.tid) : undefined;
    // What an event changes twice is the same as once, but for a directory below the one before.
    const directory = threadBefore?.cwd;
    const event = machine.take(item);
    if (item.kind === 'fault') yield unreadable;
    else if (item.kind === 'start') {
      known.clear();
      yield item;
    } else if (event === undefined) {
      if (item.kind !== 'thread') yield item;
    } else if (keep(event)) {
      for (const thread of about(event)) {
        const record = threadRecord(thread);
        const own =
          thread === event.thread && directory !== undefined ? { ...record, cwd: directory } : record;
        if (known.isNews(own)) yield { kind: 'thread', thread: own };
      }
      yield item;
      if (removing.has(event.typeName)) known.forget(event.thread.tid);
      else known.isNews(threadRecord(event.thread));
    }
  }
}

/** Yields the items of a recording as they are to be written: what could not be read becomes a loss at its place. */
export function* wholeItems(items: Iterable<RecordingItem>): Generator<RecordingItem> {
  for (const item of items) yield item.kind === 'fault' ? unreadable : item;
}

/** Events that take something away once their fields have been asked. */
const removing: ReadonlySet<string> = new Set(['close', 'procexit']);

const unreadable: RecordingItem = {
  kind: 'lost',
  where: 'recorder',
  counts: new Map([['parts that could not be read', 1]]),
};

/** The threads that fields of an event may ask for. */
function about(event: SystemEvent): ReadonlySet<Thread> {
  const { thread, processes, raw } = event;
  const found = new Set<Thread>();
  const add = (tid: number | undefined) => {
    const other = tid === undefined ? undefined : processes.thread(tid);
    if (other !== undefined) found.add(other);
  };
  for (const one of [...processes.ancestors(thread), processes.thread(thread.pid), thread]) {
    if (one === undefined) continue;
    found.add(one);
    for (const tid of [one.pid, one.sid, one.pgid, one.vpgid]) add(tid);
    for (const ancestor of processes.ancestors(one)) found.add(ancestor);
  }
  for (const [index, { kind }] of parametersOf(raw.type).entries())
    if (kind === 'pid') add(integerOf(raw.params[index]));
  return found;
}

/** What the part that was kept so far says of threads. */
class KnownThreads {
  readonly #sums = new Map<number, string>();
  readonly #scratch = new ByteWriter(4096);

  clear(): void {
    this.#sums.clear();
  }

  forget(tid: number): void {
    this.#sums.delete(tid);
  }

  /** Takes in what is said of a thread; returns whether that is something else than before. */
  isNews(record: ThreadRecord): boolean {
    const to = this.#scratch;
    to.at = 0;
    writeThread(to, record);
    const sum = `${to.at} ${crc32(to.bytes, 0, to.at)}`;
    const isNews = this.#sums.get(record.tid) !== sum;
    this.#sums.set(record.tid, sum);
    return isNews;
  }
}
