import { Worker } from 'node:worker_threads';
import type { MoveJob, MoveResult, MoveSetup } from './move-thread/messages.ts';
import { WriteTurn } from './write-turn.ts';

/** A thread takes some memory, and at a quiet site there is nothing to move for hours: it ends when it was idle for so long, ms. */
const idleTime = 20_000;

/** Merging holds the texts of as many flows as one file may have. */
const workerLimits = { maxOldGenerationSizeMb: 384 };

/** How long closing waits for a transaction of the thread, ms. */
const closePatience = 10_000;

/** Does the work of a FlowMover in a thread that is there while there is something to do. */
export class MoveThread {
  readonly turn = new WriteTurn();
  readonly #setup: MoveSetup;
  readonly #done: (result: MoveResult) => void;
  readonly #idleTime: number;
  #worker: Worker | undefined;
  #busy = false;
  #idle: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `done` is told what became of each piece of work. */
  constructor(setup: Omit<MoveSetup, 'turn'>, done: (result: MoveResult) => void, idle = idleTime) {
    this.#idleTime = idle;
    this.#setup = { ...setup, turn: this.turn.shared };
    this.#done = done;
  }

  /** True while there is work under way. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Begins a piece of work; to be called when it is not busy. */
  run(job: MoveJob): void {
    if (this.#stopped) return;
    clearTimeout(this.#idle);
    this.#busy = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage(job);
  }

  /**
   * Ends the thread. When this has returned, it changes nothing in the database any more; when the promise is fulfilled, nothing at all.
   * What it was at is done anew by the next store.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#idle);
    this.turn.close(closePatience);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./move-thread/worker.ts', import.meta.url), {
      workerData: this.#setup,
      execArgv: [],
      resourceLimits: workerLimits,
    });
    // A process that wants to end need not wait for it.
    worker.unref();
    let failure = 'it ended unexpectedly';
    worker.on('message', (result: MoveResult) => this.#finished(result));
    worker.on('error', (error: Error) => {
      failure = error.message;
    });
    worker.on('exit', () => this.#ended(worker, failure));
    return worker;
  }

  #finished(result: MoveResult): void {
    if (this.#stopped) return;
    this.#busy = false;
    this.#idle = setTimeout(() => this.#rest(), this.#idleTime).unref();
    this.#done(result);
  }

  #rest(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ended(worker: Worker, failure: string): void {
    if (this.#worker !== worker || this.#stopped) return;
    this.#worker = undefined;
    if (!this.#busy) return;
    // It may have had the turn.
    this.turn.give();
    this.#finished({
      type: 'failed',
      message: `the thread that moves flows failed: ${failure}`,
      corrupt: false,
    });
  }
}
