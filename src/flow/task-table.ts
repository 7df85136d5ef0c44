import type { Process } from './flow.ts';

/**
 * Which process a thread belongs to. What the sensor looked up counts most; a task that it could not look up any more
 * (forked, connected and gone) is described by its parent, whose image it ran, until it executes another program.
 */
export class TaskTable {
  readonly #capacity: number;
  readonly #known = new Map<number, Process>();
  readonly #inherited = new Map<number, Process>();
  #evicted = 0;

  /** Holds at most `capacity` looked-up and as many inherited tasks; the oldest goes first. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of tasks held. */
  get size(): number {
    return this.#known.size + this.#inherited.size;
  }

  /** Tasks dropped because the table was full. */
  get evicted(): number {
    return this.#evicted;
  }

  /** The process of thread `tid`, or undefined. */
  get(tid: number): Process | undefined {
    return this.#known.get(tid) ?? this.#inherited.get(tid);
  }

  /** Takes over what the sensor has looked up. */
  set(tid: number, process: Process): void {
    this.#put(this.#known, tid, process);
    this.#inherited.delete(tid);
  }

  forked(parent: number, child: number): void {
    if (this.#known.has(child)) return;
    const process = this.get(parent);
    if (process !== undefined) this.#put(this.#inherited, child, { ...process, pid: child });
  }

  executed(tid: number): void {
    this.#inherited.delete(tid);
  }

  exited(tid: number): void {
    this.#known.delete(tid);
    this.#inherited.delete(tid);
  }

  #put(tasks: Map<number, Process>, tid: number, process: Process): void {
    tasks.delete(tid);
    if (tasks.size >= this.#capacity) {
      const oldest = tasks.keys().next().value;
      if (oldest !== undefined) tasks.delete(oldest);
      this.#evicted++;
    }
    tasks.set(tid, process);
  }
}
