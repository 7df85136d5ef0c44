import { basename } from 'node:path';
import type { Process } from '../../flow/flow.ts';
import type { TaskRecord } from '../../flow/kernel-batch.ts';
import type { TaskListener } from './decode.ts';
import { printable, readProcess, startOf, suspendedMs } from './procfs.ts';

/** Task names in the kernel hold at most 15 bytes (TASK_COMM_LEN). */
const commBytes = 15;

/** Slack for the 10 ms steps of start times and the age of the clock comparison. */
const startSlackMs = 30;

/** How many processes are looked up ahead, right after their exec, in one pass; the rest when they open something. */
const eagerLimit = 64;

interface Entry {
  process: Process;
  /** True when /proc told it; false when only the records did. */
  complete: boolean;
}

/** Where tasks are looked up; `startOf` is in milliseconds of the trace clock. */
export interface TaskSource {
  readProcess(tid: number): Process | undefined;
  startOf(tid: number): number | undefined;
}

/** The running kernel's /proc. */
export const procSource: TaskSource = {
  readProcess,
  startOf(tid) {
    const start = startOf(tid);
    // The difference of the two clocks grows whenever the machine sleeps.
    return start === undefined ? undefined : start - suspendedMs();
  },
};

/**
 * Knows the process behind each thread that opens a connection. It is read from /proc at once, and already when it
 * starts a program, since short-lived ones are gone soon; when it is too late, what the exec and fork records told
 * stands in. The table is bounded; the task unused for longest goes first.
 */
export class TaskTable implements TaskListener {
  readonly #entries = new Map<number, Entry>();
  readonly #limit: number;
  readonly #source: TaskSource;
  /** What `take` hands on next, in order; a thread number that was given away meanwhile stands there twice. */
  #records: TaskRecord[] = [];
  readonly #recorded = new Set<number>();
  /** Processes that began a program in this pass, with the time. */
  readonly #executed = new Map<number, number>();

  constructor(limit = 8192, source: TaskSource = procSource) {
    this.#limit = limit;
    this.#source = source;
  }

  get size(): number {
    return this.#entries.size;
  }

  opened(tid: number, time: number): void {
    if (this.#recorded.has(tid)) return;
    let entry = this.#entries.get(tid);
    if (entry === undefined || !entry.complete) {
      const process = this.#lookUp(tid, time);
      if (process) entry = { process, complete: true };
      // Asked in vain once is enough: a task that is gone stays gone.
      else if (entry) entry.complete = true;
      if (entry === undefined) return;
    }
    this.#put(tid, entry);
    this.#recorded.add(tid);
    this.#records.push({ tid, process: entry.process });
  }

  forked(child: number, comm: string): void {
    this.exited(child);
    this.#put(child, { process: { pid: child, comm: printable(comm) }, complete: false });
  }

  executed(tid: number, previousTid: number, filename: string, time: number): void {
    // A thread that execs takes over the id of its group's leader.
    this.exited(previousTid);
    this.exited(tid);
    const comm = Buffer.from(basename(filename)).subarray(0, commBytes).toString('utf8');
    this.#put(tid, { process: { pid: tid, comm: printable(comm) }, complete: false });
    if (this.#executed.size < eagerLimit) this.#executed.set(tid, time);
  }

  exited(tid: number): void {
    this.#entries.delete(tid);
    this.#executed.delete(tid);
    this.#recorded.delete(tid);
  }

  /** Forgets all tasks: after a loss of records nothing tells which of them are still what they were. */
  clear(): void {
    this.#entries.clear();
    this.#recorded.clear();
  }

  /** Looks up the processes that began a program in this pass and are still there. */
  lookAhead(): void {
    for (const [tid, time] of this.#executed) {
      const process = this.#lookUp(tid, time);
      if (process) this.#put(tid, { process, complete: true });
    }
    this.#executed.clear();
  }

  /** Returns the tasks that have opened something since the last call. */
  take(): TaskRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#recorded.clear();
    return records;
  }

  /** Returns the task as it was at `time`, or undefined when it is gone or its number has been given to another. */
  #lookUp(tid: number, time: number): Process | undefined {
    const start = this.#source.startOf(tid);
    if (start === undefined || start > time + startSlackMs) return undefined;
    return this.#source.readProcess(tid);
  }

  #put(tid: number, entry: Entry): void {
    this.#entries.delete(tid);
    this.#entries.set(tid, entry);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
